import Fleet
import Linux
import Wire

/// Configurations that wait until the disk has the keys that they go to. No socket, no clock.
struct UnwrittenDeliveries {
    /// The boots whose first key is not on the disk yet.
    private var boots: [MACAddress: String] = [:]
    private var waiting: [Int: (machine: MACAddress, boot: String, later: LaterAnswer, answer: HTTPAnswer)] =
        [:]
    private var next = 0

    var waitingCount: Int { waiting.count }

    mutating func note(_ boot: String, of machine: MACAddress) {
        // They leave it with their answer; those that never get one are few.
        if boots.count >= BootTracker.machineLimit { boots.removeAll() }
        boots[machine] = boot
    }

    func contains(_ boot: String, of machine: MACAddress) -> Bool { boots[machine] == boot }

    /// - Returns: the number by which the answer is given.
    mutating func wait(_ machine: MACAddress, in boot: String, with answer: HTTPAnswer) -> (Int, LaterAnswer)
    {
        let later = LaterAnswer()
        next += 1
        waiting[next] = (machine, boot, later, answer)
        return (next, later)
    }

    /// - Returns: what waits for that, and what it is given.
    mutating func take(_ number: Int, isWritten: Bool) -> (LaterAnswer, HTTPAnswer)? {
        guard let one = waiting.removeValue(forKey: number) else { return nil }
        guard isWritten else {
            return (one.later, .error(503, "the server cannot write to its disk: ask again"))
        }
        if boots[one.machine] == one.boot { boots[one.machine] = nil }
        return (one.later, one.answer)
    }
}

extension BootContext {
    /// An answer with a configuration, which goes out once the disk has the key of its boot: a server that is killed meanwhile gives none
    /// to another key.
    func onceWritten(_ answer: HTTPAnswer, for machine: MACAddress, in boot: String) -> HTTPAnswer {
        guard let writeDelivery, unwritten.contains(boot, of: machine),
            let delivery = tracker.progress(of: machine)?.delivery
        else { return answer }
        let (number, later) = unwritten.wait(machine, in: boot, with: answer)
        writeDelivery(
            WrittenDelivery(machine: machine, boot: boot, at: now(), delivery: delivery), number)
        return HTTPAnswer(status: 200, body: .later(later))
    }

    /// A delivery is on the disk, or cannot be written.
    package func take(written number: Int, isWritten: Bool) {
        // Its connection may go on with a next request, so that nothing here may be under way any more.
        if let (later, answer) = unwritten.take(number, isWritten: isWritten) { later.give(answer) }
    }
}
