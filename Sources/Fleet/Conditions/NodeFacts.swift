import Wire

/// The attributes of a node in a ``Condition``.
package enum NodeAttribute: String, Sendable, CaseIterable {
    case name, group, tag, mac, address, uuid, state, image
    /// The version of its last boot: `debian`, `debian@7`.
    case booted
    /// The version that it boots next: `debian`, `debian@7`; no value while it gets none.
    case next
    /// Whether it runs a different version from its next boot's: `yes` or `no`; no value while it is not up.
    case outdated
    /// The users who are logged in.
    case user
    case vendor, product, serial, board, firmware, processor, driver, card, pci, usb, disk, gpu, monitor
    /// `bios` or `uefi`.
    case firmwareKind = "firmware-kind"
    /// `on` or `off`.
    case secureBoot = "secure-boot"
    /// Whether a TPM was found: `yes` or `no`.
    case tpm
    /// In MiB when no unit is given.
    case memory
    case processors

    var isNumber: Bool { self == .memory || self == .processors }

    /// Whether no value of it has a star or a question mark in it.
    var isPlain: Bool { [.name, .group, .tag, .mac, .address, .uuid].contains(self) }

    /// Whether it depends only on hardware and place: settings may depend on it.
    package var isLasting: Bool {
        ![.state, .image, .booted, .next, .outdated, .address, .user].contains(self)
    }
}

/// The facts about one node for evaluating a ``Condition``.
package struct NodeFacts: Sendable {
    private let node: Node
    private let hardware: SharedHardware?
    /// Live facts, queried only when a condition needs them: a search visits every node.
    private let living: (@Sendable (LivingAttribute) -> [String])?

    /// Facts that change while the node runs.
    package enum LivingAttribute: Sendable {
        /// An address besides the one in its record.
        case address
        /// Cards that it was seen with, besides those in its record. Rules do not use them: a neighbour could claim anything.
        case card
        /// Its ``MachineState``; where its boot is: `at kernel`, `failed: …`; and `held`.
        case state
        /// Its setting `image`, and the image's name.
        case image
        /// From its last boot: image and number, and the image's name.
        case booted
        /// Of its next boot: image and number, and the image's name.
        case next
        /// `yes` or `no`.
        case outdated
        /// Names of the logged-in users.
        case user
    }

    package init(
        _ node: Node, hardware: SharedHardware?, living: (@Sendable (LivingAttribute) -> [String])? = nil
    ) {
        self.node = node
        self.hardware = hardware
        self.living = living
    }

    var name: String { node.name.text }

    private var cards: [String] { node.macAddresses.map(\.description) + (living?(.card) ?? []) }

    private var addresses: [String] {
        (node.address.map { [$0.description] } ?? []) + (living?(.address) ?? [])
    }

    /// All values of an attribute; none when unknown.
    func values(of attribute: NodeAttribute) -> [ConditionValue] {
        switch attribute {
        case .memory: return hardware.map { [.number($0.report.memoryMebibytes)] } ?? []
        case .processors: return hardware.map { [.number($0.report.processorCount)] } ?? []
        // A group contains what lies below it: `group = /school` holds in /school/room-12.
        case .group: return node.group.lineage.map { .text($0.description) }
        default: return texts(of: attribute).filter { !$0.isEmpty }.map { .text($0) }
        }
    }

    private func texts(of attribute: NodeAttribute) -> [String] {
        switch attribute {
        case .name: [name]
        case .tag: node.tags
        case .mac: cards
        case .address: addresses
        case .uuid: node.uuid.map { [$0.description] } ?? []
        case .state: living?(.state) ?? []
        case .image: living?(.image) ?? []
        case .booted: living?(.booted) ?? []
        case .next: living?(.next) ?? []
        case .outdated: living?(.outdated) ?? []
        case .user: living?(.user) ?? []
        default: hardware.map { Self.texts(of: attribute, in: $0.report) } ?? []
        }
    }

    private static func texts(of attribute: NodeAttribute, in hardware: Hardware) -> [String] {
        switch attribute {
        case .vendor: [hardware.vendor]
        case .product: [hardware.product]
        case .serial: [hardware.serial]
        case .board: [hardware.board]
        case .firmware: [hardware.firmware]
        case .firmwareKind: [hardware.firmwareKind]
        case .secureBoot: [hardware.isSecureBootOn ? "on" : "off"]
        case .processor: [hardware.processor]
        case .driver: hardware.cards.map(\.driver)
        case .card: hardware.cards.map(\.macAddress)
        case .tpm: [hardware.tpm.isEmpty ? "no" : "yes"]
        case .pci: hardware.pci.map { "\($0.id) \($0.name)" }
        case .usb: hardware.usb.map { "\($0.id) \($0.name)" }
        case .gpu: hardware.graphics
        case .disk: hardware.disks.map(\.model)
        case .monitor: hardware.monitors.map(\.name)
        default: []
        }
    }

    /// Whether `word`, in lower case, occurs in the searchable text: names, places, addresses, makers, serial numbers.
    func mentions(_ word: String) -> Bool {
        if name.holds(word) || node.tags.contains(where: { $0.holds(word) }) { return true }
        if node.group.parts.contains(where: { $0.holds(word) }) { return true }
        if word.utf8.contains(UInt8(ascii: "/")), node.group.description.holds(word) { return true }
        // Formatting addresses takes longer than everything else, and most words cannot occur in one.
        if word.utf8.allSatisfy(\.isOfHardwareAddress), cards.contains(where: { $0.holds(word) }) {
            return true
        }
        if word.utf8.allSatisfy(\.isOfAddress), addresses.contains(where: { $0.hasPrefix(word) }) {
            return true
        }
        guard let hardware = hardware?.report else { return false }
        return hardware.vendor.holds(word) || hardware.product.holds(word) || hardware.serial.holds(word)
            || hardware.processor.holds(word)
    }
}

extension UInt8 {
    fileprivate var isOfHardwareAddress: Bool {
        (0x30...0x3A).contains(self) || (0x61...0x66).contains(self)
    }

    fileprivate var isOfAddress: Bool { (0x30...0x39).contains(self) || self == 0x2E }

    fileprivate var inLowerCase: UInt8 { (0x41...0x5A).contains(self) ? self | 0x20 : self }
}

extension String {
    /// Whether `word`, in lower case, occurs in it, ignoring case.
    ///
    /// Byte by byte, which is many times faster than by characters; letters beyond ASCII have no such shortcut.
    fileprivate func holds(_ word: String) -> Bool {
        guard utf8.allSatisfy({ $0 < 0x80 }) else { return lowercased().contains(word) }
        let (text, word) = (utf8Span.span, word.utf8Span.span)
        guard text.count >= word.count else { return false }
        for start in 0...(text.count - word.count) {
            var length = 0
            while length < word.count, text[start + length].inLowerCase == word[length] { length += 1 }
            if length == word.count { return true }
        }
        return false
    }
}
