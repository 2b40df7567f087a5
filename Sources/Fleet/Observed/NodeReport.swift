package import Wire

/// A report from a node to the data planes, on its way to the store.
package enum NodeReport: Equatable, Sendable {
    case boot(BootEvent)
    /// A running machine asked for orders, for the first time in its boot.
    case attends(AttendedBoot)
    /// A card that no record names is in the node's machine with that UUID; nil: it is no longer in the machine known before.
    case card(MACAddress, MachineUUID?)
    /// A machine's hardware as JSON of `Hardware`, not yet parsed.
    case hardware(MACAddress, [UInt8])
    /// The sessions at it in a boot, as JSON of ``NodeSessions/TellsSession``s, not yet parsed; empty: it should no longer report them.
    case sessions(MACAddress, boot: String, [UInt8])
    /// How the steps of a phase ended in a boot, as JSON of ``StepResult``s, not yet parsed; `isAddition`: they were applied to the
    /// running node.
    case steps(MACAddress, boot: String, StepPhase, isAddition: Bool = false, [UInt8])
    /// A node has shown a TPM for the first time, and waits until it is bound to it.
    case tpm(BoundTPM)
    /// A node waits for the secrets of its boot.
    case secrets(SecretClaim)
    /// Secrets that were minted for a boot are on their way to it.
    case secretsSent(SecretClaim)
    /// A logged message, with milliseconds since 1970.
    case log(MACAddress, at: Int, LogMessage)
    /// A waiting machine was named on its screen.
    case registration(MACAddress, Registration)
    /// It cannot boot before its volume is created, grown, reset, or exported to its present address.
    case volumeWanted(MACAddress, IPv4Address)
    /// Another machine asked for something that belongs to it, or spoke for it.
    case refusal(MACAddress, NodeAlarm)
    /// It was given something of a later state than the present one, of which this was the revision.
    case laterState(revision: Int)
    /// A waiting machine was dropped to make room.
    case forgotten(MACAddress)
    /// The server's wall clock was set: earlier reports have times of the old clock, later ones of the new.
    case clock(ClockJump)
}

/// Reports that share one queue, and are written in order.
package enum ReportKind: String, Sendable, CaseIterable {
    /// The progress of boots, and everything that must stay in order with it: cards, forgotten machines, jumps of the clock.
    case boots
    /// Refusals of other machines.
    case alarms
    case hardware
    case sessions
    case steps
    /// Answered to the data planes when their receipts are stored.
    case secrets
    /// Answered to the data planes by the next configuration.
    case tpms
    case logs
    case volumes
    case registrations

    /// The maximum number of waiting reports, and of their bytes. Further ones are dropped.
    package var limit: (count: Int, byteCount: Int) {
        switch self {
        case .boots: (100_000, 24 << 20)
        case .logs: (100_000, 16 << 20)
        case .hardware: (20_000, 12 << 20)
        case .sessions: (20_000, 4 << 20)
        case .steps: (40_000, 8 << 20)
        case .alarms, .secrets, .tpms, .volumes: (20_000, 0)
        case .registrations: (1_000, 0)
        }
    }
}

extension NodeReport {
    package var kind: ReportKind {
        switch self {
        case .boot, .attends, .card, .forgotten, .clock: .boots
        case .refusal, .laterState: .alarms
        case .hardware: .hardware
        case .sessions: .sessions
        case .steps: .steps
        case .secrets, .secretsSent: .secrets
        case .tpm: .tpms
        case .log: .logs
        case .volumeWanted: .volumes
        case .registration: .registrations
        }
    }

    /// Its approximate size: text and bytes from a node.
    package var byteCount: Int {
        switch self {
        case .boot(let event): event.detail.utf8.count
        case .hardware(_, let json), .sessions(_, _, let json), .steps(_, _, _, _, let json): json.count
        case .log(_, _, let message): message.text.utf8.count
        case .attends, .card, .registration, .secrets, .secretsSent, .tpm, .volumeWanted, .refusal,
            .forgotten, .laterState,
            .clock:
            0
        }
    }
}
