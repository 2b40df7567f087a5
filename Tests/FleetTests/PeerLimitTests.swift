import Testing
import Wire

@testable import Fleet

@Suite struct PeerLimitTests {
    @Test func `a peer's current uses are limited, and each can be returned once`() throws {
        var count = PeerCount<String>(limit: 10)
        var places: [PeerCount<String>.Place] = []
        for _ in 0..<3 { places.append(try count.take("a", most: 3)) }
        #expect(throws: PeerCount<String>.Refusal.peer) { try count.take("a", most: 3) }
        _ = try count.take("b", most: 3)
        count.release(places[0])
        _ = try count.take("a", most: 3)
        #expect(count["a"] == 3 && count["b"] == 1 && count.count == 4)
    }

    @Test func `strangers with many addresses take half from others, and no more`() throws {
        var count = PeerCount<Int>(limit: 10)
        for stranger in 0..<5 { _ = try count.take(stranger, isStranger: true, most: 1) }
        #expect(throws: PeerCount<Int>.Refusal.strangers) { try count.take(5, isStranger: true, most: 1) }
        for known in 10..<15 { _ = try count.take(known, most: 1) }
        #expect(throws: PeerCount<Int>.Refusal.all) { try count.take(15, most: 1) }
    }

    @Test func `the peer with the most uses is known`() throws {
        var count = PeerCount<String>(limit: 10)
        for peer in ["a", "b", "b"] { _ = try count.take(peer, most: 5) }
        #expect(count.greediest?.peer == "b" && count.greediest?.count == 2)
    }

    @Test func `a peer over its rate waits, and others do not`() {
        var rates = PeerRates(perSecond: 10, burst: 5)
        func taken(_ peer: String, by count: Int = 1, times: Int = 1, at now: Int) -> Int {
            (0..<count).count { _ in rates.takes(peer, times: times, now: now) }
        }
        #expect(taken("a", by: 8, at: 1_000) == 5)
        #expect(taken("b", at: 1_000) == 1)
        #expect(taken("a", by: 2, at: 1_100) == 1)
        // An address with three machines behind it has three times as much.
        #expect(taken("c", by: 20, times: 3, at: 1_100) == 15)
    }

    @Test func `a hundred greedy peers do not affect others`() {
        var rates = PeerRates(perSecond: 10, burst: 50)
        for greedy in 0..<100 { for _ in 0..<1_000 { _ = rates.takes("greedy \(greedy)", now: 1_000) } }
        let refused = (0..<1_000).count { peer in !(0..<5).allSatisfy { _ in rates.takes(peer, now: 1_000) } }
        // Peers that share both places with one of them; one in a thousand, usually none.
        #expect(refused < 20)
    }

    @Test func `limited peers are logged at once, then once a minute with the number of refusals`() throws {
        var ledger = LimitLedger()
        let limit = PeerLimit(.nbd, .connections, most: 128)
        let peer = LimitedPeer.address(try #require(IPv4Address("192.0.2.7")))
        let first = ledger.note(limit, of: peer, now: 0)
        #expect(first == "192.0.2.7 was limited: nbd: at most 128 connections per address")
        #expect((0..<213).allSatisfy { _ in ledger.note(limit, of: peer, now: 1_000) == nil })
        let early = ledger.overdue(now: 30_000)
        #expect(early.isEmpty)
        #expect(ledger.current(now: 30_000).map(\.peer) == ["192.0.2.7"])
        let later = ledger.overdue(now: 61_000)
        #expect(
            later == [
                "192.0.2.7 was limited 213 times within a minute: nbd: at most 128 connections per address"
            ])
        #expect(ledger.current(now: 62_000).isEmpty && ledger.totals == [.nbd: 214])
        // Finished cases are forgotten, and logged again later.
        let after = ledger.overdue(now: 130_000)
        let again = ledger.note(limit, of: peer, now: 130_000)
        #expect(after.isEmpty && again != nil)
    }

    @Test func `a flood from many addresses fills neither the log nor the table`() {
        var ledger = LimitLedger()
        let limit = PeerLimit(.tftp, .requests, most: 500)
        let lines = (0..<100_000).compactMap { number in
            ledger.note(limit, of: .address(IPv4Address(rawValue: number)), now: 0)
        }
        #expect(lines.count == LimitLedger.peerLimit + 1)
        #expect(lines.last?.hasPrefix("others were limited") == true)
        #expect(ledger.current(now: 0).count == LimitLedger.peerLimit + 1)
        let later = ledger.overdue(now: 60_000)
        #expect(later.count == 1)
    }

    @Test func `an address with many machines behind it has as much as they need`() throws {
        let allowances = PeerAllowances([
            .init(try #require(IPv4Network("10.9.0.1/32")), times: 50),
            .init(try #require(IPv4Network("10.9.0.0/16")), times: 2),
        ])
        #expect(allowances.times(for: try #require(IPv4Address("10.9.0.1"))) == 50)
        #expect(allowances.times(for: try #require(IPv4Address("10.9.0.2"))) == 2)
        #expect(allowances.times(for: try #require(IPv4Address("10.8.0.2"))) == 1)
        #expect(allowances.times(for: try #require(IPAddress("::ffff:10.9.0.1"))) == 50)
        let wide = PeerAllowances([
            .init(try #require(.init("0.0.0.0/0")), times: 3),
            .init(try #require(.init("2001:db8::/48")), times: 4),
        ])
        #expect(wide.times(for: try #require(IPAddress("2001:db8:0:7::1"))) == 4)
        #expect(wide.times(for: try #require(IPAddress("2001:db8:1::1"))) == 1)
        for text in ["2001:db8::1", "2001:db8::1/64", "10.9.0.1", "::/129", "x/8", ""] {
            #expect(PeerAllowances.Addresses(text) == nil, "\(text)")
        }
    }
}

@Suite struct BootTrackerLimitTests {
    private func note(_ tracker: inout BootTracker, _ machine: UInt64, link: String, nodes: Set<UInt64> = [])
    {
        _ = tracker.note(
            .dhcp, of: MACAddress(rawValue: machine), at: 0, detail: "", link: link,
            isNode: { nodes.contains($0.rawValue) }, makeBoot: { "boot\(machine)" })
    }

    @Test func `fake machines displace the oldest on their own link, and no node`() {
        var tracker = BootTracker()
        note(&tracker, 1, link: "eth1", nodes: [1])
        note(&tracker, 2, link: "eth2")
        note(&tracker, 3, link: "eth1")
        for machine in 0..<UInt64(BootTracker.linkLimit) { note(&tracker, 1_000 + machine, link: "eth1") }
        let forgotten = tracker.takeForgotten().map(\.machine.rawValue)
        let rest = tracker.takeForgotten()
        #expect(forgotten == [3] && rest.isEmpty)
        for known: UInt64 in [1, 2, 1_000] {
            #expect(tracker.currentBoot(of: MACAddress(rawValue: known)) != nil)
        }
        #expect(tracker.machine(ofBoot: "boot3") == nil)
        // The links together are limited, too: the longest one loses entries.
        for machine in 0..<UInt64(4_000) { note(&tracker, 10_000 + machine, link: "relay \(machine / 500)") }
        #expect(tracker.latest.count <= BootTracker.waitingLimit + 1)
        #expect(tracker.currentBoot(of: MACAddress(rawValue: 2)) != nil)
    }

    @Test func `a waiting machine that became a node stays`() {
        var tracker = BootTracker()
        note(&tracker, 3, link: "eth1")
        for machine in 0..<UInt64(2 * BootTracker.linkLimit) {
            note(&tracker, 1_000 + machine, link: "eth1", nodes: [3])
        }
        #expect(tracker.currentBoot(of: MACAddress(rawValue: 3)) == "boot3")
    }

    @Test func `of forty thousand reports in one boot only a few count, and new stages still count`() {
        var tracker = BootTracker()
        let machine = MACAddress(rawValue: 1)
        note(&tracker, 1, link: "")
        var (taken, byteCount) = (0, 0)
        for _ in 0..<40_000 {
            guard tracker.room(for: .failed, byteCount: 4_096, boot: "boot1", machine: machine) == .all else {
                continue
            }
            taken += 1
            byteCount += 4_096
        }
        #expect(taken <= BootTracker.repeatLimit + 1 && byteCount <= BootTracker.textByteLimit)
        let ready = tracker.room(for: .ready, byteCount: 10, boot: "boot1", machine: machine)
        #expect(ready == .stageOnly)
        // The next boot starts again.
        _ = tracker.note(.kernel, of: machine, at: 1, detail: "") { "" }
        _ = tracker.note(.dhcp, of: machine, at: 2, detail: "") { "next" }
        let next = tracker.room(for: .failed, byteCount: 4_096, boot: "next", machine: machine)
        #expect(next == .all)
    }

    @Test func `all reports of a boot with its stages and occasional failures are recorded`() {
        var tracker = BootTracker()
        let machine = MACAddress(rawValue: 1)
        note(&tracker, 1, link: "")
        for stage in BootStage.allCases where stage.isReported {
            for _ in 0..<4 {
                let room = tracker.room(for: stage, byteCount: 200, boot: "boot1", machine: machine)
                #expect(room == .all)
            }
        }
    }
}
