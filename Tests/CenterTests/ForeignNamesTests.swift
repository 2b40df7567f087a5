import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// Callers with access to one group do not learn from refusals which names there are in others.
@Suite struct ForeignNamesTests {
    private static func acts(_ role: Role, of fleet: SmallFleet) throws -> Acts {
        let grants = [Grant(role, in: try GroupPath(Place.school.rawValue))]
        return Acts(
            services: fleet.services, caller: Caller(name: "teacher", grants: grants, proof: .token(1)))
    }

    /// All that the caller is told, with the place's names left out; nil when the act succeeds.
    private static func refusal(by place: Place, of act: () async throws -> Any) async -> String? {
        let told: String
        do {
            _ = try await act()
            return nil
        } catch let problem as Problem {
            told = "\(problem.status) \(problem.title): \(problem.detail)"
        } catch {
            told = "\(error)"
        }
        return [place.aide, place.node, place.macAddress, place.rawValue].reduce(told) {
            $0.replacing($1, with: "…")
        }
    }

    /// Changes are found by their numbers, which everyone who reads the status knows.
    private static let rows: [ActRow] = ActRow.all.filter {
        [.place, .hidden].contains($0.reach) && !["undo", "revision"].contains($0.name)
    }

    @Test(arguments: Role.allCases)
    func `each act refuses what is in another group like what does not exist`(role: Role) async throws {
        let fleet = try await SmallFleet()
        let acts = try Self.acts(role, of: fleet)
        for row in Self.rows {
            var refusals: [String?] = []
            for place in [Place.office, .nowhere] {
                let target = ActTarget(place: place, revision: 0)
                refusals.append(await Self.refusal(by: place) { try await row.act(acts, target) })
            }
            #expect(refusals[0] != nil, "\(row.name)")
            #expect(refusals[0] == refusals[1], "\(row.name)")
        }
        #expect(Self.rows.count > 30)
    }

    @Test(
        arguments: [
            "NODE,MAC,GROUP", "NODE,MAC,/school", "NODE,MAC,GROUP,10.99.99.99", "name\nNODE", "mac\nMAC",
            "fresh,52:54:00:00:03:77,GROUP",
        ])
    func `a list of nodes is refused alike, whether its nodes and groups exist or not`(list: String)
        async throws
    {
        let fleet = try await SmallFleet()
        let acts = try Self.acts(.helpdesk, of: fleet)
        var refusals: [String?] = []
        for place in [Place.office, .nowhere] {
            let text = list.replacing("NODE", with: place.node).replacing("MAC", with: place.macAddress)
                .replacing("GROUP", with: place.rawValue)
            refusals.append(
                await Self.refusal(by: place) {
                    try acts.previewImport(Array(text.utf8), makesGroups: false)
                })
        }
        // A new name in one's own group is free to take: only what is taken is refused.
        guard list != "NODE,MAC,/school", list != "name\nNODE" else {
            return #expect(refusals[0]?.contains("…") == false)
        }
        #expect(refusals[0] != nil && refusals[0] == refusals[1])
    }

    @Test func `a refused change names neither the group nor the permission of a foreign record`()
        async throws
    {
        let fleet = try await SmallFleet()
        let acts = try Self.acts(.operator_, of: fleet)
        let node = Node(
            name: try NodeName(Place.office.node), group: try GroupPath("/school"), macAddresses: [])
        for act in [{ try await acts.save(node) }, { try await acts.add(node) }] as [() async throws -> Any] {
            let told = await Self.refusal(by: .nowhere, of: act)
            #expect(told?.contains("office") == false, "\(told ?? "")")
        }
    }
}
