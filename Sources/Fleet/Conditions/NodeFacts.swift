package import Wire

/// What can be asked of a node in a ``Condition``.
package enum NodeAttribute: String, Sendable, CaseIterable {
    case name, group, tag, mac, address, uuid, state, image
    /// Who is logged in.
    case user
    case vendor, product, serial, board, firmware, processor, driver, card, pci, usb, disk, gpu, monitor
    /// `bios` or `uefi`.
    case firmwareKind = "firmware-kind"
    /// `on` or `off`.
    case secureBoot = "secure-boot"
    /// Whether a TPM was found: `yes` or `no`.
    case tpm
    /// In MiB where no unit is named.
    case memory
    case processors

    var isNumber: Bool { self == .memory || self == .processors }

    /// Whether it is a fact of hardware and place alone, which settings may depend on.
    package var isLasting: Bool { ![.state, .image, .address, .user].contains(self) }
}

/// Everything that a ``Condition`` can know of one node.
package struct NodeFacts: Sendable {
    package var name: String
    package var group: GroupPath
    package var tags: [String]
    package var macAddresses: [MACAddress]
    package var uuid: MachineUUID?
    package var addresses: [IPv4Address]
    package var hardware: Hardware?
    /// `ready`, `at kernel`, `failed: …`.
    package var state: String
    /// What its setting `image` says.
    package var image: String
    /// Names of those who are logged in.
    package var users: [String]

    package init(_ node: Node, hardware: Hardware?) {
        name = node.name.text
        group = node.group
        tags = node.tags
        macAddresses = node.macAddresses
        uuid = node.uuid
        addresses = node.address.map { [$0] } ?? []
        self.hardware = hardware
        state = ""
        image = ""
        users = []
    }

    /// All values of an attribute; none when it is not known.
    func values(of attribute: NodeAttribute) -> [ConditionValue] {
        switch attribute {
        case .memory: return hardware.map { [.number($0.memoryMebibytes)] } ?? []
        case .processors: return hardware.map { [.number($0.processorCount)] } ?? []
        // A group contains what lies below it: `group = /school` holds in /school/room-12.
        case .group: return group.lineage.map { .text($0.description) }
        default: return texts(of: attribute).filter { !$0.isEmpty }.map { .text($0) }
        }
    }

    private func texts(of attribute: NodeAttribute) -> [String] {
        switch attribute {
        case .name: [name]
        case .tag: tags
        case .mac: macAddresses.map(\.description)
        case .address: addresses.map(\.description)
        case .uuid: uuid.map { [$0.description] } ?? []
        case .state: [state]
        case .image: [image]
        case .user: users
        default: hardware.map { Self.texts(of: attribute, in: $0) } ?? []
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

    /// Whether `word`, in lower case, stands in what people look for: names, places, addresses, makers, serial numbers.
    func mentions(_ word: String) -> Bool {
        if name.holds(word) || group.description.holds(word) { return true }
        if tags.contains(where: { $0.holds(word) }) { return true }
        if macAddresses.contains(where: { $0.description.holds(word) }) { return true }
        if addresses.contains(where: { $0.description.hasPrefix(word) }) { return true }
        guard let hardware else { return false }
        return [hardware.vendor, hardware.product, hardware.serial, hardware.processor].contains {
            $0.lowercased().holds(word)
        }
    }
}

extension String {
    /// Whether `word` stands in it, byte by byte: to compare characters takes many times as long, for each of 10,000 nodes.
    fileprivate func holds(_ word: String) -> Bool {
        let (text, word) = (utf8Span.span, word.utf8Span.span)
        guard text.count >= word.count else { return false }
        for start in 0...(text.count - word.count) {
            var length = 0
            while length < word.count, text[start + length] == word[length] { length += 1 }
            if length == word.count { return true }
        }
        return false
    }
}
