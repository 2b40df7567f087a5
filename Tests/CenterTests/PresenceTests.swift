import API
import Fleet
import Foundation
import Synchronization
import Testing
import Wire

@testable import Center

/// Nodes that fall silent, shut down, and come back, as the center shows them.
@Suite struct PresenceTests {
    /// What the data planes have heard.
    private final class Ears: Sendable {
        private let heard = Mutex(HeardMachines())

        var now: HeardMachines { heard.withLock { $0 } }

        /// - Parameter ages: milliseconds since each was heard.
        func hear(_ ages: [MACAddress: Int]) {
            heard.withLock {
                $0 = HeardMachines(ages.mapValues { 10_000_000 - $0 }, now: 10_000_000, since: 0)
            }
        }
    }

    private struct Bench {
        let services: CenterServices
        let ears: Ears
        let acts: Acts
        let room: GroupPath

        func card(_ number: Int) -> MACAddress { MACAddress(rawValue: UInt64(number)) }

        func note(_ stage: BootStage, _ number: Int, boot: String = "one") async throws {
            let event = BootEvent(
                boot: boot, macAddress: card(number), stage: stage, at: Clock.millisecond, detail: "")
            try await services.fleet.store.append([event])
            try await services.fleet.note([event])
        }

        /// All nodes but these were heard just now.
        func silence(_ silent: [Int: Int], of count: Int) {
            ears.hear(
                Dictionary(uniqueKeysWithValues: (1...count).map { (card($0), silent[$0] ?? 1_000) }))
        }

        func look() { services.fleet.notePresence(ears.now, now: Clock.millisecond) }

        func troubles() async throws -> [FiguresAnswer.Trouble] {
            try await acts.figures().troubles.filter { $0.text.contains("lost") }
        }
    }

    private func bench(_ directory: TemporaryDirectory, count: Int) async throws -> Bench {
        let ears = Ears()
        var planes = QuietPlanes()
        planes.heardOf = { ears.now }
        let services = try await CenterServices.alone(in: directory, planes: planes)
        let ann = Caller(name: "ann", grants: [Grant(.admin, in: .site)], proof: .token(1))
        let bench = Bench(
            services: services, ears: ears, acts: Acts(services: services, caller: ann),
            room: try GroupPath("/room-3"))
        try await services.fleet.change(by: "test") { _ in
            try [.group(bench.room, NodeGroup(path: bench.room))]
                + (1...count).map { number in
                    let name = try NodeName("pc-\(number)")
                    return .node(
                        name, Node(name: name, group: bench.room, macAddresses: [bench.card(number)]))
                }
        }
        for number in 1...count { try await bench.note(.ready, number) }
        services.fleet.note(
            (1...count).map { AttendedBoot(boot: "one", macAddress: bench.card($0), at: 1) })
        bench.silence([:], of: count)
        return bench
    }

    private func names(_ query: String, _ bench: Bench) async throws -> [String] {
        try await bench.acts.names(query).map(\.text)
    }

    @Test func `lists, counts, conditions and details say lost, off and when it was heard`() async throws {
        let bench = try await bench(try TemporaryDirectory(), count: 3)
        bench.silence([2: 61_000], of: 3)
        try await bench.note(.off, 3)
        #expect(try await names("state=ready", bench) == ["pc-1"])
        #expect(try await names("state=lost", bench) == ["pc-2"])
        #expect(try await names("state=off", bench) == ["pc-3"])
        let states = try await bench.acts.figures().states
        #expect(states[.ready] == 1 && states[.lost] == 1 && states[.off] == 1)
        let rows = try await bench.acts.nodes("", offset: 0, limit: 9).rows
        #expect(rows.map(\.state) == [.ready, .lost, .off])
        #expect(rows.map(\.stageInWords) == ["ready", "lost", "off"])
        let ages = rows.map { Clock.millisecond - ($0.heardAt ?? 0) }
        #expect((1_000..<30_000).contains(ages[0]) && (61_000..<90_000).contains(ages[1]))
        let lost = try await bench.acts.nodeDetails("pc-2")
        #expect(lost.answer.state == .lost && !lost.mayRestart)
        #expect(try await bench.acts.nodeDetails("pc-1").mayRestart)
        #expect(try await !bench.acts.nodeDetails("pc-3").mayRestart)
        // The past knows nothing of that.
        var past = bench.acts
        past.at = Clock.second + 1
        #expect(try await past.node("pc-2").state == .ready)
    }

    @Test func `the same trouble in many groups is one line, and in two a line for each`() async throws {
        // None of them has an image.
        let bench = try await bench(try TemporaryDirectory(), count: 4)
        func move(_ number: Int, to text: String) async throws {
            try await bench.services.fleet.change(by: "test") { current in
                let (group, name) = (try GroupPath(text), try NodeName("pc-\(number)"))
                var node = try #require(current.nodes[name])
                node.group = group
                let missing = group.lineage.filter { $0 != .site && current.groups[$0] == nil }
                return missing.map { .group($0, NodeGroup(path: $0)) } + [.node(name, node)]
            }
        }
        func lines() async throws -> Set<[String]> {
            Set(
                try await bench.acts.figures().troubles.map {
                    [$0.group?.description ?? ""] + $0.machines.map(\.text)
                })
        }
        #expect(try await lines() == [["/room-3", "pc-1", "pc-2", "pc-3", "pc-4"]])
        for number in [1, 4] { try await move(number, to: "/school/room-1") }
        #expect(try await lines() == [["/school/room-1", "pc-1", "pc-4"], ["/room-3", "pc-2", "pc-3"]])
        try await move(2, to: "/school/room-2")
        #expect(try await lines() == [["/", "pc-1", "pc-2", "pc-3", "pc-4"]])
        try await move(3, to: "/school/room-3")
        #expect(try await lines() == [["/school", "pc-1", "pc-2", "pc-3", "pc-4"]])
    }

    @Test func `only a node that runs can be asked to do something, and the answer says why not`()
        async throws
    {
        let bench = try await bench(try TemporaryDirectory(), count: 3)
        bench.silence([2: 61_000], of: 3)
        try await bench.note(.off, 3)
        try await bench.acts.restart("pc-1")
        func refusal(_ name: String) async -> String {
            do { try await bench.acts.restart(name) } catch { return "\(error)" }
            return ""
        }
        #expect(await refusal("pc-2").contains("is lost: nothing was heard from it for 61 s"))
        #expect(await refusal("pc-3").contains("is not running"))
        await #expect(throws: StoreError.self) { try await bench.acts.stepChanges("pc-2") }
    }

    @Test func `each change is an event, once, and many of one group are one`() async throws {
        let bench = try await bench(try TemporaryDirectory(), count: 12)
        let stream = bench.services.fleet.events.listen()
        var events = stream.makeAsyncIterator()
        _ = await events.next()
        bench.look()
        bench.silence([2: 61_000], of: 12)
        bench.look()
        bench.look()
        var told = await events.next()?.event
        #expect(told?.kind == .lost && told?.node?.text == "pc-2" && told?.group == bench.room)
        bench.silence([:], of: 12)
        bench.look()
        bench.look()
        told = await events.next()?.event
        #expect(told?.kind == .heard && told?.node?.text == "pc-2")
        // Of a shutdown the node itself tells.
        try await bench.note(.off, 1)
        told = await events.next()?.event
        #expect(told?.kind == .off && told?.node?.text == "pc-1")
        bench.silence(
            Dictionary(uniqueKeysWithValues: (1...12).map { ($0, 70_000) }), of: 12)
        bench.look()
        told = await events.next()?.event
        #expect(told?.kind == .lost && told?.node == nil && told?.text == "11 nodes of /room-3: lost")
        // A new boot is told by its own stages.
        try await bench.note(.dhcp, 2, boot: "two")
        bench.look()
        bench.services.fleet.events.publish(ServerEvent(kind: .clock, text: "end"))
        let (boot, end) = (await events.next()?.event, await events.next()?.event)
        #expect(boot?.kind == .boot && end?.kind == .clock)
    }

    @Test func `one lost node is a trouble with what it holds, and a silent room is one trouble`()
        async throws
    {
        let bench = try await bench(try TemporaryDirectory(), count: 12)
        bench.silence([2: 61_000], of: 12)
        #expect(try await bench.troubles().isEmpty)
        let session = try JSONDecoder().decode(
            NodeSessions.TellsSession.self,
            from: Data(
                #"{"id":"1","user":"ann","kind":"x11","place":"seat0","from":"","isActive":true,"age":9}"#
                    .utf8))
        bench.services.fleet.note([session], of: bench.card(2), in: "one")
        let held = try #require(try await bench.troubles().first)
        #expect(held.machine.text == "pc-2" && held.text == "lost, with 1 session")
        #expect((61_000..<90_000).contains(Clock.millisecond - (held.since ?? 0)))
        bench.silence([2: 61_000, 9: 400_000, 10: 120_000, 11: 90_000, 12: 95_000], of: 12)
        let troubles = try await bench.troubles()
        #expect(troubles.count == 1)
        let many = try #require(troubles.first)
        #expect(many.machines.map(\.text) == ["pc-2", "pc-10", "pc-11", "pc-12"] && many.count == 4)
        #expect(many.text == "4 nodes of /room-3 are lost" && many.group == bench.room)
        #expect((120_000..<150_000).contains(Clock.millisecond - (many.since ?? 0)))
    }

    @Test func `many machines are approved in one revision, or none`() async throws {
        let bench = try await bench(try TemporaryDirectory(), count: 1)
        let (fleet, acts) = (bench.services.fleet, bench.acts)
        let machines = (100...102).map { MACAddress(rawValue: $0) }
        func approval(_ pattern: String, _ machines: [MACAddress]) -> ApprovalsRequest {
            ApprovalsRequest(machines: machines, pattern: pattern, group: bench.room)
        }
        let before = fleet.snapshot.revision
        let made = try await acts.approveAll(approval("pc-{1..9}", machines))
        #expect(made.nodes.map(\.name.text) == ["pc-2", "pc-3", "pc-4"] && made.revision == before + 1)
        #expect(made.nodes.map(\.macAddresses) == machines.map { [$0] })
        let fresh = (200...203).map { MACAddress(rawValue: $0) }
        for refused in [approval("x-{1..3}", fresh), approval("x-{1..9}", [fresh[0], machines[0]])] {
            await #expect(throws: StoreError.self) { _ = try await acts.approveAll(refused) }
        }
        await #expect(throws: Problem.self) {
            _ = try await acts.approveAll(approval("x-{1..9}", [fresh[0], fresh[0]]))
        }
        #expect(fleet.snapshot.revision == made.revision)
    }
}
