import CLinux
package import Fleet
import Glibc
package import Linux
import Synchronization

/// Writes deliveries to their journal on a thread of its own. What arrives while some are written is written next, all of it at once.
package final class DeliveryWriter: Sendable {
    private struct Waiting: Sendable {
        var delivery: WrittenDelivery
        var done: @Sendable (Bool) -> Void
    }

    private let waiting = Mutex([Waiting]())
    private let journal: Mutex<DeliveryJournal?>
    private let wake: FileDescriptor
    private let log: @Sendable (String) -> Void

    /// Takes ownership of the journal.
    package init(journal: consuming DeliveryJournal, log: @escaping @Sendable (String) -> Void)
        throws(SystemError)
    {
        let number = eventfd(0, Int32(EFD_CLOEXEC))
        guard number >= 0 else { throw SystemError("create an event descriptor") }
        wake = FileDescriptor(owning: number)
        self.log = log
        self.journal = Mutex(consume journal)
        try NamedThread.start("roost-deliver") { [self] in run() }
    }

    /// - Parameter done: is called on the writer's thread, with whether it is on the disk.
    package func write(_ delivery: WrittenDelivery, done: @escaping @Sendable (Bool) -> Void) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(Waiting(delivery: delivery, done: done))
            return waiting.count == 1
        }
        if isFirst { _ = eventfd_write(wake.number, 1) }
    }

    private func run() {
        while true {
            var value: eventfd_t = 0
            _ = unsafe eventfd_read(wake.number, &value)
            let batch = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            guard !batch.isEmpty else { continue }
            var isWritten = true
            do {
                try journal.withLock { journal throws(SystemError) in
                    try journal?.append(batch.map(\.delivery))
                }
            } catch {
                isWritten = false
                log("http: no node gets its configuration until this is fixed: \(error)")
            }
            for one in batch { one.done(isWritten) }
        }
    }
}
