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
        #expect(text.contains(#"<tr class="cause"><td colspan="8">step 30-root: timed out</td></tr>"#))
        #expect(text.ranges(of: "timed out").count == 1 && text.ranges(of: "<tr").count == 4)
        #expect(text.contains(#"title="Ready after 1.6 s""#))
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

    // MARK: Failures

    @Test func `where a boot hangs is said with the time that this usually takes`() {
        let usual = BootStage.network.stuckSentence(nil, usually: 300)
        #expect(usual.english == "stuck after network: no export open; it usually takes 300 ms")
        #expect(BootStage.network.stuckSentence(nil, usually: 2_900).english.hasSuffix("2 s"))
        #expect(BootStage.kernel.stuckSentence(nil, usually: nil).english == "stuck after kernel")
        for language in Language.allCases where language != .english {
            #expect(!Words.of(language)(usual).contains("usually"))
        }
    }

    @Test(arguments: [
        ("step 30-root: the server refuses ‘tiny@1’: no export ‘tiny@1’", "page Images"),
        ("step 30-root: the server does not know the export tiny@a32d", "page Images"),
        ("step 30-root: timed out", "10809"), ("step 30-root: the image has no /sbin/init", "own init"),
        ("step 30-root: the NFS server refuses 10.0.0.1:/x: see the messages above", "NFS server"),
        (
            "step 30-root: the image's kernel has no ext4 for the volume: build or import the image again",
            "Images"
        ),
        (
            "step 30-root: the volume of this node cannot be mounted: ‘roost volume reset’ gives it an empty one",
            "volume"
        ),
        ("step 20-network: no DHCP server answers on eth0", "Networks"),
        ("step 20-network: no link on eth0: is the cable in?", "cable"),
        ("step 20-network: no network card with address any: its driver is missing", "driver"),
    ])
    func `the fix follows the message of a failure`(detail: String, word: String) throws {
        let fix = BootStage.fix(ofFailure: detail)
        #expect(fix.english.contains(word), "\(fix.english)")
        for language in Language.allCases where language != .english {
            let words = Words.of(language)
            let hint = try #require(fix.english.split(separator: " (").first)
            #expect(!words(fix).contains(hint), "\(words(fix))")
        }
    }

    @Test func `the server answers itself whether the refused version is served now`() throws {
        for detail in [
            "step 30-root: the server refuses ‘tiny@1’: no export ‘tiny@1’",
            "step 30-root: the server does not know the export tiny@1", "step 30-root: no export ‘tiny@1’",
        ] {
            #expect(BootStage.refusedVersion(detail)?.description == "tiny@1", "\(detail)")
        }
        let digest = "step 30-root: the server does not know the export tiny@a32d57dcf9ec"
        #expect(BootStage.refusedVersion(digest)?.description == "tiny@a32d57dcf9ec")
        #expect(BootStage.refusedVersion("step 30-root: timed out after tiny@1") == nil)
        #expect(BootStage.refusedVersion("step 30-root: no export ‘swap’") == nil)
        func fix(_ isServed: Bool, _ count: Int, _ after: AfterFailure = .obeys) -> Sentence {
            Acts.RefusedVersion(name: "tiny@1", isServed: isServed, runningCount: count).fix(after)
        }
        #expect(fix(true, 271).english == "tiny@1 is served now, and 271 nodes run it: restart the node")
        #expect(fix(true, 0).english == "tiny@1 is served now: restart the node")
        // One that cannot be asked is not to be asked.
        #expect(fix(true, 0, .isSilent(90_000)).english.hasSuffix(": switch the node off and on at its desk"))
        #expect(fix(true, 0, .triesAgain).english.hasSuffix(": wait until the node tries again by itself"))
        #expect(fix(false, 0).english.hasPrefix("this server does not serve tiny@1 now: "))
        for language in Language.allCases where language != .english {
            let words = Words.of(language)
            for after in [AfterFailure.obeys, .isSilent(1), .triesAgain, .waits] {
                for (isServed, count) in [(true, 2), (true, 1), (true, 0), (false, 0)] {
                    let said = words(fix(isServed, count, after))
                    #expect(!said.contains(" now") && said.contains("tiny@1"), "\(said)")
                    #expect(!said.contains("the node"), "\(said)")
                }
            }
        }
    }

    @Test func `a node that failed says how often, what it does by itself, and who failed alike`() throws {
        let failure = "step 30-root: the server refuses ‘tiny@1’: no export ‘tiny@1’"
        let boots = (1...2).map { number in
            BootTimeline(
                boot: "\(number)", macAddress: MACAddress(rawValue: 1),
                entries: [
                    BootTimeline.Entry(stage: .network, at: 0, detail: ""),
                    BootTimeline.Entry(stage: .failed, at: 1_000, detail: failure),
                ])
        }
        let node = Node(name: try NodeName("pc-1"), group: .site, macAddresses: [])
        let settings = FleetSnapshot.empty.settings(of: node).all.map(SettingAnswer.init)
        let answer = NodeAnswer(
            node: node, isKnown: true, state: .failed, learnedCards: [], sessions: [], settings: settings,
            version: "tiny@1", isOutdated: false, boots: boots)
        func warning(_ after: AfterFailure, mayRestart: Bool = false) -> NodeView.Warning? {
            let served = Acts.RefusedVersion(name: "tiny@1", isServed: true, runningCount: 271)
            return NodeView.Warning(
                answer, alike: 9, failure: (served.fix(after), after), usual: nil, mayRestart: mayRestart,
                PageViewTests.words)
        }
        let again = "failed boots one after the other: 2; it tries again 10 seconds after each failure"
        #expect(warning(.triesAgain)?.outlook == again)
        let silent = try #require(warning(.isSilent(300_000)))
        #expect(
            silent.outlook?.hasSuffix("nothing was heard of it for 5 min, and it does nothing by itself")
                == true)
        #expect(
            silent.fix
                == "tiny@1 is served now, and 271 nodes run it: switch the node off and on at its desk")
        let obeys = try #require(warning(.obeys, mayRestart: true))
        #expect(obeys.places.map(\.path) == ["/nodes/pc-1/restart", "/images", "/nodes/pc-1?tab=log"])
        let warning = try #require(NodeView.Warning(answer, alike: 9, usual: nil, PageViewTests.words))
        // What is not known is not said.
        #expect(warning.outlook == "failed boots one after the other: 2")
        #expect(warning.places.map(\.path) == ["/images", "/nodes/pc-1?tab=log"])
        #expect(warning.others?.label == "Other nodes with the same failure: 9")
        #expect(warning.others?.path.contains("failed%3A%20step%2030-root") == true)
        #expect(NodeView.Warning(answer, alike: 0, usual: nil, PageViewTests.words)?.others == nil)
        // The stage that failed can be seen, however short it was.
        let view = NodeView.Boot(boots[0], isFirst: true, [.network: 900_000], PageViewTests.words)
        let last = try #require(view.segments.last)
        #expect(last.width >= 14 && last.x + last.width <= 1_000)
    }
}
