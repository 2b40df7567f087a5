import Wire

/// An act in JSON: its word, and the members that the word has, side by side.
extension ScheduledAct: Codable {
    private enum CodingKeys: String, CodingKey { case act }

    private struct Members: Codable {
        var nodes: String?
        var unlessInUse: Bool?
        var servers: [TerminalName]?
        var target: String?
        var set: RecordSettings?
        var unset: [String]?
        var pool: PoolName?
        var patch: String?
        var image: ImageName?
        var version: String?
        var channel: ChannelName?
        var share: String?
        var terms: Rollout.Terms?
    }

    package init(from decoder: any Decoder) throws {
        // Before the word: the forms of files are found by what is read.
        let members = try Members(from: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try fields.decode(Kind.self, forKey: .act)
        func required<T>(_ value: T?, _ member: String) throws -> T {
            guard let value else {
                throw DecodingError.unreadable(
                    "the act \(kind.rawValue) needs \(member)", at: decoder.codingPath)
            }
            return value
        }
        func admit(_ admission: TerminalServer.Admission, restarts: Bool = false) throws -> Self {
            .admit(admission, servers: try required(members.servers, "servers"), restarts: restarts)
        }
        switch kind {
        case .restart:
            self = .restart(
                nodes: try required(members.nodes, "nodes"), unlessInUse: members.unlessInUse ?? false)
        case .powerOff:
            self = .powerOff(
                nodes: try required(members.nodes, "nodes"), unlessInUse: members.unlessInUse ?? false)
        case .wake: self = .wake(nodes: try required(members.nodes, "nodes"))
        case .apply: self = .apply(nodes: try required(members.nodes, "nodes"))
        case .drain: self = try admit(.draining)
        case .restartServer: self = try admit(.draining, restarts: true)
        case .maintenance: self = try admit(.maintenance)
        case .resume: self = try admit(.open)
        case .set:
            self = .set(
                ScheduledSettings(
                    target: try required(members.target, "target"), set: members.set?.wrappedValue ?? [:],
                    unset: members.unset ?? []))
        case .pool:
            self = .pool(
                try required(members.pool, "pool"), patch: try required(members.patch, "patch"))
        case .promote:
            self = .promote(
                try required(members.image, "image"), version: try required(members.version, "version"),
                to: members.channel ?? .stable)
        case .trial:
            self = .trial(
                try required(members.image, "image"), version: try required(members.version, "version"),
                to: members.channel ?? .stable, share: try required(members.share, "share"),
                members.terms ?? Rollout.Terms())
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = Members()
        switch self {
        case .restart(let nodes, let unlessInUse), .powerOff(let nodes, let unlessInUse):
            (members.nodes, members.unlessInUse) = (nodes, unlessInUse ? true : nil)
        case .wake(let nodes), .apply(let nodes): members.nodes = nodes
        case .admit(_, let servers, _): members.servers = servers
        case .set(let settings):
            members.target = settings.target
            if !settings.set.isEmpty { members.set = RecordSettings(wrappedValue: settings.set) }
            if !settings.unset.isEmpty { members.unset = settings.unset }
        case .pool(let pool, let patch): (members.pool, members.patch) = (pool, patch)
        case .promote(let image, let version, let channel):
            (members.image, members.version, members.channel) = (image, version, channel)
        case .trial(let image, let version, let channel, let share, let terms):
            (members.image, members.version, members.channel) = (image, version, channel)
            (members.share, members.terms) = (share, terms)
        }
        try members.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(kind, forKey: .act)
    }
}
