import Foundation

/// Blocking work on its own thread, beside other work that does not need its result yet.
final class ThreadWork<Value: Sendable>: Sendable {
    private let done = DispatchSemaphore(value: 0)
    private let box = Box()

    private final class Box: @unchecked Sendable {
        // Sendable: written before the semaphore is signalled, read after waiting for it.
        var result: Result<Value, any Error>?
    }

    init(_ body: @escaping @Sendable () throws -> Value) {
        Thread.detachNewThread { [box, done] in
            box.result = Result { try body() }
            done.signal()
        }
    }

    /// Waits until the work is done; to be called once.
    func value() throws -> Value {
        done.wait()
        guard let result = box.result else { preconditionFailure("work that ended without a result") }
        return try result.get()
    }
}
