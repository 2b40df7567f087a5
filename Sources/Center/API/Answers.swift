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
            setting.definition.isSecret && value != setting.definition.defaultValue ? .text("(set)") : value
        }
        name = setting.definition.name
        value = shown(setting.value)
        origin = setting.origin.description
        hides = setting.hidden.map { Layer(origin: $0.origin.description, value: shown($0.value)) }
    }
}

/// A node with what is known of it beyond its record.
package struct NodeAnswer: Codable, Sendable {
    package var node: Node
    /// Of the lease that it holds now.
    package var leasedAddress: IPv4Address?
    package var settings: [SettingAnswer]
    /// Nil while the node has not reported it.
    package var hardware: Hardware?
    /// Newest first.
    package var boots: [BootTimeline]
}

/// A machine in a list.
package struct MachineAnswer: Codable, Sendable {
    package var name: NodeName
    package var isKnown: Bool
    package var group: GroupPath?
    package var macAddress: MACAddress?
    package var address: IPv4Address?
    /// `ready`, `at kernel`, `failed: …`; empty when no boot was seen.
    package var state: String
    /// Milliseconds from the first request to ready, of the last boot.
    package var readyAfter: Int?
}

package struct VersionAnswer: Codable, Sendable {
    package var image: ImageName
    package var number: Int
    package var digest: Digest
    package var publishedAt: Int
    package var channels: [ChannelName]
    package var openConnections: Int
    package var manifest: ImageManifest
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
        case .foreign: holder = "somebody foreign"
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
    package var machines: [MachineAnswer]
}

package struct PublishRequest: Codable, Sendable {
    package var digest: Digest
    package init(digest: Digest) { self.digest = digest }
}

package struct PromoteRequest: Codable, Sendable {
    /// `3` or the beginning of a digest.
    package var version: String
    package init(version: String) { self.version = version }
}

/// Changes of the settings of one level.
package struct SettingsChange: Codable, Sendable {
    /// A group's path, or a node's name.
    package var target: String
    package var set: [String: SettingValue]
    package var unset: [String]

    package init(target: String, set: [String: SettingValue], unset: [String]) {
        self.target = target
        self.set = set
        self.unset = unset
    }
}

/// An error of the API (RFC 9457).
package struct Problem: Codable, Sendable, Error, CustomStringConvertible {
    package var title: String
    package var status: Int
    package var detail: String

    package init(_ status: Int, _ title: String, _ detail: String) {
        self.status = status
        self.title = title
        self.detail = detail
    }

    package var description: String { detail }
}
