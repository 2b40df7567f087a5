import CLinux
import Fleet
import Glibc
package import Linux
import Synchronization
import Wire

/// Writes leases to the journal on its own thread, and sends each answer once its lease is durable.
///
/// Everything that arrives while one batch is written becomes the next batch: one `fdatasync` for all of it.
package final class LeaseCommitter: Sendable {
    /// Leases that may wait for the disk; further ones are dropped with their answers, and the clients ask again.
    private static let queueLimit = 65_536

    /// What to send once the leases are durable, and through which listener.
    typealias Answers = (replies: DHCPService.Replies, listener: DHCPService.Listener)

    private struct State {
        var leases: [Lease] = []
        var answers: [Answers] = []
        var dropped = 0
    }

    private let state = Mutex(State())
    private let wake: FileDescriptor
    private let log: @Sendable (String) -> Void

    /// Takes ownership of the journal.
    package init(journal: consuming LeaseJournal, log: @escaping @Sendable (String) -> Void)
        throws(SystemError)
    {
        let number = eventfd(0, 0)
        guard number >= 0 else { throw SystemError("create an event descriptor") }
        wake = FileDescriptor(owning: number)
        self.log = log
        // From here on only this thread uses the journal.
        let box = Mutex<LeaseJournal?>(nil)
        var journal: LeaseJournal? = journal
        box.withLock { $0 = journal.take() }
        let holder = JournalHolder(box)
        try NamedThread.start("roost-leases") { [self] in run(holder) }
    }

    private final class JournalHolder: Sendable {
        let journal: Mutex<LeaseJournal?>
        init(_ journal: consuming Mutex<LeaseJournal?>) { self.journal = journal }
    }

    /// Writes the leases and then sends their answers, on the committer's thread.
    func commit(_ leases: [Lease], answers: Answers?) {
        let wasEmpty = state.withLock { state in
            guard state.leases.count + leases.count <= Self.queueLimit else {
                state.dropped += leases.count
                return false
            }
            let wasEmpty = state.leases.isEmpty
            state.leases += leases
            if let answers { state.answers.append(answers) }
            return wasEmpty
        }
        if wasEmpty { _ = eventfd_write(wake.number, 1) }
    }

    private func run(_ holder: JournalHolder) {
        while true {
            var value: eventfd_t = 0
            _ = unsafe eventfd_read(wake.number, &value)
            let batch = state.withLock { state in
                let taken = state
                state = State()
                return taken
            }
            if batch.dropped > 0 { log("dhcp: \(batch.dropped) answers dropped, the disk is too slow") }
            guard !batch.leases.isEmpty else { continue }
            do {
                try holder.journal.withLock { journal throws(SystemError) in
                    try journal?.append(batch.leases)
                }
                for answers in batch.answers { answers.listener.send(answers.replies) }
            } catch {
                // No acknowledgement without its lease on the disk: the clients ask again.
                log("dhcp: leases cannot be written, no machine gets one until this is fixed: \(error)")
            }
        }
    }
}
