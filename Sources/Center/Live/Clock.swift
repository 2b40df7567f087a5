import Fleet
import Linux
import Synchronization

/// The control center's time.
///
/// The wall clock is for people and for anything that outlives a restart. It jumps only in ``LiveFleet/move(with:)``, together with
/// everything stored by it. Anything short-lived that ends with the process uses `steadySecond`.
enum Clock {
    private static let watched = Mutex(WatchedClock(reading))

    private static var reading: ClockReading { ClockReading(wall: SystemClock.wall, boot: SystemClock.boot) }

    /// Milliseconds since 1970.
    static var millisecond: Int { watched.withLock { $0.follow(reading) } }
    /// Seconds since 1970.
    static var second: Int { millisecond / 1_000 }

    /// Milliseconds of the monotonic clock, for anything that does not outlive the process: limits, locks, tickets.
    static var steadyMillisecond: Int { SystemClock.boot }
    static var steadySecond: Int { SystemClock.boot / 1_000 }

    /// Adopts the present wall clock.
    static func jump() { watched.withLock { _ = $0.look(reading) } }
}
