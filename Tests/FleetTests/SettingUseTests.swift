import Testing
import Wire

@testable import Fleet

/// What settings name is not taken away unseen.
@Suite struct SettingUseTests {
    private static let (room, school) = ("room", "/school")

    /// A pool and a secret of `/school`, whose node and a node elsewhere name the pool.
    private static func fleet() throws -> FleetSnapshot {
        let school = try GroupPath(school)
        let secret = Secret(
            name: try SecretName("join"), group: school, path: "/run/secrets/join", changedAt: 0)
        var group = NodeGroup(path: school)
        group.settings = [
            "commands": .map(["a": "late secret=T:join -- join $T"]), "known-nodes": .text("/lab"),
            "windows-accounts": .map(["*": "secret=join"]),
        ]
        let lab = NodeGroup(path: try GroupPath("/lab"))
        let pool = TerminalPool(name: try PoolName(room), group: school)
        var nodes: [Node] = []
        for (index, (name, group)) in [("pc-1", school), ("desk-1", .site)].enumerated() {
            let card = MACAddress(rawValue: 0x5254_0000_0700 | UInt64(index))
            nodes.append(
                Node(
                    name: try NodeName(name), group: group, macAddresses: [card],
                    settings: ["pool": .text(room)]))
        }
        return try FleetSnapshot.empty.applying(
            [
                .group(school, group), .group(lab.path, lab), .pool(pool.name, pool),
                .secret(secret.name, secret),
            ]
                + nodes.map { .node($0.name, $0) }, revision: 1)
    }

    private static func refusal(_ edits: [FleetEdit], in fleet: FleetSnapshot) -> String {
        do {
            _ = try fleet.applying(edits, revision: 2)
            return ""
        } catch { return "\(error)" }
    }

    @Test func `a pool that settings name stays, and who names it is said to those who may see it`() throws {
        let fleet = try Self.fleet()
        let pool = try PoolName(Self.room)
        let told = Self.refusal([.pool(pool, nil)], in: fleet)
        #expect(told.contains("in the setting pool of node pc-1, and 1 more"))
        #expect(!told.contains("desk-1"), "it is of another group than the pool")
        let edits: [FleetEdit] = try ["pc-1", "desk-1"].map { name in
            var node = try #require(fleet.nodes[try NodeName(name)])
            node.settings = [:]
            return .node(node.name, node)
        }
        #expect(Self.refusal([.pool(pool, nil), edits[0]], in: fleet).contains("of nodes outside /school"))
        #expect(Self.refusal(edits + [.pool(pool, nil)], in: fleet).isEmpty, "in one change, too")
    }

    @Test func `a secret and a group that settings name go, and the plan says what misses them`() throws {
        let fleet = try Self.fleet()
        let secret = try ChangePlan(of: [.secret(SecretName("join"), nil)], in: fleet).notes ?? []
        #expect(
            secret == [
                "a command of group /school needs the secret join: it will fail",
                "windows-accounts of group /school names the secret join: log-ins with it will fail",
            ])
        let group = try ChangePlan(of: [.group(GroupPath("/lab"), nil)], in: fleet).notes ?? []
        #expect(group == ["known-nodes of group /school names group /lab: nodes there will know no others"])
        let lab = try GroupPath("/lab")
        let alone = try ChangePlan(of: [.group(lab, nil)], in: fleet, seeing: { lab.contains($0) })
        #expect(alone.notes == nil, "those of one group do not learn of others by removing it")
        var quiet = try #require(fleet.groups[try GroupPath(Self.school)])
        quiet.settings = [:]
        let both: [FleetEdit] = [.group(quiet.path, quiet), .secret(try SecretName("join"), nil)]
        #expect(try ChangePlan(of: both, in: fleet).notes == nil)
    }
}
