import API
import Fleet
import Testing
import Wire

@testable import Center

/// Lists of changes, groups and leases, as people read them.
@Suite struct ChangeListTests {
    private static let words = PageViewTests.words

    private static func values(_ before: String?, _ after: String?) -> [String] {
        let edit = Revision.Edit(kind: "group", key: "/school", before: before, after: after)
        let revision = Revision(number: 7, at: 60, who: "ann", what: "settings of group /school changed")
        return ChangeView(revision, edit: edit, words).values
    }

    @Test func `a short change says from what to what, and a long one only what it was`() {
        #expect(
            Self.values(#"{"settings":{"loader":"auto"}}"#, #"{"settings":{"loader":"ipxe","swap":"1GiB"}}"#)
                == ["loader: auto → ipxe", "swap: – → 1GiB"])
        #expect(Self.values(#"{"settings":{"swap":"1GiB"}}"#, #"{"settings":{}}"#) == ["swap: 1GiB → –"])
        // What is new or gone is said in the line already.
        #expect(Self.values(nil, #"{"settings":{"loader":"ipxe"}}"#) == [])
        #expect(Self.values(#"{"a":1}"#, #"{"a":"\#(String(repeating: "x", count: 61))"}"#) == [])
        #expect(Self.values(#"{"a":1,"b":1,"c":1,"d":1}"#, #"{"a":2,"b":2,"c":2,"d":2}"#) == [])
    }

    @Test func `a change leads to what it changed, and names its values once`() {
        func said(
            _ what: String, _ key: String, before: String? = #"{"swap":"1GiB"}"#,
            after: String? = #"{"swap":"2GiB"}"#
        )
            -> ChangeView.Said
        {
            let edit = Revision.Edit(kind: "group", key: key, before: before, after: after)
            return ChangeView(Revision(number: 7, at: 60, who: "ann", what: what), edit: edit, Self.words)
                .said
        }
        let changed = said("settings of group /school changed: swap", "/school")
        #expect(changed.before == "settings of group " && changed.after == " changed")
        #expect(changed.object?.path == "/groups?path=%2Fschool" && changed.object?.label == "/school")
        // What is gone, and what has only a part of the name.
        #expect(said("group /school removed", "/school", after: nil).object == nil)
        #expect(said("group /school/room-1 added", "/school", before: nil).object == nil)
        let token = Revision.Edit(kind: "token", key: "3", before: nil, after: "{}")
        let made = ChangeView(
            Revision(number: 8, at: 60, who: "ann", what: "token 3 made"), edit: token, Self.words)
        #expect(made.said.object == nil && made.said.before == "token 3 made")
    }

    @Test func `the history has the edits of revisions that changed one record, without secrets`()
        async throws
    {
        let fleet = try await SmallFleet()
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "test", grants: [Grant(.auditor, in: .site)], proof: .token(1)))
        let revisions = try await acts.revisions(RevisionFilter(limit: 50)).0
        let edits = try await acts.singleEdits(of: revisions)
        for revision in revisions {
            let whole = try await acts.revision(revision.number)
            #expect(edits[revision.number] == (whole.edits.count == 1 ? whole.edits.first : nil))
        }
    }

    @Test func `groups with failed nodes say so in the tree, and the site does not repeat it`() throws {
        let room = try GroupPath("/school/room-1")
        let details = Acts.GroupDetails(
            path: .site, tree: [(.site, 3), (room, 3)], failed: [.site: 1, room: 1],
            stuck: [.site: 1], nodeCount: 3,
            mayConfigure: false)
        var view = GroupsView(details, current: .overview, tabs: [.overview], at: nil, Self.words)
        #expect(view.tree?.branches.map(\.failed) == ["1 failed, 1 stuck", "1 failed"])
        #expect(
            view.tree?.branches.map(\.choice) == [
                "Site · 3 · 1 failed, 1 stuck", "/school/room-1 · 3 · 1 failed",
            ])
        let states = try [MachineState.failed, .ready, .stuck, .off, .lost].enumerated().map {
            Acts.NodeState(name: try NodeName("pc-\($0)"), state: $1)
        }
        let figures = FiguresAnswer(
            states: [:], unknownCount: 0, bootCount: 0, median: nil, percentile95: nil, stages: [:],
            minutes: [], troubles: [], limited: [])
        func overview(_ rooms: [GroupPath: [Acts.NodeState]]) -> GroupsView.Overview {
            GroupsView.Overview(
                of: .site, Acts.Overview(figures: figures, rooms: rooms), mayRelease: { _ in false },
                Self.words)
        }
        view.overview = overview([room: states, .site: []])
        #expect(view.overview?.map == nil)
        let text = try PageViewTests.shown(view)
        #expect(text.contains(#"title="1 failed" aria-hidden="true"><i class="square failed"></i> 1 <"#))
        #expect(text.contains(#"<span class="hidden">1 failed, 1 stuck</span>"#))
        #expect(text.contains(#"id="tree-path""#))
        #expect(overview([.site: states]).map != nil)
    }

    @Test func `leases are listed by address, or by their end`() throws {
        let list = Acts.LeaseList(page: Acts.Page([], offset: 0, limit: 9))
        let pager = try PageViewTests.pager("/leases", "?q=a")
        let server = try #require(IPv4Address("10.77.0.1"))
        func network(leased: Int, of size: Int) -> NetworkAnswer {
            NetworkAnswer(
                interface: "lan0", server: server, network: "10.77.0.0/24", pools: [], router: nil,
                size: size, leased: leased)
        }
        let roomy = LeasesView(
            list, pager, networks: [network(leased: 294, of: 500)], mayReserve: true, now: 0, Self.words)
        #expect(roomy.pools?.rows.map(\.use?.text) == ["294 used, 206 free"] && roomy.scarce.isEmpty)
        #expect(roomy.pools?.rows.first?.link == "/leases?q=10.77.0.0%2F24")
        #expect(try PageViewTests.shown(roomy).contains("294 used, 206 free"))
        for (mayMend, count) in [(true, 1), (false, 0)] {
            let full = LeasesView(
                list, pager, networks: [network(leased: 450, of: 500)], mayReserve: mayMend, now: 0,
                Self.words)
            #expect(full.scarce.count == count)
        }
        #expect(
            LeasesView(list, pager, networks: [network(leased: 0, of: 0)], now: 0, Self.words).pools == nil)
        let plain = LeasesView(list, pager, now: 0, Self.words)
        #expect(plain.resort.path == "/leases?q=a&order=end")
        #expect(LeasesView(list, pager, .end, now: 0, Self.words).resort.path == "/leases?q=a")
    }

    @Test func `the address of a machine that is no node can be kept from its lease`() throws {
        let lease = LeaseAnswer(
            Lease(
                address: IPv4Address(rawValue: 1), holder: .macAddress(MACAddress(rawValue: 9)), expiresAt: 60
            ),
            snapshot: .empty)
        let list = Acts.LeaseList(page: Acts.Page([lease], offset: 0, limit: 9))
        let pager = try PageViewTests.pager("/leases")
        let text = try PageViewTests.shown(LeasesView(list, pager, mayReserve: true, now: 0, Self.words))
        #expect(text.contains(#"name="machine" value="00:00:00:00:00:09""#))
        #expect(text.contains(#"name="address" value="0.0.0.1""#))
        let reader = try PageViewTests.shown(LeasesView(list, pager, now: 0, Self.words))
        #expect(!reader.contains("/networks/reserve"))
    }
}
