import Testing
import Wire

@testable import Fleet

@Suite struct NextBootsTests {
    private static func name(_ number: Int) throws -> NodeName { try NodeName("pc-\(number)") }

    private static func card(_ number: Int) -> MACAddress { MACAddress(rawValue: UInt64(number)) }

    /// Two groups of twelve nodes, of which some have something of their own.
    private static func fleet() throws -> FleetSnapshot {
        let (debian, rooms) = (try ImageName("debian"), try ["/a", "/b"].map { try GroupPath($0) })
        var contents = FleetSnapshot.Contents()
        contents.groups = [
            .site: NodeGroup(path: .site), rooms[0]: NodeGroup(path: rooms[0]),
            rooms[1]: NodeGroup(path: rooms[1], settings: ["image": .text("debian@2")]),
        ]
        contents.images[debian] = ImageCatalogue(
            name: debian,
            versions: [
                try Sample.version("debian", 1, "a"), try Sample.version("debian", 2, "b"),
                try Sample.version("debian", 3, "c"),
            ], channels: [.stable: 1])
        for number in 1...24 {
            let node = Node(
                name: try name(number), group: rooms[number % 2], macAddresses: [card(number)],
                uuid: MachineUUID("00000000-0000-4000-8000-0000000000\(number + 10)"))
            contents.nodes[node.name] = node
        }
        contents.nodes[try name(3)]?.settings = ["image": .text("debian@3")]
        contents.nodes[try name(4)]?.settings = ["loader": .text("grub")]
        contents.nodes[try name(5)]?.settings = ["image": .text("gone")]
        contents.rollouts[7] = Rollout(
            id: 7, image: debian, channel: .stable, candidate: 2, former: 1, share: "5%",
            terms: Rollout.Terms(readyWithin: 300, trialSeconds: 1_800, allowedFailures: 1),
            startedAt: 1_000, startedBy: "test", canaries: [try name(6)])
        contents.volumes[try name(8)] = Volume(
            node: try name(8), image: debian, version: 1, digest: Sample.digest("a"), byteCount: 1,
            createdAt: 0,
            generation: 1)
        var observations = FleetObservations()
        observations.troubles[card(10)] = BootTrouble(
            version: Sample.digest("a"), failedBoots: 9, lastBootAt: 1, detail: "no init")
        return FleetSnapshot(revision: 1, contents: contents, observations: observations)
    }

    private static func clients() -> [MACAddress: BootClient] {
        var clients: [MACAddress: BootClient] = [:]
        for number in 1...20 {
            let kinds: [(UInt16, BootClient.Program)] = [
                (7, .firmware), (0, .ipxe(canHTTP: true)), (6, .firmware), (11, .uBoot), (0, .system),
            ]
            let (architecture, program) = kinds[number % kinds.count]
            clients[card(number)] = BootClient(
                macAddress: card(number), architecture: ClientArchitecture(rawValue: architecture),
                program: program)
        }
        // Its request says that it is another node's machine.
        clients[card(21)] = BootClient(
            macAddress: card(2), architecture: ClientArchitecture(rawValue: 6), program: .firmware)
        return clients
    }

    private static func expectSame(_ snapshot: FleetSnapshot, _ policy: BootPolicy) throws {
        var boots = NextBoots(in: snapshot, under: policy, clients: clients())
        let stranger = Node(name: NodeName(unknown: card(99)), macAddresses: [card(99)])
        for node in snapshot.nodeOrder.compactMap({ snapshot.nodes[$0] }) + [stranger] {
            let client = snapshot.client(of: node, in: clients())
            let (answer, own) = (
                boots.boot(of: node), snapshot.nextBoot(of: node, under: policy, asking: client)
            )
            #expect(answer.version == own.version && answer.lack == own.lack, "\(node.name)")
            #expect(answer.version == snapshot.nextVersion(of: node), "\(node.name)")
            #expect(answer.lack == snapshot.lack(of: node, under: policy, asking: client), "\(node.name)")
        }
    }

    @Test func `each node gets from its kind what it would get alone`() throws {
        let snapshot = try Self.fleet()
        try Self.expectSame(snapshot, Sample.policy())
        try Self.expectSame(snapshot, Sample.policy(loaders: []))
        let versions = try [1, 2, 3, 6].map {
            try snapshot.nextVersion(of: #require(snapshot.nodes[Self.name($0)]))?.number
        }
        #expect(versions == [2, 1, 3, 2])
    }

    @Test func `two nodes with one card, as an old store may have them, get what each would get alone`()
        throws
    {
        var contents = try Self.fleet().contents
        contents.nodes[try Self.name(11)]?.macAddresses = [Self.card(12), Self.card(11)]
        let snapshot = FleetSnapshot(revision: 2, contents: contents)
        #expect(snapshot.configuration.hasNodeConflict)
        try Self.expectSame(snapshot, Sample.policy())
    }

    @Test func `the same holds with rules of settings and of loaders`() throws {
        let rule = MatchRule(
            name: try RuleName("some"), condition: "group = /a", settings: ["image": .text("debian@3")])
        let snapshot = try Self.fleet().applying([.rule(rule.name, rule)], revision: 2)
        var policy = Sample.policy()
        policy.loaderRules = [
            LoaderRule(
                name: try RuleName("one"), macPattern: MACPattern("00:00:00:00:00:05"), loader: "none.efi")
        ]
        try Self.expectSame(snapshot, policy)
        policy.loaderRules[0].macPattern = nil
        policy.loaderRules[0].architecture = ClientArchitecture(rawValue: 7)
        try Self.expectSame(snapshot, policy)
    }
}
