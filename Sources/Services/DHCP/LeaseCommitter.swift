import CLinux
import Fleet
import Glibc
package import Linux
import Synchronization
import Wire

/// Writes leases to the journal on a thread of its own and sends each answer when its lease is durable.
///
/// Everything that waits while one batch is written becomes the next batch: one `fdatasync` for all of them.
package final class LeaseCommitter: Sendable {
    /// Answers that may wait for the disk; more are dropped, and the clients ask again.
    private static let queueLimit = 65_536

    struct Entry {
        var lease: Lease
        /// What is sent when the lease is durable, from which address, and by whom; nil for nothing.
        var answer: (reply: DHCPOutcome.Reply, server: IPv4Address, listener: DHCPService.Listener)?
    }

    private struct State {
        var queue: [Entry] = []
        var dropped = 0
    }

    private let state = Mutex(State())
    private let wake: FileDescriptor
    private let log: @Sendable (String) -> Void

    /// Takes over the journal.
    package init(journal: consuming LeaseJournal, log: @escaping @Sendable (String) -> Void)
        throws(SystemError)
    {
        let number = eventfd(0, 0)
        guard number >= 0 else { throw SystemError("make an event descriptor") }
        wake = FileDescriptor(owning: number)
        self.log = log
        // The thread is the journal's only user from here on.
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

    /// Writes the leases, and then sends their answers, on the committer's thread.
    func commit(_ entries: [Entry]) {
        guard !entries.isEmpty else { return }
        let wasEmpty = state.withLock { state in
            guard state.queue.count + entries.count <= Self.queueLimit else {
                state.dropped += entries.count
                return false
            }
            let wasEmpty = state.queue.isEmpty
            state.queue += entries
            return wasEmpty
        }
        if wasEmpty { _ = eventfd_write(wake.number, 1) }
    }

    private func run(_ holder: JournalHolder) {
        while true {
            var value: eventfd_t = 0
            _ = unsafe eventfd_read(wake.number, &value)
            let (batch, dropped) = state.withLock { state in
                let taken = (state.queue, state.dropped)
                state = State()
                return taken
            }
            if dropped > 0 { log("dhcp: \(dropped) answers dropped, the disk is too slow") }
            guard !batch.isEmpty else { continue }
            do {
                try holder.journal.withLock { journal throws(SystemError) in
                    try journal?.append(batch.map(\.lease))
                }
                send(batch)
            } catch {
                // No acknowledgement without its lease on the disk: the clients ask again.
                log("dhcp: leases cannot be written, nobody gets one until this is mended: \(error)")
            }
        }
    }

    /// Each listener's answers together.
    private func send(_ batch: [Entry]) {
        var rest = batch.compactMap(\.answer)[...]
        while let first = rest.first {
            let same = rest.prefix { $0.listener === first.listener }
            first.listener.send(same.map { ($0.reply, $0.server) })
            rest = rest.dropFirst(same.count)
        }
    }
}
