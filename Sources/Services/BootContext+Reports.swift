package import Fleet
package import Wire

/// What nodes report, on its way to the store: within the limits of one machine.
extension BootContext {
    package func reportHardware(_ json: [UInt8], of machine: MACAddress) {
        guard limits.takes(\.reports, .reports, .messages, .machine(machine)) else { return }
        send(.hardware(machine, json))
    }

    /// - Returns: whether the machine is in that boot.
    func reportSteps(
        _ json: [UInt8], of phase: StepPhase, of machine: MACAddress, in boot: String, isAddition: Bool
    ) -> Bool {
        guard tracker.currentBoot(of: machine) == boot else { return false }
        if limits.takes(\.reports, .reports, .messages, .machine(machine)) {
            send(.steps(machine, boot: boot, phase, isAddition: isAddition, json))
        }
        return true
    }

    package func reportRegistration(_ registration: Registration, of machine: MACAddress) {
        guard limits.takes(\.reports, .reports, .messages, .machine(machine)) else { return }
        send(.registration(machine, registration))
    }

    package func log(_ message: LogMessage, of machine: MACAddress) {
        send(.log(machine, at: now(), message))
    }
}
