import API
import Fleet
import Foundation
import HTTPTypes
import Synchronization
import Testing
import Wire

@testable import Center

/// Where sessions of terminal servers are shown, and since when none shows them.
@Suite struct SessionPlaceTests {
    private static let address = "10.77.0.7"

    private static func acts(_ role: Role, of fleet: SmallFleet) throws -> Acts {
        let caller = Caller(
            name: "test", grants: [Grant(role, in: try GroupPath(Place.school.rawValue))], proof: .token(1))
        return Acts(services: fleet.services, caller: caller)
    }

    /// The node of that place has the address of all sessions.
    private static func lease(to place: Place, until second: Int = Lease.never, in fleet: SmallFleet) throws {
        let (address, machine) = (
            try #require(IPv4Address(Self.address)), try #require(MACAddress(place.macAddress))
        )
        fleet.leases.all.withLock { all in
            all.removeAll { $0.address == address }
            all.append(Lease(address: address, holder: .macAddress(machine), expiresAt: second))
        }
    }

    private static func sessions(_ role: Role, _ query: String, of fleet: SmallFleet) async throws
        -> [TerminalSessionAnswer]
    {
        try await acts(role, of: fleet).terminalSessions(query, offset: 0, limit: 9).rows
    }

    @Test func `the place of a session is the node that has its address, with its group`() async throws {
        let fleet = try await SmallFleet()
        try Self.lease(to: .school, in: fleet)
        let found = try await Self.sessions(.helpdesk, "/school 10.77.0.7", of: fleet)
        let named = try #require(found.first)
        #expect(named.node?.text == "pc-1" && named.nodeGroup?.description == "/school")
        #expect(named.place == "pc-1" && named.address == Self.address)
        let acts = try Self.acts(.helpdesk, of: fleet)
        let one = try await acts.terminalSession(named.id, on: named.server)
        let all = try await acts.terminalSessions(on: named.server)
        #expect(one.node == named.node && all.map(\.node) == [named.node])
        let words = Words.of(.english)
        let row = TerminalSessionRow(named, mayHelp: true, now: named.startedAt + 600, words)
        #expect(row.seat?.path == "/nodes/pc-1" && row.seat?.room == "/school" && row.age == "10 min")
        #expect(row.shown == "RDP" && row.leftAt == nil && row.link != nil)
    }

    @Test func `a node that the caller does not see is not named`() async throws {
        let fleet = try await SmallFleet()
        // Who may not know who is there does not learn where either.
        try Self.lease(to: .school, in: fleet)
        let seen = try await Self.sessions(.auditor, "", of: fleet)
        let hidden = try #require(seen.first)
        #expect(hidden.node == nil && hidden.address == nil && hidden.place.isEmpty)
        let byAddress = try await Self.sessions(.auditor, Self.address, of: fleet)
        #expect(byAddress.isEmpty)
        // A node of another group, and one whose lease is over.
        for (place, end) in [(Place.office, Lease.never), (.school, 1)] {
            try Self.lease(to: place, until: end, in: fleet)
            let found = try await Self.sessions(.helpdesk, "", of: fleet)
            let other = try #require(found.first)
            #expect(other.node == nil && other.nodeGroup == nil && other.place == Self.address)
            let byName = try await Self.sessions(.helpdesk, "desk-1", of: fleet)
            #expect(byName.isEmpty)
        }
    }

    @Test func `a session that was seen to lose its display says since when`() {
        var terminal = LiveTerminals.Terminal(placed: PlacementServer(name: "a"))
        func take(_ user: String, shown: Bool, at time: Int) {
            var report = SmallFleet.report(users: [user])
            report.sessions[0].isConnected = shown
            terminal.noteLeft(report.sessions, at: time)
            terminal.report = report
        }
        // How long it was so before the first report is not known.
        take("ann", shown: false, at: 1)
        #expect(terminal.left.isEmpty)
        take("ann", shown: true, at: 2)
        take("ann", shown: false, at: 3)
        take("ann", shown: false, at: 4)
        #expect(terminal.left == ["0": 3])
        // Another session of the same number.
        take("bob", shown: false, at: 5)
        #expect(terminal.left.isEmpty)
    }

    @Test func `a node's page lists the sessions on terminal servers that were opened there`() async throws {
        let fleet = try await SmallFleet()
        try Self.lease(to: .school, in: fleet)
        let name = try NodeName("pc-1")
        let acts = try Self.acts(.helpdesk, of: fleet)
        let here = try await acts.terminalSessions(at: name)
        #expect(here.map(\.user) == ["user of pc-1"] && here.first?.node == name)
        let found = try await Self.sessions(.helpdesk, "node=pc-1", of: fleet)
        #expect(found.map(\.user) == here.map(\.user))
        #expect(try await Self.sessions(.helpdesk, "node=pc", of: fleet).isEmpty)
        // Those who may not know who is where, and a node of another group.
        #expect(try await Self.acts(.auditor, of: fleet).terminalSessions(at: name).isEmpty)
        #expect(try await acts.terminalSessions(at: NodeName("desk-1")).isEmpty)
        let person = Person(role: .admin, place: .site)
        let page = try await fleet.ask(
            "GET", "/nodes/pc-1", headers: [.authorization: "Bearer \(person.token)"])
        #expect(page.body.contains("Sessions on terminal servers"))
        #expect(page.body.contains(#"<td><a href="/desktops/servers/ts-of-pc-1">ts-of-pc-1</a></td>"#))
        // By its log-in, wherever the lease has gone.
        try Self.lease(to: .office, in: fleet)
        #expect(try await acts.terminalSessions(at: name).isEmpty)
        let issued = LogIns.Issued(
            ticket: "known", user: "user of pc-1", machine: try #require(MACAddress(Place.school.macAddress)),
            address: try #require(IPv4Address(Self.address)), server: try TerminalName("ts-of-pc-1"),
            kind: .rdp, pool: try PoolName("pool-of-pc-1"), at: 0)
        fleet.services.logIns.state.withLock { $0.issue(issued) }
        #expect(try await acts.terminalSessions(at: name).map(\.user) == here.map(\.user))
    }

    @Test func `no session is older than the boot that tells of it`() async throws {
        let fleet = try await SmallFleet()
        let machine = try #require(MACAddress(Place.school.macAddress))
        let boot = try #require(fleet.services.fleet.boot(of: machine))
        let json =
            #"{"id":"1","user":"ann","kind":"x11","place":"seat0","from":"","isActive":true,"age":100000}"#
        let told = try JSONDecoder().decode(NodeSessions.TellsSession.self, from: Data(json.utf8))
        fleet.services.fleet.note([told], of: machine, in: boot.boot)
        let sessions = try await Self.acts(.admin, of: fleet).node("pc-1").sessions
        #expect(sessions.map(\.startedAt) == [boot.startedAt / 1_000])
        var report = SmallFleet.report(users: ["ann"])
        report.sessions[0].age = 900
        #expect(report.bounded.sessions[0].age == 900)
        report.uptime = 600
        #expect(report.bounded.sessions[0].age == 600)
    }
}
