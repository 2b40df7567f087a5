package import Wire

/// An act to be done later, once or each week, with the permission that its owner has then.
package struct Schedule: Equatable, Sendable {
    package enum Time: Equatable, Sendable {
        /// Seconds since 1970.
        case once(Int)
        case weekly(WeekTime)
    }

    package var name: ScheduleName
    /// Its administrators are those of the schedule, and what it touches is in this group or below.
    package var group: GroupPath
    package var act: ScheduledAct
    package var time: Time
    /// The zone of a weekly time, as in `/usr/share/zoneinfo`; nil: the one of the group, or of the server.
    package var zone: String?
    /// What is not begun so many minutes after its time is not begun any more. Many machines are spread over the first half. Nil: all at
    /// once, and nothing when the server is five minutes late.
    package var windowMinutes: Int?
    /// The account that it runs for; nil: the server itself, for administrators of the whole site alone.
    package var owner: String?
    package var isPaused: Bool

    package init(
        name: ScheduleName, group: GroupPath = .site, act: ScheduledAct, time: Time, zone: String? = nil,
        windowMinutes: Int? = nil, owner: String? = nil, isPaused: Bool = false
    ) {
        self.name = name
        self.group = group
        self.act = act
        self.time = time
        self.zone = zone
        self.windowMinutes = windowMinutes
        self.owner = owner
        self.isPaused = isPaused
    }

    /// Seconds for which it may begin late without a window.
    package static let graceSeconds = 300

    /// Seconds after its time during which it may begin.
    package var patience: Int { windowMinutes.map { $0 * 60 } ?? Self.graceSeconds }

    /// The next time after `second` (since 1970), whether it is paused or not; nil: there is none.
    package func next(after second: Int, in zone: ZoneFile) -> Int? {
        switch time {
        case .once(let moment): moment > second ? moment : nil
        case .weekly(let time): time.next(after: second, in: zone)
        }
    }
}

/// The name of a schedule: 1 to 63 lower-case letters, digits and hyphens.
package struct ScheduleName: Hashable, Sendable, Comparable, CheckedName, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) { self.text = try RuleName(text).text }

    package static func < (left: Self, right: Self) -> Bool {
        left.text.countingKey.lexicographicallyPrecedes(right.text.countingKey)
    }
    package var description: String { text }
}

/// In JSON and files all members stand side by side; which ones an act has, its word decides.
extension Schedule: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, group, act, nodes, unlessInUse, servers, target, set, unset, pool, patch
        case image, version, channel, share, terms, at, every, zone, windowMinutes, owner, isPaused
    }

    /// The members that acts have.
    private struct Members {
        var nodes, target, patch, version, share: String?
        var unlessInUse: Bool?
        var servers: [TerminalName]?
        var set: [String: SettingValue]?
        var unset: [String]?
        var pool: PoolName?
        var image: ImageName?
        var channel: ChannelName?
        var terms: Rollout.Terms?

        private struct Missing: Error { var member: String }

        private static func required<T>(_ value: T?, _ member: String) throws(Missing) -> T {
            guard let value else { throw Missing(member: member) }
            return value
        }

        /// - Returns: nil, and the member that is missing, where there is one.
        func act(_ kind: ScheduledAct.Kind) -> (ScheduledAct?, missing: String) {
            do throws(Missing) { return (try made(kind), "") } catch { return (nil, error.member) }
        }

        private func made(_ kind: ScheduledAct.Kind) throws(Missing) -> ScheduledAct {
            func servers() throws(Missing) -> [TerminalName] { try Self.required(self.servers, "servers") }
            switch kind {
            case .restart:
                return .restart(nodes: try Self.required(nodes, "nodes"), unlessInUse: unlessInUse ?? false)
            case .apply: return .apply(nodes: try Self.required(nodes, "nodes"))
            case .drain: return .admit(.draining, servers: try servers(), restarts: false)
            case .restartServer: return .admit(.draining, servers: try servers(), restarts: true)
            case .maintenance: return .admit(.maintenance, servers: try servers(), restarts: false)
            case .resume: return .admit(.open, servers: try servers(), restarts: false)
            case .set:
                return .set(
                    ScheduledSettings(
                        target: try Self.required(target, "target"), set: set ?? [:], unset: unset ?? []))
            case .pool:
                return .pool(try Self.required(pool, "pool"), patch: try Self.required(patch, "patch"))
            case .promote:
                return .promote(
                    try Self.required(image, "image"), version: try Self.required(version, "version"),
                    to: channel ?? .stable)
            case .trial:
                return .trial(
                    try Self.required(image, "image"), version: try Self.required(version, "version"),
                    to: channel ?? .stable, share: try Self.required(share, "share"),
                    terms ?? Rollout.Terms())
            }
        }
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        // All optional members first: the forms of files are found by what is read.
        var members = Members()
        members.nodes = try fields.decodeIfPresent(String.self, forKey: .nodes)
        members.unlessInUse = try fields.decodeIfPresent(Bool.self, forKey: .unlessInUse)
        members.servers = try fields.decodeIfPresent([TerminalName].self, forKey: .servers)
        members.target = try fields.decodeIfPresent(String.self, forKey: .target)
        members.set = try fields.decodeIfPresent(RecordSettings.self, forKey: .set)?.wrappedValue
        members.unset = try fields.decodeIfPresent([String].self, forKey: .unset)
        members.pool = try fields.decodeIfPresent(PoolName.self, forKey: .pool)
        members.patch = try fields.decodeIfPresent(String.self, forKey: .patch)
        members.image = try fields.decodeIfPresent(ImageName.self, forKey: .image)
        members.version = try fields.decodeIfPresent(String.self, forKey: .version)
        members.channel = try fields.decodeIfPresent(ChannelName.self, forKey: .channel)
        members.share = try fields.decodeIfPresent(String.self, forKey: .share)
        members.terms = try fields.decodeIfPresent(Rollout.Terms.self, forKey: .terms)
        group = try fields.decodeIfPresent(GroupPath.self, forKey: .group) ?? .site
        let at = try fields.decodeIfPresent(SecondTimestamp<Int>.self, forKey: .at)?.wrappedValue
        let every = try fields.decodeIfPresent(WeekTime.self, forKey: .every)
        zone = try fields.decodeIfPresent(String.self, forKey: .zone)
        windowMinutes = try fields.decodeIfPresent(Int.self, forKey: .windowMinutes)
        owner = try fields.decodeIfPresent(String.self, forKey: .owner)
        isPaused = try fields.decodeIfPresent(Bool.self, forKey: .isPaused) ?? false
        name = try fields.decode(ScheduleName.self, forKey: .name)
        let kind = try fields.decode(ScheduledAct.Kind.self, forKey: .act)
        let (act, missing) = members.act(kind)
        guard let act else {
            throw DecodingError.unreadable(
                "the act \(kind.rawValue) needs \(missing)", at: decoder.codingPath)
        }
        self.act = act
        switch (at, every) {
        case (let at?, nil): time = .once(at)
        case (nil, let every?): time = .weekly(every)
        default:
            throw DecodingError.unreadable("a schedule has either at or every", at: decoder.codingPath)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(name, forKey: .name)
        try fields.encode(group, forKey: .group)
        try fields.encode(act.kind, forKey: .act)
        switch act {
        case .restart(let nodes, let unlessInUse):
            try fields.encode(nodes, forKey: .nodes)
            if unlessInUse { try fields.encode(true, forKey: .unlessInUse) }
        case .apply(let nodes): try fields.encode(nodes, forKey: .nodes)
        case .admit(_, let servers, _): try fields.encode(servers, forKey: .servers)
        case .set(let settings):
            try fields.encode(settings.target, forKey: .target)
            if !settings.set.isEmpty {
                try fields.encode(RecordSettings(wrappedValue: settings.set), forKey: .set)
            }
            if !settings.unset.isEmpty { try fields.encode(settings.unset, forKey: .unset) }
        case .pool(let pool, let patch):
            try fields.encode(pool, forKey: .pool)
            try fields.encode(patch, forKey: .patch)
        case .promote(let image, let version, let channel):
            try encode(image, version, channel, to: &fields)
        case .trial(let image, let version, let channel, let share, let terms):
            try encode(image, version, channel, to: &fields)
            try fields.encode(share, forKey: .share)
            try fields.encode(terms, forKey: .terms)
        }
        switch time {
        case .once(let at): try fields.encode(SecondTimestamp(wrappedValue: at), forKey: .at)
        case .weekly(let time): try fields.encode(time, forKey: .every)
        }
        try fields.encodeIfPresent(zone, forKey: .zone)
        try fields.encodeIfPresent(windowMinutes, forKey: .windowMinutes)
        try fields.encodeIfPresent(owner, forKey: .owner)
        if isPaused { try fields.encode(true, forKey: .isPaused) }
    }

    private func encode(
        _ image: ImageName, _ version: String, _ channel: ChannelName,
        to fields: inout KeyedEncodingContainer<CodingKeys>
    ) throws {
        try fields.encode(image, forKey: .image)
        try fields.encode(version, forKey: .version)
        try fields.encode(channel, forKey: .channel)
    }
}
