import API
import Fleet
import Foundation
import Testing

@testable import Center

/// An export of the configuration: which kinds of records, of which places, and for whom.
@Suite struct ExportTests {
    private static func acts(_ role: Role, in place: Place, of fleet: SmallFleet) throws -> Acts {
        let grants = [Grant(role, in: try GroupPath(place.rawValue))]
        return Acts(
            services: fleet.services, caller: Caller(name: "ann", grants: grants, proof: .token(1)))
    }

    @Test func `all kinds are in the export of the whole site, in the order of their names`() async throws {
        let fleet = try await SmallFleet()
        let snapshot = fleet.services.fleet.snapshot
        let export = try await Acts(services: fleet.services, caller: .local).export()
        #expect(export.revision == snapshot.revision)
        #expect(export[Node.self].map(\.name) == snapshot.nodeOrder)
        #expect(export[NodeGroup.self].map(\.path) == snapshot.groups.keys.sorted())
        #expect(export[MatchRule.self].map(\.name) == snapshot.rules.keys.sorted())
        let network = snapshot.contents.network
        #expect(export[Network.self].map(\.name) == network.networks.keys.sorted())
        #expect(export[DHCPReservation.self] == network.orderedReservations)
        let names = snapshot.contents.access.administrators.keys.sorted()
        #expect(!names.isEmpty && export[DeclaredAdministrator.self].map(\.name) == names)
        #expect(export[TerminalPool.self].map(\.name) == snapshot.contents.terminals.pools.keys.sorted())
    }

    @Test func `those of one place get its records, and what decides in all groups`() async throws {
        let fleet = try await SmallFleet()
        let snapshot = fleet.services.fleet.snapshot
        for role in [Role.operator_, .helpdesk] {
            let export = try await Self.acts(role, in: .school, of: fleet).export()
            #expect(export[Node.self].map(\.name.text) == [Place.school.node])
            #expect(
                export[NodeGroup.self].allSatisfy { $0.path.description.hasPrefix(Place.school.rawValue) })
            #expect(export[MatchRule.self].count == snapshot.rules.count && !snapshot.rules.isEmpty)
            #expect(export[Network.self].isEmpty && export[DHCPReservation.self].isEmpty)
            #expect(export[LoaderRule.self].isEmpty && export[DeclaredAccount.self].isEmpty)
            #expect(export[DeclaredAdministrator.self].isEmpty && export[NamedHook.self].isEmpty)
        }
        // The whole site, but no administrator of it.
        let export = try await Self.acts(.operator_, in: .site, of: fleet).export()
        #expect(export[Network.self].count == snapshot.contents.network.networks.count)
        #expect(export[DeclaredAdministrator.self].isEmpty && export[NamedHook.self].isEmpty)
    }

    @Test func `an export of one group has nothing of the whole site`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        let export = try await acts.export(below: GroupPath(Place.school.rawValue))
        #expect(export[Node.self].map(\.name.text) == [Place.school.node])
        #expect(export[MatchRule.self].isEmpty && export[DeclaredChannel.self].isEmpty)
        #expect(export[Network.self].isEmpty && export[DeclaredAdministrator.self].isEmpty)
    }

    @Test func `it has a list for each kind, and a server's lists that are not known are passed over`()
        async throws
    {
        let fleet = try await SmallFleet()
        let export = try await Acts(services: fleet.services, caller: .local).export()
        let json = try JSONEncoder().encode(export)
        let members = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
        #expect(Set(members.keys) == Set(DeclaredForms.all.map { $0.member } + ["revision"]))
        // The small fleet has administrators with the role of tokens, which no one can be given.
        let given = try JSONSerialization.data(withJSONObject: members.filter { $0.key != "administrators" })
        let read = try JSONDecoder().decode(ConfigurationExport.self, from: given)
        #expect(read[TerminalPool.self] == export[TerminalPool.self])
        #expect(read[Node.self].map(\.name) == export[Node.self].map(\.name))
        let other = Data(#"{"revision":3,"nodes":[],"moons":[{"name":"a"}]}"#.utf8)
        let old = try JSONDecoder().decode(ConfigurationExport.self, from: other)
        #expect(old.revision == 3 && old[Node.self].isEmpty && old[TerminalPool.self].isEmpty)
    }
}
