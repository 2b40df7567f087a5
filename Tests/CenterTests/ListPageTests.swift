import API
import Fleet
import Synchronization
import Testing
import Wire

@testable import Center

/// The lists of boots and leases: searched, counted, and with phone cards.
@Suite struct ListPageTests {
    private static let words = Words(.english, phrases: "")

    private static func boot(_ name: String, _ last: BootStage, detail: String = "", mac: UInt64 = 1)
        -> BootTimeline
    {
        BootTimeline(
            boot: name, macAddress: MACAddress(rawValue: mac),
            entries: [
                BootTimeline.Entry(stage: .dhcp, at: 1_000, detail: ""),
                BootTimeline.Entry(stage: last, at: 3_000, detail: detail),
            ])
    }

    private static func acts(_ role: Role, in place: Place, of fleet: SmallFleet) throws -> Acts {
        let grant = Grant(role, in: try GroupPath(place.rawValue))
        return Acts(
            services: fleet.services, caller: Caller(name: "one", grants: [grant], proof: .token(1)))
    }

    // MARK: Boots

    @Test(arguments: [
        (BootStage.failed, true, Acts.BootOutcome.failed), (.ready, true, .ready), (.ready, false, .ready),
        (.off, true, .off), (.kernel, true, .booting), (.kernel, false, .broken), (.failed, false, .failed),
    ])
    func `a boot that stopped on its way is under way only while the machine has begun no other`(
        stage: BootStage, isLast: Bool, outcome: Acts.BootOutcome
    ) {
        let boot = Self.boot("a", stage)
        #expect(Acts.BootOutcome(boot, isLast: isLast, now: 4_000) == outcome)
        let late = Acts.BootOutcome(boot, isLast: isLast, now: 4_000 + MachineState.stuckAfter)
        #expect(late == (outcome == .booting ? .stuck : outcome))
    }

    @Test func `a row of boots has one word for its state, and the cause once`() throws {
        let node = Node(
            name: try NodeName("pc-1"), group: try GroupPath("/room-1"), macAddresses: [])
        let rows = [
            Acts.SeenBoot(
                boot: Self.boot("a", .failed, detail: "20-root: no export"), node: node, outcome: .failed),
            Acts.SeenBoot(boot: Self.boot("b", .kernel), node: nil, outcome: .booting),
        ]
        let list = Acts.BootList(
            page: Acts.Page(rows, offset: 0, limit: 9), outcomes: [.failed: 1], unknown: 1, total: 1_200)
        let view = BootsView(list, try PageViewTests.pager("/boots", "?q=a"), now: 63_000, Self.words)
        #expect(view.summary == "Last boots: 1,200 · matching: 2")
        let (failed, unknown) = (view.table?.rows.first, view.table?.rows.last)
        #expect(failed?.state.text == "failed" && failed?.state.because == nil)
        #expect(failed?.detail == "20-root: no export" && failed?.stage == "" && failed?.mac == nil)
        #expect(failed?.group.path == "/groups?path=%2Froom-1" && failed?.link == "/nodes/pc-1")
        #expect(unknown?.name == FleetSnapshot.screenCode(of: MACAddress(rawValue: 1)))
        #expect(unknown?.mac == "00:00:00:00:00:01" && unknown?.stage == "kernel")
        #expect(unknown?.group.path == "/machines")
        #expect(view.filter.chips.map(\.path) == ["/boots?q=state%3Dfailed", "/boots?q=state%3Dunknown"])
        let text = try PageViewTests.shown(view)
        #expect(text.ranges(of: "20-root: no export").count == 1)
        #expect(!text.contains("No boot"))
    }

    @Test func `a list without rows says whether there are none, or none that match`() throws {
        func text(_ total: Int) throws -> String {
            let list = Acts.BootList(page: Acts.Page([], offset: 0, limit: 9), outcomes: [:], total: total)
            return try PageViewTests.shown(
                BootsView(list, PageViewTests.pager("/boots", "?q=x"), now: 0, Self.words))
        }
        #expect(try text(0).contains("No boot was seen yet."))
        #expect(try text(3).contains("No boot matches."))
    }

    @Test func `boots are searched by name, code, hardware address, group and state`() async throws {
        let fleet = try await SmallFleet()
        let acts = try Self.acts(.operator_, in: .site, of: fleet)
        let all = try await acts.boots("", offset: 0, limit: 100)
        #expect(all.total == all.page.count && all.outcomes.values.reduce(all.unknown, +) == all.total)
        let waiting = try #require(MACAddress(SmallFleet.waiting))
        let node = try NodeName(Place.school.node)
        for query in [node.text, Place.school.macAddress] {
            let found = try await acts.boots(query.uppercased(), offset: 0, limit: 100)
            #expect(found.page.rows.contains { $0.node?.name == node }, "\(query)")
            #expect(found.page.count < all.total && found.total == all.total, "\(query)")
        }
        let code = try await acts.boots(FleetSnapshot.screenCode(of: waiting), offset: 0, limit: 100)
        #expect(code.page.rows.map(\.boot.macAddress) == [waiting])
        let group = try await acts.boots("\(Place.school.rawValue) \(node)", offset: 0, limit: 100)
        #expect(group.page.rows.allSatisfy { $0.node?.name == node } && group.page.count > 0)
        for (outcome, count) in all.outcomes {
            let found = try await acts.boots("state=\(outcome.rawValue)", offset: 0, limit: 1)
            #expect(found.page.count == count && found.page.rows.count == 1)
        }
        let unknown = try await acts.boots("state=unknown", offset: 0, limit: 100)
        #expect(unknown.page.count == all.unknown && unknown.page.rows.allSatisfy { $0.node == nil })
        // Who sees one group is told of no other, and not how many boots there are.
        let school = try Self.acts(.operator_, in: .school, of: fleet)
        let own = try await school.boots("", offset: 0, limit: 100)
        #expect(own.total < all.total && !own.page.rows.contains { $0.node?.name.text == Place.office.node })
        #expect(try await school.boots(Place.office.node, offset: 0, limit: 9).page.count == 0)
    }

    // MARK: Leases

    private static func lease(_ address: String, _ mac: String, _ expiresAt: Int, _ hostName: String = "")
        throws -> Lease
    {
        Lease(
            address: try #require(IPv4Address(address)),
            holder: .macAddress(try #require(MACAddress(mac))), expiresAt: expiresAt, hostName: hostName)
    }

    @Test func `leases are counted by kind, and searched by address, network, card and name`() async throws {
        let fleet = try await SmallFleet()
        let now = Clock.second
        try fleet.leases.all.withLock { leases in
            leases = [
                try Self.lease("10.77.1.9", "52:54:00:00:09:02", now - 60, "Printer"),
                try Self.lease("10.77.0.8", "52:54:00:00:09:01", now + 1_800),
                try Self.lease("10.77.0.7", Place.office.macAddress, now + 86_400),
                try Self.lease("10.77.0.6", Place.school.macAddress, Lease.never, "other"),
            ]
        }
        let acts = try Self.acts(.operator_, in: .site, of: fleet)
        func found(_ query: String) async throws -> [String] {
            try await acts.leases(query, offset: 0, limit: 9).page.rows.map(\.address.description)
        }
        let all = try await acts.leases()
        #expect(all.figures == Acts.LeaseFigures(total: 4, ofNodes: 2, ending: 1, past: 1))
        #expect(
            all.page.rows.map(\.address.description) == [
                "10.77.0.6", "10.77.0.7", "10.77.0.8", "10.77.1.9",
            ])
        #expect(try await found("printer") == ["10.77.1.9"])
        #expect(try await found("52-54-00-00-09-01") == ["10.77.0.8"])
        #expect(try await found("10.77.0.0/24 of=unknown") == ["10.77.0.8"])
        #expect(try await found(Place.school.node.uppercased()) == ["10.77.0.6"])
        #expect(try await found("of=node") == ["10.77.0.6", "10.77.0.7"])
        #expect(try await found("ends=soon") == ["10.77.0.8"])
        #expect(try await found("ends=past") == ["10.77.1.9"])
        #expect(try await found("nothing") == [])
        // Who sees one group is told of no other, in no figure; of machines that are in none all are told.
        let own = try await Self.acts(.operator_, in: .school, of: fleet).leases(withNodes: true)
        #expect(all.nodes.isEmpty && own.nodes.map(\.key.text) == [Place.school.node])
        #expect(own.nodes.first?.value.group.description == Place.school.rawValue)
        let view = LeasesView(own, try PageViewTests.pager("/leases"), now: now, Self.words)
        #expect(view.table?.rows.first?.group?.label == Place.school.rawValue)
        #expect(view.table?.rows.map { $0.state == nil } == [false, true, true])
        #expect(own.figures == Acts.LeaseFigures(total: 3, ofNodes: 1, ending: 1, past: 1))
        #expect(own.page.rows.map(\.address.description) == ["10.77.0.6", "10.77.0.8", "10.77.1.9"])
    }

    @Test func `a lease has the name of its node, else what the machine calls itself`() async throws {
        let fleet = try await SmallFleet()
        let snapshot = fleet.services.fleet.snapshot
        let rows = try [
            Self.lease("10.77.0.6", Place.school.macAddress, 7_300, "other"),
            Self.lease("10.77.0.8", "52:54:00:00:09:01", 60, "printer"),
        ].map { LeaseAnswer($0, snapshot: snapshot) }
        let list = Acts.LeaseList(
            page: Acts.Page(rows, offset: 0, limit: 9),
            figures: Acts.LeaseFigures(total: 5_190, ofNodes: 5_186, ending: 0, past: 3))
        let view = LeasesView(list, try PageViewTests.pager("/leases", "?q=10.77"), now: 100, Self.words)
        #expect(
            view.summary == "Leases: 5,190 (5,186 of nodes, 4 of unknown machines) · matching: 2")
        #expect(view.table?.rows.map(\.name) == [Place.school.node, "printer"])
        #expect(view.table?.rows.map(\.link) == ["/nodes/\(Place.school.node)", nil])
        #expect(view.table?.rows.map(\.end?.left) == ["2 h left", "expired"])
        #expect(
            view.filter.chips.map(\.path) == [
                "/leases?q=of%3Dnode", "/leases?q=of%3Dunknown", "/leases?q=ends%3Dpast",
            ])
    }

    // MARK: Numbers

    @Test func `the bar of a share shows that a little is used, and nothing where nothing is`() {
        #expect([0, 0.0006, 0.5, 3].map { ShareView($0)?.share } == [0, 2, 50, 100])
        #expect(ShareView(0.0006)?.text == "0 %")
    }

    @Test func `thousands are separated as the language does it`() {
        let shown = Language.allCases.map { Format.number(520_191, $0) }
        #expect(shown == ["520,191", "520\u{202F}191", "520\u{A0}191", "520\u{A0}191", "520.191"])
        #expect(Language.allCases.map { Format.number(1_234, $0) }[2...3] == ["1234", "1234"])
        #expect(
            [0, 12, 999, -1_000, 1_000_000].map { Format.number($0, .english) }
                == ["0", "12", "999", "-1,000", "1,000,000"])
    }
}
