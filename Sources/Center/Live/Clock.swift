import Fleet
import Linux
import Synchronization

/// The time by which the control center works.
///
/// The wall clock is for what people read and what is kept over restarts. It jumps only in ``LiveFleet/move(with:)``, together with all
/// that is kept by it. What lasts for a while and is forgotten with the process counts `steadySecond`.
enum Clock {
    private static let watched = Mutex(WatchedClock(reading))

    private static var reading: ClockReading { ClockReading(wall: SystemClock.wall, boot: SystemClock.boot) }

    /// Milliseconds since 1970.
    static var millisecond: Int { watched.withLock { $0.follow(reading) } }
    /// Seconds since 1970.
    static var second: Int { millisecond / 1_000 }

    /// Milliseconds of the clock that nothing sets, for what does not outlive the process: limits, locks, tickets.
    static var steadyMillisecond: Int { SystemClock.boot }
    static var steadySecond: Int { SystemClock.boot / 1_000 }

    /// Takes the wall clock as it is now.
    static func jump() { watched.withLock { _ = $0.look(reading) } }
}
