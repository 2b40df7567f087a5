package import Linux

/// A connection to the server that was not made, or that broke before the whole answer was there.
package struct BrokenConnection: Error, CustomStringConvertible {
    package var cause: SystemError
    package var description: String { cause.description }

    package init(_ cause: SystemError) { self.cause = cause }
}

/// How long a booting node asks a server that is away or not ready: one that is started anew answers within seconds, and the boot goes on.
package struct ServerPatience: Sendable {
    /// Half a minute in all. A server that is away for longer is said on the screen.
    package static let milliseconds = 30_000
    /// Of a server that is there, and soon ready.
    private static let busyPause = 100
    /// Of one that is away: a room of nodes asks it, too.
    private static let brokenPause = 1_000

    private let end: Int

    /// - Parameter now: milliseconds since the kernel started.
    package init(from now: Int) { end = now + Self.milliseconds }

    /// - Returns: milliseconds to wait before asking again; nil: the error is the answer.
    package func pause(after error: any Error, now: Int) -> Int? {
        guard now < end else { return nil }
        if error is BrokenConnection { return Self.brokenPause }
        return (error as? ServerRefusal)?.status == 503 ? Self.busyPause : nil
    }

    /// Calls `ask` until it succeeds, or fails for good.
    ///
    /// - Parameter wait: gets milliseconds.
    package static func keep<Answer>(
        now: () -> Int = { SystemClock.boot }, wait: (Int) -> Void, _ ask: () throws -> Answer
    ) throws -> Answer {
        let patience = ServerPatience(from: now())
        while true {
            do { return try ask() } catch {
                guard let pause = patience.pause(after: error, now: now()) else { throw error }
                wait(pause)
            }
        }
    }
}
