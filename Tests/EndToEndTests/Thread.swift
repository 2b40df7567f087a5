import Foundation

/// What another thread looks at to end.
final class Ending: @unchecked Sendable {
    // Sendable: every access holds the lock.
    private let lock = NSLock()
    private var isThere = false

    var hasCome: Bool { lock.withLock { isThere } }

    func come() { lock.withLock { isThere = true } }
}

extension Thread {
    /// Runs `body` on its own thread.
    static func result<T: Sendable>(_ body: @escaping @Sendable () throws -> T) -> Pending<T> {
        let pending = Pending<T>()
        detachNewThread { pending.finish(Result { try body() }) }
        return pending
    }

    final class Pending<T: Sendable>: @unchecked Sendable {
        // Sendable: the condition guards the result.
        private let condition = NSCondition()
        private var result: Result<T, any Error>?

        fileprivate func finish(_ result: Result<T, any Error>) {
            condition.lock()
            self.result = result
            condition.broadcast()
            condition.unlock()
        }

        func value() throws -> T {
            condition.lock()
            defer { condition.unlock() }
            while true {
                if let result { return try result.get() }
                condition.wait()
            }
        }
    }
}
