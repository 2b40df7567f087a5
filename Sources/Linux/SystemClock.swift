import Glibc

/// The computer's clocks. Nothing else in the server reads the time of day.
package enum SystemClock {
    /// Milliseconds since 1970, as the clock is set now (CLOCK_REALTIME).
    package static var wall: Int { read(CLOCK_REALTIME) }
    /// Milliseconds since the kernel started, including time asleep (CLOCK_BOOTTIME).
    package static var boot: Int { read(CLOCK_BOOTTIME) }
    /// Milliseconds that the computer was awake (CLOCK_MONOTONIC), for what pauses while it sleeps.
    package static var awake: Int { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}
