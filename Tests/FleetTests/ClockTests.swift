import Testing
import Wire

@testable import Fleet

/// Stored times when their clock is set.
@Suite struct ClockTests {
    private static let year = 31_556_952
    /// In 2026, and in 1970.
    private static let (now, never) = (1_795_000_000, 86_400)

    private func jump(from before: Int, to after: Int) -> ClockJump {
        ClockJump(before: before * 1_000, after: after * 1_000)
    }

    @Test(arguments: [3_600, -3_600, 2 * year, -2 * year, now - never, never - now, 31, -31])
    func `a clock that was set has jumped, once`(seconds: Int) throws {
        var clock = WatchedClock(ClockReading(wall: Self.now * 1_000, boot: 500))
        #expect(clock.look(ClockReading(wall: Self.now * 1_000 + 1_000, boot: 1_500)) == nil)
        let after = Self.now * 1_000 + 2_000 + seconds * 1_000
        let seen = clock.look(ClockReading(wall: after, boot: 2_500))
        let jump = try #require(seen)
        #expect(jump == ClockJump(before: Self.now * 1_000 + 2_000, after: after))
        #expect(jump.seconds == seconds)
        #expect(clock.look(ClockReading(wall: after + 1_000, boot: 3_500)) == nil)
    }

    @Test func `NTP's gradual changes are followed, and suspension is not a jump`() {
        var clock = WatchedClock(ClockReading(wall: 1_000_000, boot: 0))
        // A tenth faster, for an hour; a clock that is only followed keeps up.
        var follower = clock
        for second in 1...3_600 {
            let reading = ClockReading(wall: 1_000_000 + 1_100 * second, boot: 1_000 * second)
            #expect(clock.look(reading) == nil)
            #expect(follower.follow(reading) == reading.wall)
        }
        // Suspended for eight hours: both clocks continued.
        let slept = ClockReading(wall: 1_000_000 + 3_960_000 + 28_800_000, boot: 3_600_000 + 28_800_000)
        #expect(clock.look(slept) == nil)
    }

    @Test func `a clock that is followed does not jump before it is told to`() {
        var clock = WatchedClock(ClockReading(wall: 1_000_000, boot: 0))
        let set = ClockReading(wall: 9_000_000_000, boot: 5_000)
        #expect(clock.follow(set) == 1_005_000)
        #expect(clock.look(set) != nil)
        #expect(clock.follow(set) == 9_000_000_000)
    }

    @Test func `times written by the clock move with it, and times ahead of it stay`() {
        let jump = jump(from: Self.never, to: Self.now)
        #expect(jump.moved(second: Self.never - 60) == Self.now - 60)
        #expect(jump.moved(second: Self.now - 86_400) == Self.now - 86_400)
        #expect(jump.moved(end: Self.never + 3_600, longest: 43_200) == Self.now + 3_600)
        #expect(jump.moved(end: Self.now + 3_600, longest: 43_200) == Self.now + 3_600)
    }

    @Test func `what can be used for some time keeps it, by when it was made or last used`() {
        let jump = jump(from: Self.ahead, to: Self.now)
        let seconds = Self.now - Self.ahead
        let (made, end) = (Self.ahead - 600, Self.ahead + 600)
        func moved(_ start: Int, _ end: Int?, _ usedAt: Int?) -> [Int?] {
            let token = APIToken(
                id: 1, name: "t", owner: "ann", grants: [], createdAt: start, expiresAt: end)
            let link = BoardLink(
                id: 1, name: "l", group: .site, createdBy: "ann", createdAt: start, expiresAt: end)
            let (one, other) = (
                token.moved(with: jump, usedAt: usedAt), link.moved(with: jump, usedAt: usedAt)
            )
            #expect(one.createdAt == other.createdAt && one.expiresAt == other.expiresAt)
            #expect(one.means(token) && other.means(link))
            return [one.createdAt, one.expiresAt]
        }
        #expect(moved(made, end, nil) == [made + seconds, end + seconds])
        #expect(moved(made, nil, nil) == [made + seconds, nil])
        // Made by the right clock, before it went wrong: it stays, unless it was used since.
        #expect(moved(Self.now - 600, Self.now + 600, nil) == [Self.now - 600, Self.now + 600])
        #expect(moved(Self.now - 600, end, Self.ahead) == [Self.now - 600 + seconds, end + seconds])
        // Used by a clock that was further ahead yet.
        #expect(moved(made, end, Self.ahead + Self.year) == [made, end])
    }

    @Test func `an account waits for its person as long as before, and no other time of it moves`() {
        let jump = jump(from: Self.never, to: Self.now)
        var eve = Administrator(name: "eve", source: .oidc, grants: [])
        #expect(eve.moved(with: jump, usedAt: nil) == eve && eve.writtenAt == nil)
        eve.linkableUntil = Self.never + Administrator.linkingSeconds
        #expect(
            eve.moved(with: jump, usedAt: nil).linkableUntil == Self.now + Administrator.linkingSeconds)
        eve.linkableUntil = Self.now + 600
        #expect(eve.moved(with: jump, usedAt: nil) == eve)
    }

    @Test func `every noun with times of the clock is moved by stores`() {
        #expect(Set(FleetRecords.timed.map { $0.kind }) == ["administrator", "token", "board"])
    }

    @Test(arguments: [2 * year, -2 * year, now - never, 28_800])
    func `there and back changes nothing`(seconds: Int) {
        let (there, back) = (
            jump(from: Self.now, to: Self.now + seconds), jump(from: Self.now + seconds, to: Self.now)
        )
        for second in [Self.now, Self.now - 3_600, Self.now - 20 * 86_400] {
            #expect(back.moved(second: there.moved(second: second)) == second)
        }
        #expect(
            back.moved(end: there.moved(end: Self.now + 600, longest: 3_600), longest: 3_600) == Self.now
                + 600)
    }

    /// 2099.
    private static let ahead = 4_080_000_000

    @Test func `a clock that was years ahead takes its own times back, and no earlier ones`() {
        let jump = jump(from: Self.ahead, to: Self.now)
        #expect(jump.moved(second: Self.ahead - 3_600) == Self.now - 3_600)
        #expect(jump.moved(second: Self.now - 3_600) == Self.now - 3_600)
        #expect(jump.moved(millisecond: (Self.now - 60) * 1_000) == (Self.now - 60) * 1_000)
        #expect(jump.moved(end: Self.ahead + 1_800, longest: 3_600) == Self.now + 1_800)
        #expect(jump.moved(end: Self.now + 1_800, longest: 3_600) == Self.now + 1_800)
    }

    @Test(arguments: [
        (now - 60, now, 0), (now, now - 20 * 86_400, 0), (now - 29 * 86_400, now, 0), (never, now, 0),
        (now, never, 0), (now, ahead, ahead - now), (ahead, now, now - ahead),
        (now - 31 * 86_400, now, 31 * 86_400),
    ])
    func `a leap between two runs is detected when it is longer than usual`(
        last: Int, now: Int, leap: Int
    ) {
        let seen = ClockJump.betweenRuns(
            lastSecond: last, now: ClockReading(wall: now * 1_000, boot: 9_000), longest: 3_600)
        #expect(seen?.seconds ?? 0 == leap)
    }

    @Test func `a server without a past has no leap, and longer leases make longer absences usual`() {
        let now = ClockReading(wall: Self.now * 1_000, boot: 9_000)
        #expect(ClockJump.betweenRuns(lastSecond: nil, now: now, longest: 3_600) == nil)
        let last = Self.now - 40 * 86_400
        #expect(ClockJump.betweenRuns(lastSecond: last, now: now, longest: 50 * 86_400) == nil)
    }

    @Test func `the newest lease shows when the server last granted one`() throws {
        let leases = [try lease(Self.now + 3_600), try lease(Self.now - 86_400), try lease(Lease.never)]
        #expect(Lease.lastGiven(of: leases, on: try link(3_600)) == Self.now)
        #expect(Lease.lastGiven(of: [try lease(Lease.never)], on: try link(nil)) == nil)
    }

    @Test(arguments: [
        (now - never, "forward by 56 years"), (-2 * year - 5, "back by 2 years"),
        (86_400, "forward by 1 day"),
        (-7_200, "back by 2 hours"), (60, "forward by 1 minute"), (45, "forward by 45 seconds"),
    ])
    func `a jump is described in its largest unit`(seconds: Int, text: String) {
        #expect(jump(from: Self.now, to: Self.now + seconds).description == text)
    }

    // MARK: Leases

    private func link(_ seconds: UInt32?) throws -> [DHCPLink] {
        let subnet = DHCPSubnet(
            network: try #require(IPv4Network("10.77.0.0/24")), server: Sample.server, pools: [],
            leaseSeconds: seconds)
        return [DHCPLink(interface: "br0", subnets: [subnet])]
    }

    private func lease(_ end: Int) throws -> Lease {
        Lease(
            address: try #require(IPv4Address("10.77.0.100")), holder: .macAddress(Sample.mac), expiresAt: end
        )
    }

    @Test(arguments: [3_600, 2 * year, -2 * year, now - never])
    func `a lease keeps its remaining time after a jump`(seconds: Int) throws {
        let longest = Lease.longestSeconds(on: try link(3_600))
        let moved = try lease(Self.now + 1_800).moved(
            with: jump(from: Self.now, to: Self.now + seconds), longest: longest)
        #expect(moved.expiresAt == Self.now + seconds + 1_800)
        let endless = try lease(Lease.never).moved(
            with: jump(from: Self.now, to: Self.now + seconds), longest: longest)
        #expect(endless.expiresAt == Lease.never)
    }

    @Test func `leases from before a start in 1970 are unchanged once the time is right again`() throws {
        let jump = jump(from: Self.never, to: Self.now)
        let lease = try lease(Self.now + 1_800)
        #expect(lease.moved(with: jump, longest: Lease.longestSeconds(on: try link(3_600))) == lease)
    }

    @Test func `a lease written in 1970 lasts once more when the server starts with the right time`()
        throws
    {
        let old = try lease(Self.never + 3_600)
        #expect(old.takenUp(at: Self.now, on: try link(43_200)).expiresAt == Self.now + 43_200)
        #expect(old.takenUp(at: Self.now, on: try link(nil)).expiresAt == Lease.never)
        // Still in 1970 the right time is unknown; and a usual lease stays.
        #expect(old.takenUp(at: Self.never, on: try link(43_200)) == old)
        #expect(
            try lease(Self.now - 5).takenUp(at: Self.now, on: try link(43_200)) == (try lease(Self.now - 5)))
    }

    // MARK: Boots and roll-outs

    @Test(arguments: [2 * year, -2 * year, now - never, 7_200])
    func `a trial and its boots keep their age after a jump`(seconds: Int) throws {
        var rollout = Rollout(
            id: 1, image: try ImageName("debian"), channel: .stable, candidate: 2, former: 1, share: "5%",
            terms: Rollout.Terms(readyWithin: 300, trialSeconds: 1_800), startedAt: Self.now - 600,
            startedBy: "test", canaries: [try NodeName("pc-1"), try NodeName("pc-2")])
        rollout.note(.ready(after: 1_000), of: try NodeName("pc-1"), began: (Self.now - 500) * 1_000)
        rollout.note(.underWay, of: try NodeName("pc-2"), began: (Self.now - 60) * 1_000)
        rollout.move(with: jump(from: Self.now, to: Self.now + seconds))
        rollout.advance(to: (Self.now + seconds) * 1_000)
        #expect(rollout.state == .running && rollout.count(.booting) == 1)
        rollout.advance(to: (Self.now + seconds + 241) * 1_000)
        #expect(rollout.state == .failed)
    }

    @Test func `a boot during a jump of the clock keeps its duration`() {
        var tracker = BootTracker()
        _ = tracker.note(.dhcp, of: Sample.mac, at: Self.never * 1_000, detail: "") { "first" }
        tracker.move(with: jump(from: Self.never + 20, to: Self.now))
        let event = tracker.report(
            .ready, boot: "first", machine: Sample.mac, at: (Self.now + 10) * 1_000, detail: "")
        #expect(event?.at == (Self.now + 10) * 1_000)
        #expect(tracker.progress(of: Sample.mac)?.startedAt == (Self.now - 20) * 1_000)
        // Nor does a jump back make it a future boot.
        tracker.move(with: jump(from: Self.now + 20, to: Self.never))
        let next = tracker.note(.dhcp, of: Sample.mac, at: (Self.never + 400) * 1_000, detail: "") {
            "second"
        }
        #expect(next?.boot == "second")
    }

    @Test func `a timeline of the last hour moves, an older one is history`() {
        let entries = [0, 30].map {
            BootTimeline.Entry(stage: .dhcp, at: (Self.never + $0) * 1_000, detail: "")
        }
        var boot = BootTimeline(boot: "b", macAddress: Sample.mac, entries: entries)
        let old = boot
        boot.move(with: jump(from: Self.never + 60, to: Self.now))
        #expect(boot.entries.map(\.at) == [(Self.now - 60) * 1_000, (Self.now - 30) * 1_000])
        var history = old
        history.move(with: jump(from: Self.never + 7_200, to: Self.now))
        #expect(history == old)
    }
}
