package import Fleet
package import Wire

/// Something that happened, for listeners.
package struct ServerEvent: Sendable, Codable, Equatable {
    package typealias Kind = EventKind

    package var kind: Kind
    package var node: NodeName?
    package var group: GroupPath?
    package var machine: MACAddress?
    /// Of a boot.
    package var stage: BootStage?
    @MachineText package var text: String

    package init(
        kind: Kind, node: NodeName? = nil, group: GroupPath? = nil, machine: MACAddress? = nil,
        stage: BootStage? = nil, text: String
    ) {
        self.kind = kind
        self.stage = stage
        self.node = node
        self.group = group
        self.machine = machine
        self.text = text
    }

    /// Whether a web hook that asks for `kinds` gets it; empty: all.
    package func isOne(of kinds: [String]) -> Bool {
        kinds.isEmpty || kinds.contains(kind.rawValue)
            || stage == .failed && kinds.contains(Kind.bootFailed.rawValue)
    }
}
