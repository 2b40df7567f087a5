import API
import Fleet
import Wire

/// What has a name, found by a part of it.
extension Acts {
    /// Something that a search found.
    struct Found: Sendable {
        enum Kind: Int, Sendable {
            case node, group, image, server, pool, account, administrator, setting
        }

        var kind: Kind
        var name: String
        /// What tells it from others: a node's group, a person's full name.
        var detail: String
        /// Of a node.
        var state: MachineState?
    }

    /// What the caller sees and whose name contains all words of `text`: exact names first, then those that begin with it.
    ///
    /// - Parameter limit: the most of each kind.
    func search(_ text: String, limit: Int) async throws -> [Found] {
        try require(.read)
        let wanted = NameSearch(text)
        guard !wanted.isEmpty else { return [] }
        let snapshot = fleet.snapshot
        let (access, terminals) = (snapshot.contents.access, snapshot.contents.terminals)
        var found = try await nodes(wanted, limit: limit, in: snapshot)
        found += wanted.best(snapshot.groups.keys.filter { caller.sees($0) }, limit: limit, \.description)
            .map { Found(kind: .group, name: $0.description, detail: "") }
        found += wanted.best(snapshot.images.keys, limit: limit, \.description)
            .map { Found(kind: .image, name: $0.description, detail: "") }
        found += wanted.best(
            terminals.servers.values.filter { caller.sees($0.group) }, limit: limit, \.name.text
        )
        .map { Found(kind: .server, name: $0.name.text, detail: $0.address) }
        found += wanted.best(
            terminals.pools.values.filter { caller.sees($0.group) }, limit: limit, \.name.text
        )
        .map { Found(kind: .pool, name: $0.name.text, detail: $0.group.description) }
        if may(.read, in: .site) {
            found += wanted.best(terminals.accounts.values, limit: limit) { "\($0.name) \($0.fullName)" }
                .map { Found(kind: .account, name: $0.name.text, detail: $0.fullName) }
            found += wanted.best(SettingDefinition.all, limit: limit, \.name)
                .map { Found(kind: .setting, name: $0.name, detail: $0.summary) }
        }
        if maySomewhere(.administer) {
            let people = access.administrators.values.filter { caller.grants.cover($0.grants) }
            found += wanted.best(people, limit: limit) { "\($0.name) \($0.fullName)" }
                .map { Found(kind: .administrator, name: $0.name, detail: $0.fullName) }
        }
        return found
    }

    private func nodes(_ wanted: NameSearch, limit: Int, in snapshot: FleetSnapshot) async throws -> [Found] {
        let names = wanted.best(snapshot.nodeOrder, limit: limit, \.text) { name in
            snapshot.nodes[name].map { caller.sees($0.group) } == true
        }
        guard !names.isEmpty else { return [] }
        let live = try await facts(in: snapshot, addressesOf: [])
        return names.compactMap { snapshot.nodes[$0] }.map { node in
            Found(
                kind: .node, name: node.name.text, detail: node.group.description,
                state: live.state(of: live.boot(of: node, in: snapshot)))
        }
    }
}

/// Words that are looked for in names.
struct NameSearch {
    /// Longer searches are cut: no name is as long.
    private static let (lengthLimit, wordLimit) = (200, 8)

    private let words: [[UInt8]]
    private let whole: [UInt8]

    var isEmpty: Bool { words.isEmpty }

    init(_ text: String) {
        let text = text.prefix(Self.lengthLimit).lowercased()
        words = text.split(whereSeparator: \.isWhitespace).prefix(Self.wordLimit).map { Array($0.utf8) }
        whole = Array(words.joined(separator: [UInt8(ascii: " ")]))
    }

    /// The best matches among `all`, in natural order where they match alike.
    ///
    /// - Parameter isSeen: asked only of matches.
    func best<Item>(
        _ all: some Sequence<Item>, limit: Int, _ name: (Item) -> String,
        isSeen: (Item) -> Bool = { _ in true }
    ) -> [Item] {
        var matches: [(item: Item, rank: Int, name: String)] = []
        for item in all {
            let name = name(item)
            if let rank = rank(of: name), isSeen(item) { matches.append((item, rank, name)) }
        }
        // Few are shown: only those are put in their order.
        let exact = (0...2).lazy.map { rank in matches.filter { $0.rank == rank } }
        var shown: [Item] = []
        for alike in exact where shown.count < limit {
            let sorted = alike.map { ($0.item, $0.name.countingKey) }
                .sorted { $0.1.lexicographicallyPrecedes($1.1) }
            shown += sorted.prefix(limit - shown.count).map(\.0)
        }
        return shown
    }

    /// 0: the name itself, or the last part of a path; 1: its beginning; 2: a part of it; nil: not all words are in it.
    private func rank(of name: String) -> Int? {
        let bytes = Array(name.lowercased().utf8)
        for word in words where !Self.has(bytes, word) { return nil }
        let last = bytes.split(separator: UInt8(ascii: "/")).last ?? []
        if bytes == whole || last.elementsEqual(whole) { return 0 }
        return bytes.starts(with: whole) || last.starts(with: whole) ? 1 : 2
    }

    private static func has(_ bytes: [UInt8], _ word: [UInt8]) -> Bool {
        guard let first = word.first, bytes.count >= word.count else { return false }
        for start in 0...(bytes.count - word.count) where bytes[start] == first {
            if bytes[start..<(start + word.count)].elementsEqual(word) { return true }
        }
        return false
    }
}
