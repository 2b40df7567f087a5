/// The names of other records in each kind of record: the one list of them. A noun without a line here does not compile.

extension Node {
    package mutating func passNames(to walk: inout NameWalk) {
        walk.pass(&group)
        walk.pass(&settings)
    }
}

extension NodeGroup {
    package mutating func passNames(to walk: inout NameWalk) { walk.pass(&settings) }
}

extension MatchRule {
    package mutating func passNames(to walk: inout NameWalk) {
        walk.follow(condition: &condition)
        walk.pass(&settings)
    }
}

extension ImageSettings {
    package mutating func passNames(to walk: inout NameWalk) { walk.pass(&settings) }
}

extension Secret {
    package mutating func passNames(to walk: inout NameWalk) {
        walk.pass(&group)
        walk.pass(&node)
        if let rule { walk.pass(rule, of: MatchRule.self) }
    }
}

extension NamedHook {
    package mutating func passNames(to walk: inout NameWalk) {
        walk.pass(&group)
        for secret in [key, authorization].compactMap(\.self) { walk.pass(secret, of: Secret.self) }
    }
}

extension WebHook.Record {
    package mutating func passNames(to walk: inout NameWalk) { walk.pass(&group) }
}

extension BoardLink {
    package mutating func passNames(to walk: inout NameWalk) { walk.pass(&group) }
}

extension Administrator {
    package mutating func passNames(to walk: inout NameWalk) { walk.pass(&grants) }
}

extension APIToken {
    package mutating func passNames(to walk: inout NameWalk) { walk.pass(&grants) }
}

extension TerminalServer {
    package mutating func passNames(to walk: inout NameWalk) {
        walk.pass(&group)
        walk.pass(&node)
    }
}

extension TerminalPool {
    package mutating func passNames(to walk: inout NameWalk) {
        walk.pass(&group)
        for level in levels {
            for server in level.servers { walk.pass(server, of: TerminalServer.self) }
            for pool in level.pools { walk.pass(pool, of: TerminalPool.self) }
        }
    }
}

extension Schedule {
    package mutating func passNames(to walk: inout NameWalk) {
        walk.pass(&group)
        if let zone { walk.pass(.zone(zone)) }
        switch act {
        case .restart(var nodes, let unlessInUse):
            walk.pass(nodes: &nodes)
            act = .restart(nodes: nodes, unlessInUse: unlessInUse)
        case .powerOff(var nodes, let unlessInUse):
            walk.pass(nodes: &nodes)
            act = .powerOff(nodes: nodes, unlessInUse: unlessInUse)
        case .wake(var nodes):
            walk.pass(nodes: &nodes)
            act = .wake(nodes: nodes)
        case .apply(var nodes):
            walk.pass(nodes: &nodes)
            act = .apply(nodes: nodes)
        case .set(var settings):
            walk.pass(target: &settings.target)
            walk.pass(&settings.set)
            act = .set(settings)
        case .admit(_, let servers, _):
            for server in servers { walk.pass(server, of: TerminalServer.self) }
        case .pool(let pool, _): walk.pass(pool, of: TerminalPool.self)
        case .promote(let image, _, _): walk.pass(.image(image))
        case .trial(let image, let version, let channel, var share, let terms):
            walk.pass(.image(image))
            walk.pass(share: &share)
            act = .trial(image, version: version, to: channel, share: share, terms)
        }
    }
}

extension AppliedRecord {
    /// The names in its values are those in people's files.
    package mutating func passNames(to walk: inout NameWalk) { walk.follow(&place) }
}

// MARK: Records that name none but the one that they belong to, by their keys

extension Volume {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension BoundTPM {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension HostKeyName {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension Rollout {
    /// Its nodes and its group are those that it began with; names of nodes follow with their progress, which no edit has.
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension ImageChannel {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension ImageTag {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension ImageKeep {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension ChannelMove {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension KeptFile {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension StoredFile {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension Network {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension DHCPReservation {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension LoaderRule {
    package mutating func passNames(to walk: inout NameWalk) {}
}

extension DirectoryAccount {
    package mutating func passNames(to walk: inout NameWalk) {}
}
