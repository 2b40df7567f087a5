package import Wire

/// The beginning of hardware addresses: `52:54:00:*`, or a whole address.
package struct MACPattern: WrittenAsText {
    package static let form = "the beginning of a hardware address (52:54:00:*)"

    private let bits: UInt64
    private let mask: UInt64
    /// As it was written.
    package let description: String

    /// Whole bytes separated by `:` or `-`, then `*`; or all six.
    package init?(_ text: String) {
        let isOpen = text.hasSuffix("*")
        let bytes = (isOpen ? text.dropLast() : text[...]).split { $0 == ":" || $0 == "-" }
        guard (1...6).contains(bytes.count), isOpen != (bytes.count == 6) else { return nil }
        var value: UInt64 = 0
        for byte in bytes {
            guard byte.count == 2, byte.allSatisfy(\.isHexDigit), let number = UInt64(byte, radix: 16) else {
                return nil
            }
            value = value << 8 | number
        }
        description = text
        let open = UInt64(8 * (6 - bytes.count))
        bits = value << open
        mask = (0xFFFF_FFFF_FFFF >> open) << open
    }

    func fits(_ address: MACAddress) -> Bool { address.rawValue & mask == bits }
}

/// Machines that get another loader first than their architecture's. It fits who fits all that it names.
package struct LoaderRule: Equatable, Sendable, Codable {
    package var name: RuleName
    /// Of two rules that fit, the one with the higher number counts; at the same number, the earlier name.
    package var priority: Int
    package var macPattern: MACPattern?
    package var architecture: ClientArchitecture?
    /// The prefix of option 60.
    package var vendorClass: String?
    /// The loader file.
    package var loader: String

    package init(
        name: RuleName, priority: Int = 0, macPattern: MACPattern? = nil,
        architecture: ClientArchitecture? = nil, vendorClass: String? = nil, loader: String
    ) {
        self.name = name
        self.priority = priority
        self.macPattern = macPattern
        self.architecture = architecture
        self.vendorClass = vendorClass
        self.loader = loader
    }

    private enum CodingKeys: String, CodingKey {
        case name, priority, architecture, vendorClass, loader
        case macPattern = "mac"
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(RuleName.self, forKey: .name)
        priority = try fields.decodeIfPresent(Int.self, forKey: .priority) ?? 0
        macPattern = try fields.decodeIfPresent(MACPattern.self, forKey: .macPattern)
        architecture = try fields.decodeIfPresent(UInt16.self, forKey: .architecture)
            .map(ClientArchitecture.init)
        vendorClass = try fields.decodeIfPresent(String.self, forKey: .vendorClass)
        loader = try fields.decode(String.self, forKey: .loader)
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(priority, forKey: .priority)
        try fields.encodeIfPresent(macPattern, forKey: .macPattern)
        try fields.encodeIfPresent(architecture?.rawValue, forKey: .architecture)
        try fields.encodeIfPresent(vendorClass, forKey: .vendorClass)
        try fields.encode(loader, forKey: .loader)
    }

    func fits(_ client: BootClient) -> Bool {
        if let macPattern, client.macAddress.map(macPattern.fits) != true { return false }
        if let architecture, client.architecture != architecture { return false }
        if let vendorClass, !client.vendorClass.hasPrefix(vendorClass) { return false }
        return true
    }

    /// A loader that is not on the server.
    func problem(on host: ServingHost) -> DHCPSettingsProblem? {
        guard let loaders = host.loaders, !loaders.contains(loader) else { return nil }
        return DHCPSettingsProblem(
            "loader rule \(name) names \(loader), which is not on this server", isFatal: false,
            fix: "copy it there, and add it to ‘loaders’ in roost.yaml")
    }
}

extension FleetEdit {
    /// - Parameter rule: nil removes it.
    package static func loaderRule(_ name: RuleName, _ rule: LoaderRule?) -> Self { Self(name, rule) }
}

extension LoaderRule: TableRecord, ListedRecord {
    package static let kind = "loader-rule"

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [RuleName: Self]> {
        \.network.loaderRules
    }
    package var key: RuleName { name }

    package static func checked(
        _ change: RecordChange<LoaderRule>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> LoaderRule? {
        try change.requireSomething(in: draft)
        guard var rule = change.after else { return nil }
        rule.name = change.key
        let stored = draft.network.loaderRules[change.key]
        if !change.isOld { try RulePriority.check(rule.priority, since: stored?.priority) }
        if rule.vendorClass?.isEmpty == true { rule.vendorClass = nil }
        guard rule.macPattern != nil || rule.architecture != nil || rule.vendorClass != nil else {
            throw InvalidSetting(
                "a loader rule needs at least one of mac, architecture and vendorClass; for all machines, use the setting loader"
            )
        }
        do {
            guard try SettingLengths.loader(rule.loader) != nil else {
                throw InvalidSetting("loader: a file's name is required")
            }
        } catch let error as SettingLengths.TooLong { throw InvalidSetting("loader: \(error)") }
        return rule
    }

    package static func missing(_ key: RuleName) -> Sentence {
        "there is no loader rule \(key) (roost loader-rule list shows all)"
    }

    package static func existing(_ key: RuleName) -> Sentence {
        "loader rule \(key) already exists; use roost loader-rule add --replace to change it"
    }
}

extension LoaderRule: DeclaredForm {
    package typealias Record = LoaderRule
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let (member, keyMember) = ("loaderRules", "name")
}
