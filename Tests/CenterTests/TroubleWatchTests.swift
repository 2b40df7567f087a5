import API
import Fleet
import Testing
import Wire

@testable import Center

/// What is wrong now, as web hooks and other listeners hear of it.
@Suite struct TroubleWatchTests {
    private func trouble(_ subject: String, _ text: String = "text", in group: GroupPath? = nil)
        -> StandingTrouble
    {
        StandingTrouble("stuck", of: subject, node: try? NodeName(subject), in: group, text)
    }

    @Test func `a trouble is told once, and once that it is over`() {
        var watch = TroubleWatch()
        #expect(watch.look([trouble("pc-1")]).isEmpty)
        let begun = watch.look([trouble("pc-1")])
        #expect(begun.map(\.kind) == [.trouble] && begun.first?.node?.text == "pc-1")
        // Another text is no other trouble.
        #expect(watch.look([trouble("pc-1", "other")]).isEmpty)
        #expect(watch.look([]).isEmpty)
        let over = watch.look([])
        #expect(over.map(\.kind) == [.troubleOver] && over.first?.text == "over: text")
        #expect(watch.look([]).isEmpty)
    }

    @Test func `what comes and goes is not told at each look`() {
        var watch = TroubleWatch()
        for _ in 1...20 {
            #expect(watch.look([trouble("pc-1")]).isEmpty)
            #expect(watch.look([]).isEmpty)
        }
        _ = watch.look([trouble("pc-1")])
        #expect(watch.look([trouble("pc-1")]).count == 1)
        for _ in 1...20 {
            #expect(watch.look([]).isEmpty)
            #expect(watch.look([trouble("pc-1")]).isEmpty)
        }
    }

    @Test func `many of one group share an event, and each group has its own`() throws {
        var watch = TroubleWatch()
        let (school, office) = (try GroupPath("/school"), try GroupPath("/office"))
        let many = (1...300).map { trouble("pc-\($0)", in: school) } + [trouble("desk", in: office)]
        _ = watch.look(many)
        let told = watch.look(many)
        #expect(told.count == 2 && told.map(\.group) == [office, school])
        #expect(told[0].node?.text == "desk" && told[1].node == nil)
        #expect(told[1].text.hasPrefix("300 times (stuck) of /school, such as pc-1"))
        _ = watch.look([])
        #expect(watch.look([]).map(\.kind) == [.troubleOver, .troubleOver])
    }

    /// Each of them stands on the first page, and has an event of its own kind or one of these.
    @Test func `silent servers, pools without servers and stuck nodes are among them`() async throws {
        let fleet = try await SmallFleet()
        let (services, terminals) = (fleet.services, fleet.services.terminals)
        _ = terminals.take(
            SmallFleet.report(users: ["ann"]), from: try TerminalName("ts-of-pc-1"),
            at: Clock.steadyMillisecond - 60_000)
        // Servers have been looked at for a while.
        await terminals.watch(at: Clock.steadyMillisecond - 60_000)
        let group = try GroupPath(Place.school.rawValue)
        let snapshot = services.fleet.snapshot
        let node = try #require(snapshot.nodes[try NodeName("pc-1")])
        let live = try await LiveFacts(services, in: snapshot, addressesOf: [], at: nil)
        var troubles = TroubleList(
            live, now: Clock.millisecond, advice: FailureAdvice(live, in: snapshot, for: .local))
        let boot = BootTimeline(
            boot: "slow", macAddress: try #require(node.macAddresses.first),
            entries: [BootTimeline.Entry(stage: .root, at: 1, detail: "")])
        troubles.look(at: node, .stuck, boot, lack: nil, in: snapshot)
        let stuck = try #require(troubles.standing.first)
        #expect(stuck.key == StandingTrouble.Key(what: "stuck", subject: "pc-1"))
        #expect(stuck.node == node.name && stuck.group == group)
        #expect(stuck.text.hasPrefix("stuck after root; "))

        let standing = try await services.standingTroubles()
        func one(_ what: String, _ subject: String) -> StandingTrouble? {
            standing.first { $0.key == StandingTrouble.Key(what: what, subject: subject) }
        }
        #expect(one("silent", "ts-of-pc-1")?.group == group)
        #expect(one("unserved", "pool-of-pc-1")?.group == group)

        // The page has nothing that no event tells.
        let acts = Acts(services: services, caller: .local)
        for line in try await acts.overview().troubles {
            let hasKind = [.failed, .lost, .step, .tpm].contains(line.trouble.kind)
            #expect(hasKind || one(line.trouble.kind.rawValue, line.trouble.machine.text) != nil)
        }
        #expect(
            try acts.terminalTroubles().allSatisfy { trouble in standing.contains { $0.text == trouble.text }
            })
    }

    @Test func `who asks for problems gets them`() {
        let kinds = EventKind.problems.map(\.rawValue)
        for kind in [EventKind.trouble, .troubleOver, .lost, .heard] {
            #expect(ServerEvent(kind: kind, text: "x").isOne(of: kinds))
        }
        #expect(!ServerEvent(kind: .configuration, text: "x").isOne(of: kinds))
    }
}
