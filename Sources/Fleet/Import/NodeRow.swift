import Wire

/// The contents of one row: only the given cells.
struct NodeRow: Equatable {
    /// An empty cell changes nothing; `-` removes the present value.
    enum Wish<Value: Equatable>: Equatable {
        case keep, clear
        case value(Value)

        /// The new value for `old`.
        func applied(to old: Value?) -> Value? {
            switch self {
            case .keep: old
            case .clear: nil
            case .value(let value): value
            }
        }
    }

    var name: NodeName?
    var macAddresses = Wish<[MACAddress]>.keep
    var uuid = Wish<MachineUUID>.keep
    var group = Wish<GroupPath>.keep
    var address = Wish<IPv4Address>.keep
    var tags = Wish<[String]>.keep
    var settings: [String: Wish<SettingValue>] = [:]

    /// - Parameters:
    ///   - cells: missing cells count as empty.
    ///   - columns: nil for a column that is not used.
    init(_ cells: [String], columns: [NodeColumn?]) throws {
        for (cell, column) in zip(cells, columns) {
            guard let column, !cell.isEmpty else { continue }
            let cell = column.isForComputers ? Self.withoutTypography(cell) : cell
            switch column {
            case .name: name = try Self.name(cell)
            case .macAddresses:
                let wish = try Self.wish(cell, Self.macAddresses)
                switch (macAddresses, wish) {
                case (.value(let known), .value(let more)):
                    macAddresses = .value(known + more.filter { !known.contains($0) })
                case (.value, .clear): break
                default: macAddresses = wish
                }
            case .uuid:
                uuid = try Self.wish(cell) { text in
                    guard let uuid = MachineUUID(text) else {
                        throw InvalidSetting("‘\(text)’ is not a UUID")
                    }
                    return uuid
                }
            case .group: group = try Self.wish(cell, Self.group)
            case .address: address = try Self.wish(cell, Self.address)
            case .tags:
                tags = try Self.wish(cell) { $0.split(whereSeparator: \.separatesWords).map(String.init) }
            case .setting(let definition):
                settings[definition.name] = try Self.wish(cell) { try definition.value(fromText: $0) }
            }
        }
    }

    private static func wish<Value>(_ cell: String, _ parse: (String) throws -> Value) throws -> Wish<Value> {
        cell == "-" ? .clear : .value(try parse(cell))
    }

    /// Without what word processors make of hyphens, quotation marks and letters.
    private static func withoutTypography(_ cell: String) -> String {
        var text = String(
            String.UnicodeScalarView(
                cell.unicodeScalars.map { scalar in
                    switch scalar.value {
                    case 0x2010...0x2015, 0x2212, 0xFE58, 0xFE63: "-"
                    // Full-width forms of ASCII, as Asian input methods write them.
                    case 0xFF01...0xFF5E: Unicode.Scalar(UInt8(scalar.value - 0xFEE0))
                    default: scalar
                    }
                }))[...]
        while let first = text.first, first.isCurlyQuote { text.removeFirst() }
        while let last = text.last, last.isCurlyQuote { text.removeLast() }
        return text.isEmpty ? cell : String(text)
    }

    /// The host part of a full name.
    private static func name(_ cell: String) throws -> NodeName {
        let labels = cell.split(separator: ".", omittingEmptySubsequences: false)
        do {
            return try NodeName(labels.count > 1 ? String(labels[0]) : cell)
        } catch {
            guard MACAddress(cell) == nil else {
                throw InvalidSetting(
                    "‘\(cell)’ is a hardware address, where a name is expected: without titles the columns are name, mac, group, address, tags"
                )
            }
            throw error
        }
    }

    /// With a leading slash, and in lower case.
    private static func group(_ cell: String) throws -> GroupPath {
        var text = cell.lowercased().split(separator: "/").joined(separator: "/")
        text = "/" + text
        return try GroupPath(text)
    }

    private static func address(_ cell: String) throws -> IPv4Address {
        // Address management tools append the prefix length.
        let parts = cell.split(separator: "/", omittingEmptySubsequences: false)
        let hasLength = parts.count == 2 && (1...32).contains(Int(parts[1]) ?? 0)
        guard let address = IPv4Address(hasLength ? String(parts[0]) : cell) else {
            throw InvalidSetting("‘\(cell)’ is not an IPv4 address")
        }
        return address
    }

    private static func macAddresses(_ cell: String) throws -> [MACAddress] {
        if let mac = MACAddress(cell) { return [mac] }
        return try cell.split(whereSeparator: \.separatesWords).map { word in
            guard let mac = MACAddress(word) else {
                throw InvalidSetting(
                    isHarmed(cell)
                        ? "‘\(word)’ is not a hardware address: the spreadsheet turned it into a number; format the column as text, and enter it again"
                        : "‘\(word)’ is not a hardware address (52:54:00:12:34:56)")
            }
            return mac
        }
    }

    /// Damage by spreadsheets to addresses that look like numbers.
    private static func isHarmed(_ text: String) -> Bool {
        let isPower = text.contains("E+") || text.contains("e+")
        let isShort =
            (6..<12).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        return isPower || isShort
    }

    /// `node` with the row's contents.
    func applied(to node: Node) -> Node {
        var node = node
        node.macAddresses = macAddresses.applied(to: node.macAddresses) ?? []
        node.uuid = uuid.applied(to: node.uuid)
        node.group = group.applied(to: node.group) ?? .site
        node.address = address.applied(to: node.address)
        node.tags = tags.applied(to: node.tags) ?? []
        for (name, wish) in settings { node.settings[name] = wish.applied(to: node.settings[name]) }
        return node
    }
}

extension Character {
    fileprivate var separatesWords: Bool { isWhitespace || ",;|".contains(self) }

    /// Of any language; of the plain ones, the reader of the list has taken care.
    fileprivate var isCurlyQuote: Bool {
        "\u{201C}\u{201D}\u{201E}\u{201F}\u{2018}\u{2019}\u{201A}\u{201B}\u{AB}\u{BB}".contains(self)
    }
}

extension NodeColumn {
    /// Whether its cells are names and numbers, and no text of people.
    fileprivate var isForComputers: Bool {
        switch self {
        case .name, .macAddresses, .uuid, .group, .address: true
        case .tags, .setting: false
        }
    }
}
