import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// Lists of machines and nodes, as people read them.
@Suite struct FleetListTests {
    private static let words = Words(.english, phrases: "")

    // MARK: Unknown machines

    private func machine(_ number: UInt64, since: Int?) -> MachineAnswer {
        let mac = MACAddress(rawValue: number)
        return MachineAnswer(
            name: NodeName(unknown: mac), isKnown: false, tags: [], macAddress: mac, state: .booting,
            stage: .dhcp, startedAt: since, seenAt: since, code: "AB2C")
    }

    private func machines(_ machines: [MachineAnswer], groups: [String]?, _ policy: Enrolment = .open) throws
        -> MachinesView
    {
        MachinesView(
            machines, try PageViewTests.pager("/machines"), policy: policy, groups: groups, failure: nil,
            Self.words)
    }

    @Test func `each unknown machine can be approved, and the bar says what the boxes are for`() throws {
        let list = [machine(1, since: 60_000), machine(2, since: nil)]
        let text = try PageViewTests.shown(machines(list, groups: ["/", "/school"]))
        #expect(text.ranges(of: "<button>Approve</button>").count == 3)
        #expect(text.contains("<fieldset class=\"bulk\" data-stays>") && text.contains("Tick machines"))
        #expect(text.contains(#"<option value="/">Site</option>"#))
        #expect(text.contains("1970-01-01 00:01:00") && text.contains("seen "))
        #expect(text.contains("Machines: 2") && text.contains("booting: dhcp"))
        // Nothing for those who may approve none.
        let read = try PageViewTests.shown(machines(list, groups: nil))
        #expect(!read.contains("Approve") && !read.contains("checkbox"))
    }

    @Test func `a machine that gets nothing until it is approved waits, and its firmware is named`() throws {
        var machine = self.machine(1, since: 1)
        machine.state = .stuck
        func text(_ stage: BootStage, _ policy: Enrolment) throws -> String {
            machine.stage = stage
            return try PageViewTests.shown(
                MachinesView(
                    [machine], try PageViewTests.pager("/machines"), policy: policy, groups: nil,
                    firmware: [MACAddress(rawValue: 1): "x86-64 UEFI"], settings: "/settings", failure: nil,
                    Self.words))
        }
        let waiting = #"<span class="state waiting" title="stuck after dhcp">waiting</span>"#
        #expect(try text(.dhcp, .open).contains(waiting) && text(.dhcp, .refuse).contains(waiting))
        #expect(try text(.script, .quarantine).contains(#"title="stuck after script">waiting<"#))
        // There its kernel should come.
        #expect(try text(.script, .open).contains(#"<span class="state stuck">stuck after script</span>"#))
        #expect(try text(.kernel, .quarantine).contains("stuck after kernel"))
        let page = try text(.dhcp, .open)
        #expect(page.contains("<small>x86-64 UEFI</small>"))
        #expect(page.contains(#"<a href="/settings">Change</a>"#))
    }

    @Test func `only machines that wait show a code on their screens`() throws {
        for policy in Enrolment.allCases {
            let text = try PageViewTests.shown(machines([machine(1, since: 1)], groups: nil, policy))
            #expect(text.contains("Each shows its code") == (policy == .quarantine), "\(policy)")
            #expect(text.contains(">Code on its screen<") == (policy == .quarantine), "\(policy)")
        }
    }

    @Test func `a refused form keeps the group that was chosen`() throws {
        let form = try #require(Form("name=pc+1&group=%2F"))
        let mac = MACAddress(rawValue: 1)
        let view = try machines([machine(1, since: 1)], groups: ["/", "/school"]).filled(with: form, of: mac)
        let approval = try #require(view.table?.rows.first?.approval)
        #expect(approval.typed == "pc 1" && approval.groups.map(\.isChosen) == [true, false])
    }

    // MARK: Nodes

    @Test func `nodes with trouble come first, and by name where people want that`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "test", grants: [Grant(.operator_, in: .site)], proof: .token(1)))
        let (worst, named) = (
            try await acts.nodeList("", .worst, offset: 0, limit: 100),
            try await acts.nodeList("", .name, offset: 0, limit: 100)
        )
        let plain = try await acts.nodes("", offset: 0, limit: 100)
        #expect(named.page.rows.map(\.name) == plain.rows.map(\.name) && named.page.count == plain.count)
        #expect(Set(worst.page.rows.map(\.name)) == Set(plain.rows.map(\.name)))
        // Those that booted are in their state since a time.
        let booted = worst.page.rows.filter { $0.state != .unseen && $0.state != .lost }
        #expect(booted.allSatisfy { worst.since[$0.name] != nil })
        let order: [MachineState] = [.failed, .stuck, .lost, .booting, .ready, .off, .unseen]
        let places = worst.page.rows.filter { $0.held == nil && $0.lack == nil }
            .compactMap { order.firstIndex(of: $0.state) }
        #expect(places == places.sorted())
        // Counts are those of all nodes, whatever is searched.
        let none = try await acts.nodeList("nothing-like-that", .worst, offset: 0, limit: 100)
        #expect(none.page.count == 0 && none.tally.states == worst.tally.states)
        #expect(worst.tally.states.values.reduce(0, +) == worst.page.count)
        // Pages follow each other without a gap.
        var paged: [NodeName] = []
        var next: Int? = 0
        while let offset = next {
            let list = try await acts.nodeList("", .worst, offset: offset, limit: 1)
            paged += list.page.rows.map(\.name)
            next = list.page.next
        }
        #expect(paged == worst.page.rows.map(\.name))
    }

    @Test func `chips say how many nodes they show, and keep the order`() throws {
        var question = NodesView.Question(
            query: "state=failed", offset: 50, limit: 50, at: nil, mayEdit: false, mayEnrol: false, groups: []
        )
        let tally = Acts.NodeTally(states: [.failed: 10, .unseen: 14], small: 2)
        func view() -> NodesView {
            NodesView(question, [], count: 10, next: 100, tally: tally, problem: nil, Self.words)
        }
        let chips = view().chips
        #expect(chips.map(\.title) == ["failed", "never booted", "less than 4 GiB"])
        #expect(chips.first?.count == 10 && chips.first?.isCurrent == true && chips.first?.path == "/nodes")
        #expect(view().resort.path == "/nodes?q=state%3Dfailed&order=name")
        question.order = .name
        #expect(view().resort.path == "/nodes?q=state%3Dfailed" && view().sort == "name")
        #expect(view().chips.first?.path == "/nodes?order=name")
        #expect(view().pages.previous == "/nodes?offset=0&q=state%3Dfailed&order=name")
    }

    @Test func `a row says since when, and the cause of a failure has a line of its own`() throws {
        let (good, bad) = (try NodeName("pc-1"), try NodeName("pc-2"))
        let machines = [
            MachineAnswer(
                name: bad, isKnown: true, tags: [], state: .failed, stage: .failed,
                failure: "step 30-root: timed out", readyAfter: 900),
            MachineAnswer(
                name: good, isKnown: true, tags: [], state: .ready, stage: .ready, readyAfter: 1_600),
        ]
        let question = NodesView.Question(
            query: "", offset: 0, limit: 50, at: nil, mayEdit: false, mayEnrol: false, groups: [])
        let view = NodesView(
            question, machines, count: 2, next: nil, since: [bad: 60_000], problem: nil, Self.words)
        #expect(view.table.rows.map(\.since) == ["1970-01-01 00:01:00", nil])
        #expect(view.table.rows.map(\.readyAfter) == ["", "1.6 s"])
        #expect(view.table.rows.map(\.cause) == ["step 30-root: timed out", nil])
        let text = try PageViewTests.shown(view)
        #expect(text.contains(#"<tr class="cause"><td colspan="7">step 30-root: timed out</td></tr>"#))
        #expect(text.ranges(of: "timed out").count == 1 && text.ranges(of: "<tr").count == 4)
        #expect(text.contains(#"title="Ready after 1.6 s""#))
    }

    @Test func `rows that failed alike have one heading, which ticks them, and are one line each`() throws {
        let names = try (1...5).map { try NodeName("pc-\($0)") }
        let export = "step 30-root: the server does not know the export tiny@1"
        func failed(_ name: NodeName, _ detail: String) -> MachineAnswer {
            MachineAnswer(
                name: name, isKnown: true, tags: [], state: .failed, stage: .failed, failure: detail)
        }
        let machines = [
            failed(names[0], export), failed(names[1], export), failed(names[2], "step 30-root: timed out"),
            MachineAnswer(name: names[3], isKnown: true, tags: [], state: .stuck, stage: .network),
            MachineAnswer(name: names[4], isKnown: true, tags: [], state: .ready, stage: .ready),
        ]
        var causes: [NodeName: Acts.Cause] = [:]
        for name in names.prefix(2) {
            causes[name] = Acts.Cause(
                state: .failed, mark: "a", count: 60, text: "failed: \(Sentence(phrase: export))", fix: "look"
            )
        }
        let stuck = BootStage.network.stuckSentence(nil)
        causes[names[3]] = Acts.Cause(state: .stuck, mark: "b", text: stuck, fix: "look")
        var question = NodesView.Question(
            query: "", offset: 0, limit: 50, at: nil, mayEdit: true, mayEnrol: false, groups: [])
        func view() -> NodesView {
            NodesView(
                question, machines, count: 90, next: nil, causes: causes, problem: nil, Self.words)
        }
        let rows = view().table.rows
        #expect(rows.map(\.alike?.count) == ["60", nil, nil, nil, nil] && rows[0].alike?.rows == 2)
        let stuckText = "stuck after network: no root export opened"
        #expect(rows.map(\.cause) == [nil, nil, "step 30-root: timed out", stuckText, nil])
        let text = try PageViewTests.shown(view())
        #expect(text.contains(#"<input type="checkbox" data-select-run="2"> <strong>60 ×</strong> failed: "#))
        #expect(text.ranges(of: "does not know the export").count == 1 && text.contains("–</td>"))
        // Another fix, or another list: the number is that of the rows.
        causes[names[2]] = Acts.Cause(
            state: .failed, mark: "a", count: 60, text: "failed: \(Sentence(phrase: export))", fix: "wait")
        #expect(view().table.rows.first?.alike?.count == "2")
        question.order = .name
        #expect(view().table.rows.allSatisfy { $0.alike == nil })
    }

    @Test func `how long ago it was, and how long it is until then, is not cut off`() {
        let texts = [
            59_999, 60_000, 3_599_000, 3_600_000, 43_020_000, 172_799_000, 172_800_000, 7_775_880_000,
        ]
        .map { Format.age($0) }
        #expect(texts == ["59 s", "1 min", "59 min", "1 h", "11 h 57 min", "47 h 59 min", "2 d", "90 d"])
        // Parts of a short time add up as they are shown.
        let parts = [621, 251, 1_900].map { Format.duration($0, within: 1_900) }
        #expect(parts == ["0.62 s", "0.25 s", "1.90 s"] && Format.duration(950, within: 20_000) == "0.9 s")
    }

    @Test func `one word stands for a state in chips, tables, tiles and maps`() throws {
        #expect(StateView(nil as BootStage?, Self.words).text == MachineState.unseen.word)
        #expect(StateView(.network, Self.words).text == "booting: network")
        let stuck = MachineAnswer(
            name: try NodeName("pc-1"), isKnown: true, tags: [], state: .stuck, stage: .network)
        #expect(StateView(stuck, Self.words).text == "stuck after network")
        #expect(StateView(stuck, Self.words).kind == "stuck")
        let map = FleetMap([.site: [Acts.NodeState(name: try NodeName("pc-1"), state: .unseen)]], Self.words)
        #expect(map.rooms.first?.summary == "1 never booted")
    }

    @Test(arguments: [
        ("Hewlett-Packard", "HP t630 Thin Client", 8_192, "HP t630 Thin Client, 8 GiB"),
        ("HP", "t630", 4_096, "HP t630, 4 GiB"),
        ("LENOVO", "ThinkCentre M720q", 16_384, "LENOVO ThinkCentre M720q, 16 GiB"),
        ("Dell Inc.", "OptiPlex 3050", 7_895, "Dell OptiPlex 3050, 7.7 GiB"), ("", "", 512, "512 MiB"),
    ])
    func `hardware is named in few words`(vendor: String, product: String, memory: Int, text: String)
        throws
    {
        var hardware = try JSONDecoder().decode(Hardware.self, from: Data("{}".utf8))
        (hardware.vendor, hardware.product, hardware.memoryMebibytes) = (vendor, product, memory)
        #expect(hardware.headline == text)
    }
}

extension FleetListTests {
    // MARK: Boots

    private func boot(_ number: UInt64, _ stage: BootStage, detail: String = "", at: Int) -> Acts.SeenBoot {
        let boot = BootTimeline(
            boot: "\(number)", macAddress: MACAddress(rawValue: number),
            entries: [
                BootTimeline.Entry(stage: .dhcp, at: at, detail: ""),
                BootTimeline.Entry(stage: stage, at: at + 1_900, detail: detail),
            ])
        return Acts.SeenBoot(
            boot: boot, node: nil, outcome: Acts.BootOutcome(boot, isLast: true, now: at + 2_000))
    }

    @Test func `boots that failed alike share a line, and the others follow in the order of trouble`() throws
    {
        let boots =
            [boot(1, .ready, at: 9_000), boot(2, .network, at: 8_000)]
            + (3...5).map { boot($0, .failed, detail: "step 30-root: no export", at: 7_000) }
            + [boot(6, .failed, detail: "step 20-network: no link on eth0: is the cable in?", at: 6_000)]
        let (alike, rows) = Acts.worstFirst(boots)
        #expect(rows.map(\.boot.boot) == ["6", "2", "1"])
        #expect(alike.map(\.boots.count) == [3] && alike.first?.detail == "step 30-root: no export")
        let list = Acts.BootList(
            page: Acts.Page(rows, offset: 0, limit: 50), alike: alike, outcomes: [:], unknown: 6, total: 6,
            since: 6_000)
        let view = BootsView(
            list, try PageViewTests.pager("/boots"), .worst, now: 128_000, PageViewTests.words)
        #expect(view.table?.rows.map(\.took) == ["1.9 s", "2 min so far", "1.9 s"])
        #expect(view.alike.first?.machines.count == 3 && view.resort.path == "/boots?order=time")
        let text = try PageViewTests.shown(view)
        // Without a colon where nothing follows.
        #expect(
            text.contains(">3 × failed</span> step 30-root: no export") && text.contains("<td>network</td>"))
        // They stand on the first page alone.
        let second = BootsView(
            list, try PageViewTests.pager("/boots", "?offset=50"), .worst, now: 0, PageViewTests.words)
        #expect(second.alike.isEmpty)
    }

    @Test func `machines that are stuck alike share a line, too, below those that failed`() throws {
        let failed: [Acts.SeenBoot] = (1...3).map {
            boot($0, .failed, detail: "step 30-root: no export", at: 7_000)
        }
        let stuck: [Acts.SeenBoot] = (UInt64(4)...7).map { (number: UInt64) -> Acts.SeenBoot in
            var seen = boot(number, .network, at: 1_000 * Int(number))
            seen.outcome = .stuck
            return seen
        }
        let waiting = boot(8, .dhcp, at: 9_000)
        let (alike, rows) = Acts.worstFirst(stuck + failed + [waiting])
        #expect(alike.map(\.boots.count) == [3, 4] && rows.map(\.boot.boot) == ["8"])
        let list = Acts.BootList(
            page: Acts.Page(rows: rows, count: 8, next: nil), alike: alike, outcomes: [:], total: 8)
        let view = BootsView(
            list, try PageViewTests.pager("/boots"), .worst, now: 124_000, PageViewTests.words)
        #expect(view.alike.map(\.state.kind) == ["failed", "stuck"])
        #expect(view.alike.last?.detail == "2 min so far")
        #expect(view.alike.map(\.state.text) == ["3 × failed", "4 × stuck after network"])
        #expect(view.heading == "Unknown machines")
    }

    @Test func `very many boots that went well share a line for each group, below the others`() throws {
        let rooms = try ["/room-10", "/room-9"].map { try GroupPath($0) }
        let ready: [Acts.SeenBoot] = try (1...60).map { (number: Int) -> Acts.SeenBoot in
            var seen = boot(UInt64(number), .ready, at: 9_000)
            seen.node = Node(
                name: try NodeName("pc-\(number)"), group: rooms[number % 2], macAddresses: [])
            return seen
        }
        let waiting = boot(99, .dhcp, at: 9_000)
        let (folded, rows) = Acts.readyApart([waiting] + ready)
        #expect(folded.compactMap(\.group) == rooms.reversed() && rows.map(\.boot.boot) == ["99"])
        #expect(Acts.readyApart(Array(ready.prefix(50))).ready.isEmpty)
        let list = Acts.BootList(
            page: Acts.Page(rows: rows, count: 61, next: nil), ready: folded, outcomes: [:], total: 61)
        let view = BootsView(list, try PageViewTests.pager("/boots"), .worst, now: 0, PageViewTests.words)
        let groups = view.ready?.rows ?? []
        #expect(groups.map(\.group.label) == ["/room-9", "/room-10"] && view.pages.range == nil)
        #expect(groups.map(\.nodes.label) == ["30", "30"])
        #expect(groups.first?.nodes.path == "/nodes?q=group%3D%2Froom-9%20state%3Dready")
        #expect(groups.map(\.median) == ["1.9 s", "1.9 s"] && groups.map(\.slowest) == ["1.9 s", "1.9 s"])
        #expect(try !PageViewTests.shown(view).contains("No boot"))
    }
}
