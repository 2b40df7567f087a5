import Wire

/// What a schedule does: one of the acts that people also do at once.
package enum ScheduledAct: Equatable, Sendable {
    /// Restarts running nodes.
    ///
    /// - Parameter nodes: the exact name of one, or a condition.
    case restart(nodes: String, unlessInUse: Bool)
    /// Has running nodes shut down and switch themselves off.
    case powerOff(nodes: String, unlessInUse: Bool)
    /// Switches nodes on whose cards listen for that (Wake-on-LAN).
    case wake(nodes: String)
    /// Has running nodes carry out the steps of their configuration that have changed.
    case apply(nodes: String)
    /// Whether terminal servers take log-ins from then on, and whether they restart once they are empty.
    case admit(TerminalServer.Admission, servers: [TerminalName], restarts: Bool)
    case set(ScheduledSettings)
    /// - Parameter patch: the members that change, as a JSON object (RFC 7396).
    case pool(PoolName, patch: String)
    case promote(ImageName, version: String, to: ChannelName)
    /// Some nodes try a version before the channel moves.
    case trial(ImageName, version: String, to: ChannelName, share: String, Rollout.Terms)

    /// The acts as words.
    package enum Kind: String, Sendable, Codable, CaseIterable {
        case restart
        case powerOff = "power-off"
        case wake, apply, drain, maintenance, resume
        case restartServer = "restart-server"
        case set, pool, promote, trial

        /// The least that such an act needs.
        package var permission: Permission {
            switch self {
            case .restart, .powerOff, .wake, .apply: .enrol
            case .drain, .maintenance, .resume, .restartServer, .set, .pool: .configure
            case .promote, .trial: .publish
            }
        }
    }

    package var kind: Kind {
        switch self {
        case .restart: .restart
        case .powerOff: .powerOff
        case .wake: .wake
        case .apply: .apply
        case .admit(.draining, _, let restarts): restarts ? .restartServer : .drain
        case .admit(.maintenance, _, _): .maintenance
        case .admit(.open, _, _): .resume
        case .set: .set
        case .pool: .pool
        case .promote: .promote
        case .trial: .trial
        }
    }

    /// What it needs where the schedule is, when it is made and when it runs.
    package var permission: Permission {
        if case .set(let settings) = self, settings.isShared { return .publish }
        return kind.permission
    }

    /// Characters of what it acts on, for people: events and history have it, too.
    private static let objectLimit = 500

    /// What it acts on, for people.
    package var object: String {
        let whole = wholeObject
        guard !whole.hasLength(in: 0...Self.objectLimit) else { return whole }
        return whole.beginning(length: Self.objectLimit) + "…"
    }

    private var wholeObject: String {
        switch self {
        case .restart(let nodes, _), .powerOff(let nodes, _), .wake(let nodes), .apply(let nodes): nodes
        case .admit(_, let servers, _): servers.map(\.text).joined(separator: ", ")
        case .set(let settings): settings.summary
        case .pool(let pool, _): pool.text
        case .promote(let image, let version, let channel): "\(image)@\(version) → \(channel)"
        case .trial(let image, let version, let channel, let share, _):
            "\(image)@\(version) → \(channel) (\(share))"
        }
    }

    /// One line for people: `restart group=/school (unless in use)`.
    package var summary: String {
        "\(kind.rawValue) \(object)" + (isForFreeNodes ? " (unless in use)" : "")
    }

    /// Whether nodes are spared where people are logged in.
    package var isForFreeNodes: Bool {
        switch self {
        case .restart(_, let unlessInUse), .powerOff(_, let unlessInUse): unlessInUse
        case .wake, .apply, .admit, .set, .pool, .promote, .trial: false
        }
    }

    /// The nodes that it acts on, as one name or a condition; nil: it acts on something else.
    package var nodes: String? {
        switch self {
        case .restart(let nodes, _), .powerOff(let nodes, _), .wake(let nodes), .apply(let nodes): nodes
        case .admit, .set, .pool, .promote, .trial: nil
        }
    }
}

extension ScheduledAct {
    /// The nodes that it is for, where a condition says which.
    var condition: Condition? {
        let nodes: String
        switch self {
        case .restart(let text, _), .powerOff(let text, _), .wake(let text), .apply(let text): nodes = text
        case .admit, .set, .pool, .promote, .trial: return nil
        }
        return (try? NodeName(nodes)) == nil ? try? Condition(stored: nodes) : nil
    }
}

/// Settings of one level that a schedule changes. Secrets are not among them: the schedule would show them.
package struct ScheduledSettings: Equatable, Sendable {
    /// A group's path, a node's name, `rule:NAME`, or `image:NAME` and `image:NAME@VERSION`.
    package var target: String
    package var set: [String: SettingValue]
    package var unset: [String]

    package init(target: String, set: [String: SettingValue], unset: [String]) {
        self.target = target
        self.set = set
        self.unset = unset
    }

    /// Whether they are of a rule or an image, which belong to the whole site.
    var isShared: Bool { target.hasPrefix("rule:") || target.hasPrefix("image:") }

    /// Throws unless there is something to change, and nothing that has to stay hidden.
    func check(in group: GroupPath) throws {
        guard !set.isEmpty || !unset.isEmpty else { throw InvalidSetting("set: there is nothing to change") }
        for name in Array(set.keys) + unset {
            guard let definition = SettingDefinition.named(name) else {
                throw InvalidSetting("there is no setting ‘\(name)’ (roost set --list shows all)")
            }
            guard !definition.isSecret, !definition.isSealed else {
                throw InvalidSetting("\(name) is a secret: a schedule would show it; set it at once")
            }
        }
        if target.hasPrefix("/"), !group.contains(try GroupPath(target)) {
            throw InvalidSetting("target: \(target) is not in \(group), the group of the schedule")
        }
    }

    fileprivate var summary: String {
        let words =
            set.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" } + unset.map { "-\($0)" }
        return "\(target): \(words.joined(separator: " "))"
    }
}
