/// What the two clocks of a computer say at one moment.
package struct ClockReading: Equatable, Sendable {
    /// Seconds since 1970 of the first day of 2026. There was no Roost before: a clock that says less was never set.
    package static let earliestSecond = 1_767_225_600

    /// Milliseconds since 1970. The clock may be set at any time, by hand or by NTP.
    package var wall: Int
    /// Milliseconds since the kernel's start, also of the time in which the computer slept. Nothing sets this one.
    package var boot: Int

    package init(wall: Int, boot: Int) {
        self.wall = wall
        self.boot = boot
    }

    /// Whether the wall clock may be right.
    package var isCredible: Bool { wall >= Self.earliestSecond * 1_000 }
}

/// The wall clock, with an eye on whether it goes as the other one does.
///
/// Small differences are followed: NTP makes a clock go faster or slower. A large one is a jump: times of the wall clock that are kept
/// have to move with it ([decision 14](../../../docs/decisions/0014-clocks.md)).
package struct WatchedClock: Sendable {
    /// Milliseconds that change nothing: half of the shortest lease.
    package static let leap = 30_000

    /// From the clock that nothing sets to the wall clock.
    private var offset: Int

    package init(_ reading: ClockReading) { offset = reading.wall - reading.boot }

    /// Takes the wall clock as it is now.
    ///
    /// - Returns: the jump, when it was set since the last look.
    package mutating func look(_ reading: ClockReading) -> ClockJump? {
        let jump = ClockJump(before: reading.boot + offset, after: reading.wall)
        offset = reading.wall - reading.boot
        return abs(jump.milliseconds) < Self.leap ? nil : jump
    }

    /// Milliseconds since 1970 by the wall clock; while it has jumped and nobody has looked, by the clock that it was.
    package mutating func follow(_ reading: ClockReading) -> Int {
        let known = reading.boot + offset
        // More than a leap: what this sees as a jump, another clock's `look` has seen as one too.
        guard abs(reading.wall - known) < 2 * Self.leap else { return known }
        offset = reading.wall - reading.boot
        return reading.wall
    }
}
