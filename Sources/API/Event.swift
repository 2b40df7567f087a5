package import Fleet
package import Wire

/// Something that happened, for listeners.
package struct ServerEvent: Sendable, Codable, Equatable {
    package typealias Kind = EventKind

    package var kind: Kind
    package var node: NodeName?
    package var group: GroupPath?
    package var machine: MACAddress?
    @MachineText package var text: String

    package init(
        kind: Kind, node: NodeName? = nil, group: GroupPath? = nil, machine: MACAddress? = nil, text: String
    ) {
        self.kind = kind
        self.node = node
        self.group = group
        self.machine = machine
        self.text = text
    }
}
