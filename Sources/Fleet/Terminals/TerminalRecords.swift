import Wire

extension FleetEdit {
    /// - Parameter server: nil removes it.
    package static func terminal(_ name: TerminalName, _ server: TerminalServer?) -> Self {
        Self(name, server)
    }

    /// - Parameter pool: nil removes it.
    package static func pool(_ name: PoolName, _ pool: TerminalPool?) -> Self { Self(name, pool) }
}

/// Terminal servers and their pools: nouns of the configuration.
package struct TerminalRecords: Sendable {
    package var servers: [TerminalName: TerminalServer] = [:]
    package var pools: [PoolName: TerminalPool] = [:]
    /// The directory of people that is kept here.
    package var accounts: [LogInName: DirectoryAccount] = [:]
}

extension TerminalServer: GroupedRecord, ListedRecord {
    package static let kind = "terminal-server"
    package static let countLimit = 10_000

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [TerminalName: Self]> {
        \.terminals.servers
    }
    package var key: TerminalName { name }

    package static func checked(
        _ change: RecordChange<Self>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Self? {
        try change.requireSomething(in: draft)
        guard var server = change.after else { return nil }
        server.name = change.key
        guard (1...253).contains(server.address.utf8.count),
            server.address.wholeMatch(of: /[A-Za-z0-9]([A-Za-z0-9.:_-]*[A-Za-z0-9])?/) != nil,
            server.address == draft.terminals.servers[change.key]?.address
                || TerminalWords.isAddress(server.address)
        else { throw InvalidSetting("address: ‘\(server.address)’ is not a host name or an address") }
        guard !server.ports.isEmpty else {
            throw InvalidSetting("a terminal server needs at least one protocol: rdp, ssh, x2go or vnc")
        }
        for (name, port) in server.ports where !(1...65_535).contains(port) {
            throw InvalidSetting("port of \(name.rawValue): \(port) is not 1 to 65535")
        }
        guard server.weight.isFinite, (0.01...100).contains(server.weight) else {
            throw InvalidSetting("weight: \(server.weight) is not 0.01 to 100")
        }
        if let limit = server.sessionLimit, !(1...100_000).contains(limit) {
            throw InvalidSetting("session limit: \(limit) is not 1 to 100000")
        }
        server.tags = try TerminalWords.checked(server.tags, "tags")
        try TerminalWords.require(server.release, "release")
        if let certificate = server.certificate {
            let digits = certificate.filter { $0 != ":" }.lowercased()
            guard digits.utf8.count == 64, digits.allSatisfy(\.isHexDigit) else {
                throw InvalidSetting(
                    "certificate: ‘\(certificate)’ is not a SHA-256: 64 hexadecimal digits, with or without colons"
                )
            }
            server.certificate = digits
        }
        return server
    }

    package static func check(_ key: TerminalName, in contents: FleetSnapshot.Contents) throws {
        guard let server = contents.terminals.servers[key] else {
            let user = contents.terminals.pools.values.first {
                $0.levels.contains { $0.servers.contains(key) }
            }
            guard let user else { return }
            throw StoreError.conflict("terminal server \(key) is in pool \(user.name)")
        }
        try contents.require(server.group)
    }

    package static func check(
        all changed: [TerminalName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let (servers, former) = (snapshot.contents.terminals.servers, before.contents.terminals.servers)
        guard servers.count <= max(countLimit, former.count) else {
            throw StoreError.conflict("there are \(countLimit) terminal servers; remove some first")
        }
        // Only for what a change names: a node that goes later leaves a server that is none.
        for server in changed.compactMap({ servers[$0] }) {
            guard let node = server.node, former[server.name]?.node != node else { continue }
            guard snapshot.nodes[node] != nil else { throw StoreError.notFound("there is no node \(node)") }
            if let other = servers.values.first(where: { $0.node == node && $0.name != server.name }) {
                throw StoreError.conflict("node \(node) is terminal server \(other.name) already")
            }
        }
    }

    package static func summary(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> String {
        let before = snapshot.contents.terminals.servers[change.key]
        let act =
            switch (before, change.after) {
            case (_, nil): "removed"
            case (nil, _?): "added"
            case (let before?, let after?) where before.admission != after.admission:
                switch after.admission {
                case .open: "takes log-ins again"
                case .draining: after.restartsWhenEmpty ? "drains, and restarts when it is empty" : "drains"
                case .maintenance: "is in maintenance"
                }
            default: "changed"
            }
        return "terminal server \(change.key) \(act)"
    }

    package static func missing(_ key: TerminalName) -> Sentence {
        "there is no terminal server \(key) (roost server list shows all)"
    }

    package static func existing(_ key: TerminalName) -> Sentence {
        "terminal server \(key) already exists; use roost server set to change it"
    }
}

extension TerminalPool: GroupedRecord, ListedRecord {
    package static let kind = "pool"
    package static let levelLimit = 16
    package static let countLimit = 1_000

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [PoolName: Self]> {
        \.terminals.pools
    }
    package var key: PoolName { name }

    package static func checked(
        _ change: RecordChange<Self>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Self? {
        try change.requireSomething(in: draft)
        guard var pool = change.after else { return nil }
        pool.name = change.key
        guard pool.levels.count <= levelLimit else {
            throw InvalidSetting("a pool has at most \(levelLimit) levels")
        }
        guard !pool.protocols.isEmpty else {
            throw InvalidSetting("a pool needs at least one protocol: rdp, ssh, x2go or vnc")
        }
        for index in pool.levels.indices {
            pool.levels[index].tags = try TerminalWords.checked(pool.levels[index].tags, "tags")
        }
        pool.users = try TerminalWords.checkedNames(pool.users, "users")
        pool.groups = try TerminalWords.checkedNames(pool.groups, "groups")
        try TerminalWords.require(pool.release, "release")
        for minutes in [pool.idleMinutes, pool.disconnectedMinutes].compactMap(\.self)
        where !(1...525_600).contains(minutes) {
            throw InvalidSetting("\(minutes) minutes: a limit is 1 to 525600 minutes")
        }
        if let rule = pool.rule { try LoadVariable.check(rule) }
        if let broker = pool.broker {
            // The first packet has it in clear, on a line of its own.
            guard (1...200).contains(broker.utf8.count), broker.utf8.allSatisfy({ (32...126).contains($0) })
            else { throw InvalidSetting("broker: 1 to 200 plain characters on one line") }
        }
        return pool
    }

    package static func check(_ key: PoolName, in contents: FleetSnapshot.Contents) throws {
        let all = contents.terminals
        guard let pool = all.pools[key] else {
            let user = all.pools.values.first { $0.levels.contains { $0.pools.contains(key) } }
            guard let user else { return }
            throw StoreError.conflict("pool \(key) is a level of pool \(user.name)")
        }
        try contents.require(pool.group)
        for level in pool.levels {
            if let name = level.servers.first(where: { all.servers[$0] == nil }) {
                throw StoreError.notFound(TerminalServer.missing(name))
            }
            if let name = level.pools.first(where: { all.pools[$0] == nil }) {
                throw StoreError.notFound(TerminalPool.missing(name))
            }
        }
        if pool.contains(key, in: all) {
            throw StoreError.conflict("pool \(key) contains itself")
        }
    }

    /// Whether a pool is among the levels of this one, at any depth.
    private func contains(_ wanted: PoolName, in all: TerminalRecords) -> Bool {
        var (seen, next): (Set<PoolName>, [PoolName]) = ([], levels.flatMap(\.pools))
        while let name = next.popLast() {
            if name == wanted { return true }
            if seen.insert(name).inserted { next += all.pools[name]?.levels.flatMap(\.pools) ?? [] }
        }
        return false
    }

    package static func check(
        all changed: [PoolName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let limit = max(countLimit, before.contents.terminals.pools.count)
        guard snapshot.contents.terminals.pools.count <= limit else {
            throw StoreError.conflict("there are \(countLimit) pools; remove some first")
        }
        for name in changed {
            guard let gone = before.contents.terminals.pools[name],
                snapshot.contents.terminals.pools[name] == nil
            else { continue }
            let uses = snapshot.contents.uses(of: Settings.pool) { $0 == name }
            guard !uses.isEmpty else { continue }
            // Those who may remove it may not see all of them.
            let shown = uses.first { gone.group.contains($0.group) }
            let place = shown.map { uses.count > 1 ? "\($0.origin), and \(uses.count - 1) more" : $0.origin }
            let outside: Sentence = "nodes outside \(gone.group)"
            throw StoreError.conflict(
                "pool \(name) is in the setting \(Settings.pool.name) of \(place ?? outside): change that first"
            )
        }
    }

    package static func missing(_ key: PoolName) -> Sentence {
        "there is no pool \(key) (roost pool list shows all)"
    }

    package static func existing(_ key: PoolName) -> Sentence {
        "pool \(key) already exists; use roost pool set to change it"
    }
}

extension TerminalPool {
    /// The servers of each level, those of other pools in the place of the pool. Each is there once, at its first place.
    ///
    /// The levels of a pool within a level are filled together: only the order of this pool's own levels counts.
    package func servers(of all: TerminalRecords) -> [[TerminalName]] {
        var seen: Set<TerminalName> = []
        return levels.map { level in
            level.names(in: all).filter { seen.insert($0).inserted }
        }
    }
}

extension TerminalPool.Level {
    fileprivate func names(in all: TerminalRecords) -> [TerminalName] {
        var names = servers
        if !tags.isEmpty {
            let wanted = Set(tags)
            names += all.servers.values.filter { $0.tags.contains(where: wanted.contains) }.map(\.name)
                .sorted()
        }
        var (seen, next): (Set<PoolName>, [PoolName]) = ([], pools.reversed())
        while let name = next.popLast() {
            guard seen.insert(name).inserted, let pool = all.pools[name] else { continue }
            for level in pool.levels {
                names += Self(servers: level.servers, tags: level.tags).names(in: all)
                next += level.pools.reversed()
            }
        }
        return names
    }
}

/// What names, tags and groups of these records may be.
enum TerminalWords {
    static func checked(_ words: [String], _ member: String) throws -> [String] {
        for word in words { try require(word, member) }
        guard words.count <= 64 else { throw InvalidSetting("\(member): at most 64") }
        return Array(Set(words)).sorted()
    }

    /// An IP address, or a name whose last part is no number (RFC 1123 §2.1).
    static func isAddress(_ text: String) -> Bool {
        IPAddress(text) != nil
            || DomainWord.isDomain(text) && text.split(separator: ".").last?.allSatisfy(\.isNumber) == false
    }

    /// Names of people and of their groups, as directories have them: nothing that a line, a shell or a path would take for its own.
    static func checkedNames(_ names: [String], _ member: String) throws -> [String] {
        for name in names {
            guard (1...128).contains(name.utf8.count),
                !name.unicodeScalars.contains(where: {
                    $0.value < 32 || $0.value == 127 || "/:\\\"'`$;&|<>\n".unicodeScalars.contains($0)
                })
            else { throw InvalidSetting("\(member): ‘\(name)’ is not a name") }
        }
        guard names.count <= 1_000 else { throw InvalidSetting("\(member): at most 1000") }
        return Array(Set(names)).sorted()
    }

    static func require(_ word: String?, _ member: String) throws {
        guard let word else { return }
        guard word.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9._-]{0,63}/) != nil else {
            throw InvalidSetting(
                "\(member): ‘\(word)’ is not 1 to 64 letters, digits, dots, hyphens and underscores")
        }
    }
}

extension TerminalServer: DeclaredForm {
    package typealias Record = TerminalServer
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let (member, keyMember) = ("terminalServers", "name")
    package static let audience = DeclaredAudience.group
}

extension TerminalPool: DeclaredForm {
    package typealias Record = TerminalPool
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let (member, keyMember) = ("pools", "name")
    package static let audience = DeclaredAudience.group
}
