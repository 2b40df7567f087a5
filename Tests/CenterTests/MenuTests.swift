import Fleet
import Testing

@testable import Center

/// The menu, made of what each page says of its places in it.
@Suite struct MenuTests {
    private static func menu(_ grants: [Grant]) -> [LayoutView.Section] {
        LayoutView.menu("/nodes", grants: grants, Words(.english, phrases: ""))
    }

    @Test func `an administrator of the site has all entries, in their sections`() {
        let menu = Self.menu([Grant(.admin)])
        let told = menu.map { "\($0.title): \($0.entries.map(\.path).joined(separator: " "))" }
        #expect(
            told == [
                "Fleet: / /nodes /groups /machines /schedules",
                "Desktops: /desktops /desktops/servers /desktops/sessions /desktops/accounts /desktops/place"
                    + " /desktops/log-ins /desktops/agents",
                "Images: /images /rollouts /volumes",
                "Configuration: /settings /rules /files /kept-files /secrets",
                "Network: /networks /leases", "Insight: /boots /history /boards",
                "Administration: /administrators /tokens /hooks /wizard",
            ])
        #expect(menu.flatMap(\.entries).filter(\.isCurrent).map(\.path) == ["/nodes"])
    }

    @Test
    func `callers have what they may open somewhere, and what is for the whole site only with all of it`()
        throws
    {
        let school = try GroupPath("/school")
        let helper = Set(Self.menu([Grant(.helpdesk, in: school)]).flatMap(\.entries).map(\.path))
        #expect(helper.isSuperset(of: ["/", "/nodes", "/rules", "/tokens", "/leases"]))
        #expect(
            helper.isDisjoint(with: ["/settings", "/kept-files", "/history", "/administrators", "/wizard"]))
        let ofSchool = Set(Self.menu([Grant(.admin, in: school)]).flatMap(\.entries).map(\.path))
        #expect(ofSchool.isSuperset(of: ["/history", "/administrators", "/wizard", "/boards"]))
        #expect(ofSchool.isDisjoint(with: ["/settings", "/kept-files", "/hooks"]))
        #expect(Self.menu([]).isEmpty)
    }

    @Test func `each entry leads to a page`() async throws {
        let fleet = try await SmallFleet()
        for entry in Pages.all.flatMap({ $0.menu }) {
            #expect(try await fleet.ask("GET", entry.path).route != nil, "\(entry.path)")
        }
    }
}
