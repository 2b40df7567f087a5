import Glibc

/// The clocks of this computer. Nothing else in the server asks for the time of day.
package enum SystemClock {
    /// Milliseconds since 1970, as they are set now (CLOCK_REALTIME).
    package static var wall: Int { read(CLOCK_REALTIME) }
    /// Milliseconds since the kernel's start, with the time in which the computer slept (CLOCK_BOOTTIME).
    package static var boot: Int { read(CLOCK_BOOTTIME) }
    /// Milliseconds in which the computer was awake (CLOCK_MONOTONIC): for what stands still while it sleeps.
    package static var awake: Int { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}
