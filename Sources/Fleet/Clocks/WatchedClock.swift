/// Both clocks of a computer at one moment.
package struct ClockReading: Equatable, Sendable {
    /// Seconds since 1970 of the first day of 2026. Roost is not older: a clock before this was never set.
    package static let earliestSecond = 1_767_225_600

    /// Milliseconds since 1970. This clock can be set at any time, by hand or by NTP.
    package var wall: Int
    /// Milliseconds since the kernel's start, including suspended time. This clock is never set.
    package var boot: Int

    package init(wall: Int, boot: Int) {
        self.wall = wall
        self.boot = boot
    }

    /// Whether the wall clock may be right.
    package var isCredible: Bool { wall >= Self.earliestSecond * 1_000 }
}

/// The wall clock, compared with the monotonic clock.
///
/// Small differences are followed: NTP makes a clock faster or slower. A large one is a jump: stored wall clock times must move with it
/// ([decision 14](../../../docs/decisions/0014-clocks.md)).
package struct WatchedClock: Sendable {
    /// Milliseconds of difference that are ignored: half of the shortest lease.
    package static let leap = 30_000

    /// The wall clock minus the monotonic clock.
    private var offset: Int

    package init(_ reading: ClockReading) { offset = reading.wall - reading.boot }

    /// Adopts the present wall clock.
    ///
    /// - Returns: the jump, if it was set since the last look.
    package mutating func look(_ reading: ClockReading) -> ClockJump? {
        let jump = ClockJump(before: reading.boot + offset, after: reading.wall)
        offset = reading.wall - reading.boot
        return abs(jump.milliseconds) < Self.leap ? nil : jump
    }

    /// Milliseconds since 1970 by the wall clock; after a jump that no `look` has seen yet, by the old clock.
    package mutating func follow(_ reading: ClockReading) -> Int {
        let known = reading.boot + offset
        // More than a leap: if this sees a jump, another clock's `look` has seen it too.
        guard abs(reading.wall - known) < 2 * Self.leap else { return known }
        offset = reading.wall - reading.boot
        return reading.wall
    }
}
