package import Fleet
package import Wire

// What the API says and is told, as JSON. The command line uses the same types.

/// One setting of a node with where it comes from.
package struct SettingAnswer: Codable, Sendable {
    package struct Layer: Codable, Sendable {
        package var origin: String
        package var value: SettingValue
    }

    package var name: String
    package var value: SettingValue
    package var origin: String
    package var hides: [Layer]

    package init(_ setting: EffectiveSetting) {
        func shown(_ value: SettingValue) -> SettingValue {
            setting.definition.isSecret && value != setting.definition.defaultValue
                ? RecordSettings.hidden : value
        }
        name = setting.definition.name
        value = shown(setting.value)
        origin = setting.origin.description
        hides = setting.hidden.map { Layer(origin: $0.origin.description, value: shown($0.value)) }
    }
}

/// What happened to several machines, and what is wrong now.
package struct FiguresAnswer: Codable, Sendable {
    package struct Trouble: Codable, Sendable {
        package var machine: NodeName
        package var isKnown: Bool
        package var text: String
        package var fix: String
    }

    package struct Minute: Codable, Sendable {
        /// Milliseconds since 1970.
        package var at: Int
        package var started: Int
        package var ready: Int
    }

    /// Machines by state: ready, booting, failed, stuck, unseen.
    package var states: [String: Int]
    package var unknownCount: Int
    /// Of the last boots of all machines.
    package var bootCount: Int
    /// Milliseconds to ready.
    package var median: Int?
    package var percentile95: Int?
    /// Median milliseconds of each stage, by the stage that was reached.
    package var stages: [String: Int]
    /// The last hour, minute by minute.
    package var minutes: [Minute]
    /// At most fifty.
    package var troubles: [Trouble]
    /// Who asks for more than one peer may have, now; empty for those who may not read the whole site.
    package var limited: [LimitLedger.Line]
}

/// A subnet that is served.
package struct NetworkAnswer: Codable, Sendable {
    /// Empty for networks behind relays.
    package var interface: String
    package var server: IPv4Address
    package var network: String
    /// `10.77.0.100-10.77.0.200`.
    package var pools: [String]
    package var router: IPv4Address?
    /// Addresses in the pools.
    package var size: Int
    /// Addresses of the pools that are leased now.
    package var leased: Int

    package init(
        interface: String, server: IPv4Address, network: String, pools: [String], router: IPv4Address?,
        size: Int,
        leased: Int
    ) {
        self.interface = interface
        self.server = server
        self.network = network
        self.pools = pools
        self.router = router
        self.size = size
        self.leased = leased
    }
}

extension NetworkAnswer {
    /// A tenth of the addresses is left, or less.
    var isScarce: Bool { size > 0 && (size - leased) * 10 <= size }

    /// Nil while more are left.
    var scarcityWarning: String? {
        guard isScarce else { return nil }
        return
            "\(leased) of \(size) addresses in the pools of \(network) are leased: add a range to ‘pools’ of this network in roost.yaml, or make its ‘lease’ shorter"
    }
}

/// A setting that there is.
package struct SettingDefinitionAnswer: Codable, Sendable {
    package var name: String
    /// `text`, `choice`, `integer`, `boolean`, `list`, `map`.
    package var kind: String
    /// The words of a choice.
    package var choices: [String]?
    package var minimum: Int?
    package var maximum: Int?
    /// What a number counts; empty for what has none.
    package var unit: String
    package var defaultValue: SettingValue
    package var summary: String
    package var appliesAt: String
    package var isSecret: Bool
    package var isSiteWide: Bool

    package init(_ definition: SettingDefinition) {
        name = definition.name
        defaultValue = definition.defaultValue
        unit = definition.unit
        summary = definition.summary
        appliesAt = definition.phase.rawValue
        isSecret = definition.isSecret
        isSiteWide = definition.isSiteWide
        switch definition.kind {
        case .text: kind = "text"
        case .choice(let words): (kind, choices) = ("choice", words)
        case .integer(let range): (kind, minimum, maximum) = ("integer", range.lowerBound, range.upperBound)
        case .boolean: kind = "boolean"
        case .list: kind = "list"
        case .map: kind = "map"
        }
    }
}

package struct VersionAnswer: Codable, Sendable {
    package var image: ImageName
    package var number: Int
    package var digest: Digest
    package var publishedAt: Int
    package var publishedBy: String
    package var channels: [ChannelName]
    package var openConnections: Int
    package var manifest: ImageManifest
    package var tags: [ChannelName]
    package var signatures: [ImageSignature]
    /// Whether it is served: it is signed, where that is asked for.
    package var isTrusted: Bool
    /// The signed moves by which channels mean it.
    package var moves: [ChannelMove]?
    /// What whoever publishes or promotes it should know: nodes that it does not fit into.
    package var warnings: [String]?

    /// The same, without who published it and how many nodes have it.
    var withoutPeopleAndNodes: Self {
        var answer = self
        (answer.publishedBy, answer.openConnections) = ("", 0)
        return answer
    }
}

package struct LeaseAnswer: Codable, Sendable {
    package var address: IPv4Address
    package var holder: String
    package var node: NodeName?
    package var hostName: String
    /// Seconds since 1970; nil for ever.
    package var expiresAt: Int?

    package init(_ lease: Lease, snapshot: FleetSnapshot) {
        address = lease.address
        hostName = lease.hostName
        expiresAt = lease.expiresAt == Lease.never ? nil : lease.expiresAt
        switch lease.holder {
        case .macAddress(let mac):
            holder = mac.description
            node = snapshot.node(at: mac)?.name
        case .clientIdentifier(let bytes):
            holder = "id " + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        case .foreign: holder = "another machine"
        }
    }
}

/// What a machine would be offered and would boot, with reasons.
package struct ExplainAnswer: Codable, Sendable {
    package struct Reason: Codable, Sendable {
        package var choice: String
        package var because: String
    }

    package var node: NodeName
    package var isKnown: Bool
    package var macAddress: MACAddress
    package var address: IPv4Address?
    /// The first stage: a file, a URL, or nothing.
    package var bootFile: String?
    package var bootFileReason: String
    package var script: String
    package var commandLine: [String]
    package var image: String?
    package var reasons: [Reason]
}

package struct StatusAnswer: Codable, Sendable {
    package var version: String
    package var revision: Int
    package var roles: [String]
    package var address: IPv4Address
    package var nodeCount: Int
    package var imageCount: Int
    package var leaseCount: Int
    package var openConnections: Int
    /// Public keys of which one has to have signed a version; none: no signature is wanted.
    package var imageKeys: [String]
    /// What administrators of the site should mend.
    package var warnings: [String]?
    /// Who asks for more than one peer may have, now; empty for those who may not read the whole site.
    package var limited: [LimitLedger.Line]
    package var machines: [MachineAnswer]
}

package struct PublishRequest: Codable, Sendable {
    package var digest: Digest
    package var signatures: [ImageSignature]?

    package init(digest: Digest, signatures: [ImageSignature]? = nil) {
        self.digest = digest
        self.signatures = signatures
    }
}

package struct PromoteRequest: Codable, Sendable {
    /// `3` or the beginning of a digest.
    package var version: String
    /// The move, signed, for servers that follow the channel. Tags have none.
    package var move: ChannelMove?

    package init(version: String, move: ChannelMove? = nil) {
        self.version = version
        self.move = move
    }
}

/// Several edits, made together as one revision or not at all.
package struct ChangeRequest: Codable, Sendable {
    /// One edit; exactly one of its parts is there.
    package struct Edit: Codable, Sendable {
        /// Adds the node or replaces the one with its name.
        package var node: Node?
        package var removeNode: NodeName?
        package var group: NodeGroup?
        package var removeGroup: GroupPath?
        package var moveGroup: GroupMove?
        package var rule: MatchRule?
        package var removeRule: RuleName?
        package var settings: SettingsChange?

        package init(
            node: Node? = nil, removeNode: NodeName? = nil, group: NodeGroup? = nil,
            removeGroup: GroupPath? = nil, moveGroup: GroupMove? = nil, rule: MatchRule? = nil,
            removeRule: RuleName? = nil, settings: SettingsChange? = nil
        ) {
            self.node = node
            self.removeNode = removeNode
            self.group = group
            self.removeGroup = removeGroup
            self.moveGroup = moveGroup
            self.rule = rule
            self.removeRule = removeRule
            self.settings = settings
        }
    }

    /// A group with everything below it goes elsewhere, or gets another name.
    package struct GroupMove: Codable, Sendable {
        package var from: GroupPath
        package var to: GroupPath

        package init(from: GroupPath, to: GroupPath) {
            self.from = from
            self.to = to
        }
    }

    package var edits: [Edit]
    /// One line for people; made of the edits when it is missing.
    package var summary: String?

    package init(edits: [Edit], summary: String? = nil) {
        self.edits = edits
        self.summary = summary
    }
}

/// Changes of the settings of one level.
package struct SettingsChange: Codable, Sendable {
    /// A group's path, a node's name, or `rule:` and a rule's name.
    package var target: String
    package var set: [String: SettingValue]
    package var unset: [String]
    /// Entries that a list or map gets more at this level.
    package var add: [String: SettingValue]
    /// Entries that a list loses at this level; of a map, keys.
    package var remove: [String: [String]]

    package init(
        target: String, set: [String: SettingValue] = [:], unset: [String] = [],
        add: [String: SettingValue] = [:], remove: [String: [String]] = [:]
    ) {
        self.target = target
        self.set = set
        self.unset = unset
        self.add = add
        self.remove = remove
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        target = try fields.decode(String.self, forKey: .target)
        set = try fields.decodeIfPresent([String: SettingValue].self, forKey: .set) ?? [:]
        unset = try fields.decodeIfPresent([String].self, forKey: .unset) ?? []
        add = try fields.decodeIfPresent([String: SettingValue].self, forKey: .add) ?? [:]
        remove = try fields.decodeIfPresent([String: [String]].self, forKey: .remove) ?? [:]
    }
}

package struct RevisionAnswer: Codable, Sendable {
    package var revision: Int
    package init(revision: Int) { self.revision = revision }
}

/// Takes a waiting machine into the fleet.
package struct ApprovalRequest: Codable, Sendable {
    package var name: NodeName
    package var group: GroupPath?
    package var address: IPv4Address?

    package init(name: NodeName, group: GroupPath? = nil, address: IPv4Address? = nil) {
        self.name = name
        self.group = group
        self.address = address
    }
}

/// An error of the API (RFC 9457).
package struct Problem: Codable, Sendable, Error, CustomStringConvertible {
    package var title: String
    package var status: Int
    package var detail: String
    /// Seconds to wait before trying again (`Retry-After`); not part of the body.
    package var retryAfter: Int?

    private enum CodingKeys: String, CodingKey {
        case title, status, detail
    }

    package init(_ status: Int, _ title: String, _ detail: String, retryAfter: Int? = nil) {
        self.title = title
        self.status = status
        self.detail = detail
        self.retryAfter = retryAfter
    }

    package var description: String { detail }
}
