package import Wire

/// What the data planes hear from nodes, on its way to the store.
package enum NodeReport: Equatable, Sendable {
    case boot(BootEvent)
    /// A card that no record names is in the machine with that UUID, which is a node's; nil: in another one than it was known to be in.
    case card(MACAddress, MachineUUID?)
    /// A machine's hardware as JSON of `Hardware`, not yet read.
    case hardware(MACAddress, [UInt8])
    /// Who is logged in at it in a boot, as JSON of ``NodeSessions/TellsSession``s, not yet read; empty: it is not to tell any more.
    case sessions(MACAddress, boot: String, [UInt8])
    /// A message that it logged, with milliseconds since 1970.
    case log(MACAddress, at: Int, LogMessage)
    /// A waiting machine was named on its screen.
    case registration(MACAddress, Registration)
    /// It cannot boot before its volume is made, grown, reset, or exported to the address that it has now.
    case volumeWanted(MACAddress, IPv4Address)
    /// Another machine has asked for what is its own, or spoken for it.
    case refusal(MACAddress, NodeAlarm)
    /// A machine that waited has to go for others.
    case forgotten(MACAddress)
    /// The server's wall clock was set: what came before was written by the clock before, what follows by the new one.
    case clock(ClockJump)
}

/// Reports that wait in one queue, and are written one after the other.
package enum ReportKind: String, Sendable, CaseIterable {
    /// How far boots have come, and what goes in order with them: cards, machines that are forgotten, jumps of the clock.
    case boots
    /// What other machines were refused.
    case alarms
    case hardware
    case sessions
    case logs
    case volumes
    case registrations

    /// Reports that wait at most, and what they may hold together, in bytes. What comes beyond that is dropped.
    package var limit: (count: Int, byteCount: Int) {
        switch self {
        case .boots: (100_000, 24 << 20)
        case .logs: (100_000, 16 << 20)
        case .hardware: (20_000, 16 << 20)
        case .sessions: (20_000, 8 << 20)
        case .alarms, .volumes: (20_000, 0)
        case .registrations: (1_000, 0)
        }
    }
}

extension NodeReport {
    package var kind: ReportKind {
        switch self {
        case .boot, .card, .forgotten, .clock: .boots
        case .refusal: .alarms
        case .hardware: .hardware
        case .sessions: .sessions
        case .log: .logs
        case .volumeWanted: .volumes
        case .registration: .registrations
        }
    }

    /// What it holds, about: text and bytes from a node.
    package var byteCount: Int {
        switch self {
        case .boot(let event): event.detail.utf8.count
        case .hardware(_, let json), .sessions(_, _, let json): json.count
        case .log(_, _, let message): message.text.utf8.count
        case .card, .registration, .volumeWanted, .refusal, .forgotten, .clock: 0
        }
    }
}
