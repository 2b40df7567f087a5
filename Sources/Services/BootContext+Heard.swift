package import Fleet
import Linux
import Wire

/// When machines were last heard of. No socket, no clock.
struct Hearing {
    /// How long a machine is remembered when there are too many.
    private static let memoryMilliseconds = 600_000

    private let machineLimit: Int
    private(set) var times: [MACAddress: Int] = [:]

    init(machineLimit: Int = BootContext.machineLimit) { self.machineLimit = machineLimit }

    /// A machine that finds no room counts as silent.
    mutating func note(_ machine: MACAddress, at now: Int) {
        if times.count >= machineLimit, times[machine] == nil {
            times = times.filter { now - $0.value < Self.memoryMilliseconds }
            guard times.count < machineLimit else { return }
        }
        times[machine] = now
    }
}

extension BootContext {
    /// A machine itself asked, reported or logged something.
    func hear(_ machine: MACAddress) { hearing.note(machine, at: EventLoop.now()) }

    package var heard: HeardMachines {
        HeardMachines(hearing.times, now: EventLoop.now(), since: startedAt)
    }

    /// A running machine asked for orders in its present boot.
    func noteOrders(of machine: MACAddress, in boot: String) {
        let at = now()
        let before = tracker.progress(of: machine)
        let (isFirst, event) = tracker.noteOrders(of: machine, at: at)
        if isFirst { send(.attends(AttendedBoot(boot: boot, macAddress: machine, at: at))) }
        if let event { record(event, before: before) }
    }
}
