/// Terminal servers among which log-ins are placed.
package struct TerminalPool: Equatable, Sendable, Codable {
    package var name: PoolName
    /// The nodes of this group and below may use it, and its administrators are those of the pool.
    package var group: GroupPath
    /// Filled in this order: a later level takes log-ins when no earlier one has room.
    package var levels: [Level]
    /// In this order, as far as node and server have them.
    package var protocols: [SessionProtocol]
    /// Only servers of this image release, if set.
    package var release: String?
    /// Names of those who may use it; with `groups` both empty: all.
    package var users: [String]
    /// Groups of a directory whose people may use it.
    package var groups: [String]
    /// When it takes log-ins; empty: always.
    package var hours: [OpeningHours]
    package var secondLogIn: SecondLogIn
    /// Minutes without a key press after which a session is disconnected; nil: never.
    package var idleMinutes: Int?
    /// Minutes after which a disconnected session is ended; nil: never.
    package var disconnectedMinutes: Int?
    /// Sent to an RD Connection Broker, which places log-ins itself: `tsv://MS Terminal Services Plugin.1.Staff`.
    package var broker: String?
    /// How servers are compared, as LTSP-Cluster did it; nil: by the share of processors, memory and sessions that they use.
    package var rule: [LoadVariable]?

    /// Servers that are filled together.
    package struct Level: Equatable, Sendable, Codable {
        package var servers: [TerminalName]
        /// All servers with one of these tags.
        package var tags: [String]
        /// All servers of these pools.
        package var pools: [PoolName]

        package init(servers: [TerminalName] = [], tags: [String] = [], pools: [PoolName] = []) {
            self.servers = servers
            self.tags = tags
            self.pools = pools
        }
    }

    /// What happens when people log in who have a session elsewhere.
    package enum SecondLogIn: String, Sendable, Codable, CaseIterable {
        /// The session comes to where they are now, and leaves where they were.
        case takeOver = "take-over"
        /// The same, once they have agreed.
        case ask
        case refuse
        /// They get another one.
        case allow
    }

    package init(
        name: PoolName, group: GroupPath = .site, levels: [Level] = [],
        protocols: [SessionProtocol] = [.rdp], release: String? = nil, users: [String] = [],
        groups: [String] = [], hours: [OpeningHours] = [], secondLogIn: SecondLogIn = .takeOver,
        idleMinutes: Int? = nil, disconnectedMinutes: Int? = nil, broker: String? = nil,
        rule: [LoadVariable]? = nil
    ) {
        self.name = name
        self.group = group
        self.levels = levels
        self.protocols = protocols
        self.release = release
        self.users = users
        self.groups = groups
        self.hours = hours
        self.secondLogIn = secondLogIn
        self.idleMinutes = idleMinutes
        self.disconnectedMinutes = disconnectedMinutes
        self.broker = broker
        self.rule = rule
    }
}

extension TerminalPool {
    /// What is left out is as in a new one.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(name: try fields.decode(PoolName.self, forKey: .name))
        group = try fields.decodeIfPresent(GroupPath.self, forKey: .group) ?? group
        levels = try fields.decodeIfPresent([Level].self, forKey: .levels) ?? []
        protocols = try fields.decodeIfPresent([SessionProtocol].self, forKey: .protocols) ?? protocols
        release = try fields.decodeIfPresent(String.self, forKey: .release)
        users = try fields.decodeIfPresent([String].self, forKey: .users) ?? []
        groups = try fields.decodeIfPresent([String].self, forKey: .groups) ?? []
        hours = try fields.decodeIfPresent([OpeningHours].self, forKey: .hours) ?? []
        secondLogIn = try fields.decodeIfPresent(SecondLogIn.self, forKey: .secondLogIn) ?? secondLogIn
        idleMinutes = try fields.decodeIfPresent(Int.self, forKey: .idleMinutes)
        disconnectedMinutes = try fields.decodeIfPresent(Int.self, forKey: .disconnectedMinutes)
        broker = try fields.decodeIfPresent(String.self, forKey: .broker)
        rule = try fields.decodeIfPresent([LoadVariable].self, forKey: .rule)
    }
}

extension TerminalPool.Level {
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            servers: try fields.decodeIfPresent([TerminalName].self, forKey: .servers) ?? [],
            tags: try fields.decodeIfPresent([String].self, forKey: .tags) ?? [],
            pools: try fields.decodeIfPresent([PoolName].self, forKey: .pools) ?? [])
    }
}

extension TerminalPool.Level {
    /// What ``init(_:)`` reads.
    package static let form = "names of servers, tag:TAG and pool:POOL, with commas between them"

    /// As people write it, in any order; nil for another form.
    package init?(_ text: String) throws(InvalidName) {
        self.init()
        for word in text.split(whereSeparator: { $0 == "," || $0.isWhitespace }) {
            let parts = word.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            switch (parts[0], parts.count) {
            case (_, 1): servers.append(try TerminalName(word))
            case ("tag", _): tags.append(String(parts[1]))
            case ("pool", _): pools.append(try PoolName(parts[1]))
            default: return nil
            }
        }
        if servers.isEmpty, tags.isEmpty, pools.isEmpty { return nil }
    }

    /// For people: `ts-1, tag:classroom`.
    package var text: String {
        (servers.map(\.text) + tags.map { "tag:\($0)" } + pools.map { "pool:\($0)" })
            .joined(separator: ", ")
    }
}

/// The name of a pool: 1 to 63 lower-case letters, digits and hyphens.
package struct PoolName: Hashable, Sendable, Comparable, CheckedName, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) { self.text = try RuleName(text).text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

extension PoolName: SettingWord {
    package init(reading text: String) throws(InvalidSetting) {
        do { try self.init(text) } catch { throw InvalidSetting("\(error)") }
    }

    package var settingText: String { text }
}
