import API
import Fleet
import HTTPTypes
import Hummingbird
import NIOCore
import Testing
import Wire

@testable import Center

/// The contents of pages for given values.
@Suite struct PageViewTests {
    static let words = Words(.english, phrases: "")

    static func shown(_ view: some TemplateView) throws -> String {
        try PageRenderer.text(view, csrf: "", .english)
    }

    private func boot(_ name: String, _ steps: [(stage: BootStage, at: Int)]) throws -> BootTimeline {
        BootTimeline(
            boot: name, macAddress: MACAddress(rawValue: 1),
            entries: steps.map { BootTimeline.Entry(stage: $0.stage, at: $0.at, detail: "") })
    }

    // MARK: Nodes

    private func question(at: Int? = nil, offset: Int = 0) -> NodesView.Question {
        NodesView.Question(
            query: "a b", offset: offset, limit: 100, at: at, mayEdit: true, mayEnrol: true, groups: ["/"])
    }

    @Test func `a node that boots lacks nothing, and one that does not says why`() throws {
        let name = try NodeName("pc-1")
        let good = MachineAnswer(name: name, isKnown: true, tags: [], state: .unseen, version: "debian@1")
        let bad = MachineAnswer(name: name, isKnown: true, tags: [], state: .unseen, lack: "no image")
        var view = NodesView(question(), [good], count: 1, next: nil, problem: nil, Self.words)
        #expect(view.table.rows.map(\.lack) == [nil])
        #expect(!(try Self.shown(view)).contains("boots nothing"))
        #expect(!(try Self.shown(view)).contains(">held</span>"))
        view = NodesView(question(), [bad], count: 1, next: nil, problem: nil, Self.words)
        #expect(try Self.shown(view).contains(#"title="no image">boots nothing</span>"#))
    }

    @Test func `the running version is shown beside the next one, if they differ`() throws {
        var machine = MachineAnswer(
            name: try NodeName("pc-1"), isKnown: true, tags: [], state: .ready, version: "debian@2",
            booted: "debian@1")
        #expect(NodesView.Row(machine, since: nil, Self.words).booted == nil)
        machine.isOutdated = true
        #expect(NodesView.Row(machine, since: nil, Self.words).booted == "debian@1")
    }

    @Test func `a page of nodes links to its neighbours at the same time and search`() {
        let view = NodesView(
            question(at: 60, offset: 150), [], count: 500, next: 250, problem: nil, Self.words)
        #expect(view.pages.previous == "/nodes?offset=50&q=a%20b&at=60")
        #expect(view.pages.next == "/nodes?offset=250&q=a%20b&at=60")
        let first = NodesView(question(), [], count: 1, next: nil, problem: nil, Self.words)
        #expect(first.pages.previous == nil && first.pages.next == nil)
    }

    @Test func `the past cannot be changed`() throws {
        let (now, past) = (question(), question(at: 60))
        let views = [now, past].map { NodesView($0, [], count: 0, next: nil, problem: nil, Self.words) }
        #expect(views.map(\.mayEdit) == [true, false])
        #expect(views.map { $0.added != nil } == [true, false])
        #expect(views.map { $0.table.columns.first?.selectsAll } == [true, false])
    }

    @Test func `a stage is an outlier above twice the group's median plus two seconds`() throws {
        let steps: [(stage: BootStage, at: Int)] = [(.dhcp, 0), (.script, 4_000), (.ready, 12_002)]
        let view = NodeView.Boot(
            try boot("1", steps), isFirst: true, [.script: 2_000, .ready: 4_000], Self.words)
        #expect(view.entries.map(\.isOutlier) == [false, false, true])
        #expect(view.segments.map(\.x) == [0, 0, 333])
        #expect(view.total == "12.0 s" && view.state.kind == "ready")
    }

    @Test func `a sparkline needs two ready boots`() throws {
        let one = try boot("1", [(.dhcp, 0), (.ready, 1_000)])
        let two = try boot("2", [(.dhcp, 0), (.ready, 2_000)])
        #expect(NodeView.Sparkline([one, try boot("3", [(.dhcp, 0)])], Self.words) == nil)
        // The newest comes first in the list, and is drawn last.
        #expect(NodeView.Sparkline([two, one], Self.words)?.points == "0,12 100,1")
    }

    @Test func `a warning has a button for callers who may resolve it`() throws {
        let name = try NodeName("pc-1")
        let node = Node(name: name, group: .site, macAddresses: [])
        let answer = NodeAnswer(
            node: node, isKnown: true, learnedCards: [], sessions: [], settings: [], isOutdated: false,
            boots: [])
        var view = NodeView(answer, tabs: [.overview, .log], current: .log, at: nil, Self.words)
        view.journal = NodeView.Journal(LogAnswer(lines: [], crashes: []))
        #expect(try Self.shown(view).contains("Nothing yet: the setting netconsole"))
        view.journal = nil
        view.warnings = [NodeView.Warning(text: "Held", answer: nil)]
        #expect(!(try Self.shown(view)).contains("<pre"))
        #expect(!(try Self.shown(view)).contains("/release"))
        view.warnings[0].answer = ConfirmView(path: "/nodes/pc-1/release", label: "Let it try again")
        #expect(try Self.shown(view).contains(#"action="/nodes/pc-1/release""#))
        #expect(view.tabs.entries.map(\.path) == ["/nodes/pc-1", "/nodes/pc-1?tab=log"])
        #expect(view.tabs.entries.map(\.isCurrent) == [false, true])
    }

    @Test func `a node with a user is asked to restart on a page that names the user`() throws {
        let node = Node(name: try NodeName("pc-1"), group: .site, macAddresses: [])
        var answer = NodeAnswer(
            node: node, isKnown: true, state: .ready, learnedCards: [], sessions: [], settings: [],
            isOutdated: false, boots: [])
        var view = NodeView(answer, tabs: [.overview], current: .overview, at: nil, Self.words)
        view.offerOrders(isReady: true, Self.words)
        #expect(view.restart?.path == "/nodes/pc-1/restart" && view.asking == nil)
        #expect(view.power?.path == "/nodes/pc-1/power-off")
        answer.sessions = [
            NodeSession(
                id: "2", user: "ann", kind: "x11", place: "tty2", from: "", isActive: true, startedAt: 0)
        ]
        view = NodeView(answer, tabs: [.overview], current: .overview, at: nil, Self.words)
        view.offerOrders(isReady: true, Self.words)
        #expect(view.restart == nil && view.power == nil && view.asking == "/nodes/pc-1/restart")
        #expect(view.askingOff == "/nodes/pc-1/restart?act=power-off")
        let page = RestartView(answer, mayRestart: true, Self.words)
        #expect(try Self.shown(page).contains("Logged in: <strong>ann</strong>"))
        let off = try Self.shown(RestartView(answer, mayRestart: true, isOff: true, Self.words))
        #expect(off.contains("<h1>Switch off pc-1") && off.contains(#"action="/nodes/pc-1/power-off""#))
        #expect(try !Self.shown(RestartView(answer, mayRestart: false, Self.words)).contains("<form"))
    }

    @Test func `what restarts several nodes says how many, which, and who is logged in`() throws {
        let names = try ["pc-1", "pc-2"].map { try NodeName($0) }
        let view = RestartView(names, people: ["bob", "ann"], Self.words)
        #expect(view.saving?.label == "Restart 2" && view.saving?.isDanger == true)
        let hidden = view.saving?.hidden.map { "\($0.name)=\($0.value)" }
        #expect(hidden == ["node=pc-1", "node=pc-2", "sure=yes"])
        let text = try Self.shown(view)
        #expect(text.contains("<p>pc-1, pc-2</p>") && text.contains("<strong>ann, bob</strong>"))
        let one = RestartView([names[0]], people: [], failure: "node pc-1 is lost", Self.words)
        #expect(one.saving?.label == "Restart pc-1" && one.names == nil && one.saving?.isFocused == true)
        #expect(try Self.shown(one).contains("node pc-1 is lost"))
        // The row leads there with those that can be asked.
        let trouble = FiguresAnswer.Trouble(
            .stuck, machine: names[0], isKnown: true, machines: names, group: .site, text: "x", fix: "y")
        let line = TroubleLine(trouble, what: "x", fix: "y", restartable: names)
        let row = DashboardView.Trouble(line, mayRelease: false, mayRestart: true, Self.words)
        #expect(row.action?.path == "/nodes/restart" && row.action?.label == "Restart 2")
        #expect(row.action?.hidden.map(\.value) == ["pc-1", "pc-2"])
        #expect(DashboardView.Trouble(line, mayRelease: true, Self.words).action == nil)
    }

    @Test func `the usual times of a boot have the axis of its own times`() throws {
        let boot = try boot("1", [(.dhcp, 0), (.script, 4_000), (.ready, 8_000)])
        let view = NodeView.Boot(boot, isFirst: true, [.script: 6_000, .ready: 10_000], Self.words)
        #expect(view.end == "16.0 s" && view.middle == "8.0 s")
        #expect(view.segments.map(\.width) == [1, 250, 250])
        #expect(view.ghost?.segments.map(\.x) == [0, 375])
        #expect(NodeView.Boot(boot, isFirst: true, [:], Self.words).ghost == nil)
    }

    // MARK: Lists

    static func pager(_ path: String, _ query: String = "") throws -> Pager {
        let request = Request(
            head: HTTPRequest(method: .get, scheme: "https", authority: "test", path: path + query),
            body: RequestBody(buffer: ByteBuffer()))
        return try Pager(request, path: path)
    }

    @Test func `an infinite lease never expires, and an empty list says so`() throws {
        let pager = try Self.pager("/leases", "?offset=200")
        let leases = (0..<401).map { number in
            LeaseAnswer(
                Lease(
                    address: IPv4Address(rawValue: UInt32(number)),
                    holder: .macAddress(MACAddress(rawValue: 1)),
                    expiresAt: number == 200 ? Lease.never : 60), snapshot: .empty)
        }
        let list = Acts.LeaseList(
            page: Acts.Page(leases, offset: pager.offset, limit: Pager.rowLimit),
            figures: Acts.LeaseFigures(total: 401))
        let view = LeasesView(list, pager, now: 0, Self.words)
        #expect(view.table?.rows.count == 200)
        #expect(view.table?.rows.first?.end == nil)
        #expect(view.table?.rows.last?.end?.at == "1970-01-01 00:01:00")
        #expect(view.pages.previous == "/leases?offset=0" && view.pages.next == "/leases?offset=400")
        let text = try Self.shown(view)
        #expect(text.contains(#"<td data-title="Lease ends">never</td>"#))
        #expect(text.contains(#"<time datetime="1970-01-01 00:01:00">1970-01-01 00:01:00</time>"#))
        #expect(text.contains(#"<small class="brief">1 min left</small>"#))
        #expect(!text.contains("No address is leased."))
        let none = Acts.LeaseList(page: Acts.Page([], offset: 0, limit: 9))
        #expect(
            try Self.shown(LeasesView(none, pager, now: 0, Self.words)).contains("No address is leased."))
    }

    @Test func `records are compared field by field, including settings`() {
        let edit = Revision.Edit(
            kind: "node", key: "pc-1",
            before: #"{"name":"pc-1","tags":["a"],"settings":{"image":"debian","files":{"/a":"b"}}}"#,
            after: #"{"name":"pc-1","tags":["a","b"],"settings":{"image":"debian","swap":true,"size":4}}"#)
        let rows = DifferenceView.fields(of: edit).map { "\($0.name): \($0.before) → \($0.after)" }
        #expect(rows == ["files: /a=b → ", "size:  → 4", "swap:  → true", "tags: a → a, b"])
        let number = Revision.Edit(kind: "channel", key: "debian@stable", before: nil, after: "2")
        #expect(DifferenceView.fields(of: number).map(\.after) == ["2"])
    }

    // MARK: Networks

    @Test func `a network leads to its record, an interface without one to a new one`() throws {
        let answers = try SmallFleet.served()
        let none = NetworksView.Reservations(
            Acts.Page(rows: [], count: 0), try Self.pager("/networks"), mayEdit: false, Self.words)
        let view = NetworksView(answers, reservations: none, rules: [], mayEdit: true, Self.words)
        #expect(view.table.rows.map(\.name) == ["school", nil] && !view.isBare)
        let text = try Self.shown(view)
        #expect(text.contains(#"<a href="/networks/edit?name=school"><strong>school</strong></a>"#))
        #expect(text.contains(#"as the interface is · <a href="/networks/edit?interface=eth1">"#))
        #expect(text.contains(#"<td data-title="Interface">behind a relay</td>"#))
        #expect(text.contains(">1 of 127 <") && text.contains(#"<a href="/leases?q=10.79.0.0%2F24"><span"#))
        #expect(text.contains(#"<td data-title="Default router"><span class="state booting">none</span>"#))
        var reader = NetworksView(answers, reservations: none, rules: [], mayEdit: false, Self.words)
        #expect(!(try Self.shown(reader)).contains("Configure it"))
        // Who may not see reservations is not told that there are none.
        #expect(try Self.shown(reader).contains("No reserved addresses."))
        #expect(!(try Self.shown(reader)).contains(#"type="search""#))
        let outsider = NetworksView(answers, reservations: nil, rules: [], mayEdit: false, Self.words)
        #expect(!(try Self.shown(outsider)).contains("Reserved addresses"))
        reader.table.rows[0].problem = "this server does not serve on ‘eth9’"
        #expect(try Self.shown(reader).contains("<strong>not served</strong>: this server does not"))
    }

    @Test func `reservations come page by page, and pages keep the search`() throws {
        let pager = try Self.pager("/networks", "?offset=200&q=10.77.0.0/16%20a")
        let rows = (0..<200).map { number in
            DHCPReservation(.macAddress(MACAddress(rawValue: UInt64(number))), IPv4Address(rawValue: 1))
        }
        let view = NetworksView.Reservations(
            Acts.Page(rows: rows, count: 900, next: 400), pager, mayEdit: true, Self.words)
        #expect(view.pages.previous == "/networks?offset=0&q=10.77.0.0%2F16%20a")
        #expect(view.pages.next == "/networks?offset=400&q=10.77.0.0%2F16%20a")
        let text = try Self.shown(
            NetworksView([], reservations: view, rules: [], mayEdit: true, Self.words))
        #expect(text.contains(#"value="10.77.0.0/16 a""#) && text.contains("<p>Reserved addresses: 900</p>"))
        #expect(text.ranges(of: #"name="machine" value="00:"#).count == 200)
        #expect(!text.contains("No reserved addresses."))
        // A search that finds nothing can be changed.
        let lost = NetworksView.Reservations(Acts.Page(rows: [], count: 0), pager, mayEdit: true, Self.words)
        let search = try Self.shown(
            NetworksView([], reservations: lost, rules: [], mayEdit: true, Self.words))
        #expect(search.contains(#"type="search""#) && search.contains("<p>Reserved addresses: 0</p>"))
        let read = NetworksView.Reservations(
            Acts.Page(rows: rows, count: 900, next: 400), pager, mayEdit: false, Self.words)
        #expect(read.kept?.columns.count == 2 && read.kept?.rows.first?.removal == nil)
    }

    @Test func `many edits of a revision come in pages`() throws {
        let revision = Revision(number: 7, at: 0, who: "", what: "")
        let links = try Self.pager("/history/7").links(count: 1_000)
        let page = RevisionView(revision, links, failure: nil, mayUndo: false, Self.words)
        #expect(try Self.shown(page).contains(#"href="/history/7?offset=200""#))
    }

    @Test func `who may only read a network sees what is written down, and no form`() throws {
        var network = Network(name: try NetworkName("school"), subnet: IPv4Network("10.77.0.0/24"))
        network.nameServers = try ["10.77.0.1", "10.77.0.2"].map { try #require(IPv4Address($0)) }
        let typed = NetworkForm(network, isNew: false, tag: "x")
        let text = try Self.shown(NetworkFormView(typed, mayEdit: false, Self.words))
        for absent in ["<form", "<input", "<textarea", "<button"] { #expect(!text.contains(absent)) }
        #expect(text.contains("<dd>10.77.0.0/24 <small>"))
        #expect(text.contains("<span class=\"lines\">10.77.0.1\n10.77.0.2</span>"))
        #expect(text.contains("<dd>no</dd>"))
        let form = try Self.shown(NetworkFormView(typed, mayEdit: true, Self.words))
        #expect(form.contains("<form") && form.contains("value=\"10.77.0.0/24\"") && !form.contains("<dl"))
    }

    @Test func `a plan says what becomes of networks`() throws {
        var plan = try ChangePlan(of: SmallFleet.networkRecords(), in: .empty)
        func view() -> PlanView {
            PlanView(plan, PlanView.Saving(change: "", revision: 1), back: "/", Self.words)
        }
        #expect(view().notes == nil)
        plan.notes = ["10.77.0.0/24 behind relays is served"]
        #expect(try Self.shown(view()).contains("<li>10.77.0.0/24 behind relays is served</li>"))
    }

    // MARK: Dashboard

    @Test func `the dashboard says that nothing is wrong, or what is wrong`() throws {
        var figures = FiguresAnswer(
            states: [.ready: 3], unknownCount: 0, bootCount: 0, stages: [:],
            minutes: [FiguresAnswer.Minute(at: 0, started: 4, ready: 2)], troubles: [], limited: [])
        let server = Acts.ServerState(
            address: IPv4Address(rawValue: 0x0A00_0001), roles: [], leaseCount: 0, connectionCount: 0,
            revision: 1, scarceNetworks: [])
        let good = DashboardView(Acts.Overview(figures: figures), warnings: [], of: server, Self.words)
        #expect(good.tiles.map(\.count) == MachineState.allCases.map { $0 == .ready ? 3 : 0 } + [0])
        #expect(good.tiles.last?.kind == "unseen")
        #expect(good.chart?.bars.map(\.startedHeight) == [110] && good.chart?.bars.map(\.readyHeight) == [55])
        #expect(good.stages == nil && good.limited == nil)
        #expect(try Self.shown(good).contains("Nothing: every machine that was seen came up."))
        figures.unknownCount = 1
        figures.bootCount = 1
        figures.stages = [.dhcp: 50, .ready: 200]
        let trouble = FiguresAnswer.Trouble(
            machine: try NodeName("pc-1"), isKnown: true, text: "stuck", fix: "look")
        let overview = Acts.Overview(
            figures: figures, troubles: [TroubleLine(trouble, what: "stuck", fix: "look")])
        let bad = DashboardView(overview, warnings: ["clock"], of: server, Self.words)
        #expect(bad.tiles.last?.kind == "unknown")
        #expect(bad.stages?.rows.map(\.share).sorted() == [25, 100])
        let text = try Self.shown(bad)
        #expect(text.contains(#"<a href="/nodes/pc-1">pc-1</a> </td><td>stuck</td>"#))
        #expect(text.contains(#"<td class="fix" data-title="Fix">look</td>"#))
        #expect(bad.map == nil)
        #expect(text.contains(#"<p class="problem">clock</p>"#) && !text.contains("Nothing: every"))
    }

    @Test func `a trouble of many has since when, where, a few names and a way to all`() throws {
        let room = try GroupPath("/room-3")
        let names = try (1...5).map { try NodeName("pc-\($0)") }
        let lost = FiguresAnswer.Trouble(
            .lost, machine: names[0], isKnown: true, machines: names, group: room, since: 60_000,
            text: "5 nodes of /room-3 are lost", fix: "look")
        func line(_ trouble: FiguresAnswer.Trouble) -> TroubleLine {
            TroubleLine(trouble, what: "\(trouble.text)", fix: "\(trouble.fix)")
        }
        let row = DashboardView.Trouble(line(lost), mayRelease: true, Self.words)
        #expect(row.since == Format.time(second: 60) && row.places.map(\.label) == ["/room-3"])
        #expect(row.machines.map(\.label) == ["pc-1", "pc-2", "pc-3"] && row.text == "5 nodes are lost")
        #expect(row.more?.label == "and 2 more" && row.more?.path.contains("state%3Dlost") == true)
        // Its text says how many they are.
        #expect(row.action == nil && row.count == nil && row.ago?.hasSuffix(" ago") == true)
        let failed = FiguresAnswer.Trouble(
            .failed, machine: names[0], isKnown: true, machines: names, group: room, text: "failed", fix: "x")
        let many = DashboardView.Trouble(line(failed), mayRelease: false, Self.words)
        #expect(many.count == "5" && many.since == nil && many.ago == nil)
        let held = FiguresAnswer.Trouble(
            .held, machine: names[0], isKnown: true, group: room, text: "held", fix: "mend")
        #expect(DashboardView.Trouble(line(held), mayRelease: false, Self.words).action == nil)
        let mended = DashboardView.Trouble(line(held), mayRelease: true, Self.words)
        #expect(mended.action?.path == "/nodes/pc-1/release" && mended.more == nil && mended.count == nil)
    }

    @Test func `what keeps people from work comes first, and a pool that was never set up last`() throws {
        let (pool, server) = (try PoolName("windows"), try TerminalName("ts-3"))
        let state = Acts.ServerState(
            address: IPv4Address(rawValue: 1), roles: [], leaseCount: 0, connectionCount: 0, revision: 1,
            scarceNetworks: [],
            terminalTroubles: [
                Acts.PlacedTrouble(
                    trouble: .unserved(pool, [], otherCount: 1, wasHeard: false), pools: [pool]),
                Acts.PlacedTrouble(trouble: .silent(server, sessionCount: 6, since: 60), pools: [pool]),
            ])
        let names = try ["pc-1", "pc-2"].map { try NodeName($0) }
        let trouble = FiguresAnswer.Trouble(
            .failed, machine: names[0], isKnown: true, machines: names, text: "failed: x", fix: "look")
        let figures = FiguresAnswer(
            states: [:], unknownCount: 0, bootCount: 0, stages: [:], minutes: [], troubles: [], limited: [])
        let overview = Acts.Overview(
            figures: figures, troubles: [TroubleLine(trouble, what: "failed: x", fix: "look")])
        let view = DashboardView(overview, warnings: [], of: state, Self.words)
        #expect(view.troubles?.rows.map { $0.machines.first?.label } == ["ts-3", "pc-1", nil])
        #expect(view.troubles?.rows.map(\.more?.label) == [nil, nil, "and 1 more"])
        #expect(view.troubles?.rows.first?.action?.path == "/desktops/servers/ts-3/admit")
        #expect(try Self.shown(view).contains("<td><strong>2 ×</strong> failed: x</td>"))
    }

    @Test func `the map has a square for each node, and bars for very many`() throws {
        func nodes(_ count: Int, _ state: MachineState) throws -> [Acts.NodeState] {
            try (1...count).map { Acts.NodeState(name: try NodeName("pc-\($0)"), state: state) }
        }
        let (nine, ten) = (try GroupPath("/room-9"), try GroupPath("/room-10"))
        let map = FleetMap([ten: try nodes(11, .ready), nine: try nodes(1, .lost)], Self.words)
        #expect(map.rooms.map(\.path) == ["/room-9", "/room-10"] && map.more == nil)
        #expect(map.rooms[0].squares.map(\.kind) == ["lost"] && map.rooms[0].summary == "1 lost")
        #expect(map.rooms.map(\.isWell) == [false, true])
        #expect(map.rooms[1].squares.map(\.name).suffix(2) == ["pc-10", "pc-11"])
        #expect(map.rooms[1].bar == nil && map.rooms[1].squares[0].title == "pc-1: ready")
        let many = FleetMap(
            [ten: try nodes(1_500, .ready), nine: try nodes(500, .lost) + nodes(500, .off)], Self.words)
        #expect(many.rooms.allSatisfy { $0.squares.isEmpty })
        #expect(many.rooms[0].bar?.parts.map(\.kind) == ["lost", "off"])
        #expect(many.rooms[0].bar?.parts.map(\.x) == [0, 500])
    }
}
