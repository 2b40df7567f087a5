import Testing
import Wire

@testable import Fleet

/// What nodes of a group know of each other.
@Suite struct KnownNodesTests {
    private static let fixed = IPv4Address("10.77.0.9")

    /// Two nodes of a farm, of which one has no fixed address, and one elsewhere.
    private func snapshot(_ settings: [String: SettingValue] = [:]) throws -> FleetSnapshot {
        func node(_ name: String, _ group: String, _ number: UInt8, at address: IPv4Address? = nil) throws
            -> Node
        {
            let mac = try #require(MACAddress("52:54:00:00:01:0\(number)"))
            return Node(
                name: try NodeName(name), group: try GroupPath(group), macAddresses: [mac], address: address)
        }
        return FleetSnapshot(
            revision: 1,
            nodes: [
                try node("farm-2", "/farm/rack-1", 2, at: Self.fixed), try node("farm-1", "/farm", 1),
                try node("pc-1", "/school", 3, at: IPv4Address("10.77.0.8")),
            ],
            groups: [
                NodeGroup(path: .site), NodeGroup(path: try GroupPath("/farm"), settings: settings),
                NodeGroup(path: try GroupPath("/farm/rack-1")), NodeGroup(path: try GroupPath("/school")),
            ], images: [])
    }

    private func known(_ group: String, domain: String = "", leased: IPv4Address? = nil) throws -> [StepAct] {
        KnownNodes(
            in: try GroupPath(group), of: try snapshot(), domain: domain, address: { $0.address ?? leased },
            publicLine: { "ssh-ed25519 \($0)-\($1)" }
        ).acts
    }

    @Test func `a node knows names, addresses and keys of the group and below, in order`() throws {
        #expect(
            try known("/farm", domain: "lab", leased: IPv4Address("10.77.0.5")) == [
                .lines(
                    path: "/etc/hosts", name: "nodes",
                    text: "10.77.0.5 farm-1.lab farm-1\n10.77.0.9 farm-2.lab farm-2\n"),
                .lines(
                    path: "/etc/ssh/ssh_known_hosts", name: "nodes",
                    text: """
                        farm-1,farm-1.lab,10.77.0.5 ssh-ed25519 farm-1-1
                        farm-2,farm-2.lab,10.77.0.9 ssh-ed25519 farm-2-1

                        """),
            ])
    }

    @Test func `a node without an address is known by its key, and a group that is not there has no nodes`()
        throws
    {
        #expect(
            try known("/farm") == [
                .lines(path: "/etc/hosts", name: "nodes", text: "10.77.0.9 farm-2\n"),
                .lines(
                    path: "/etc/ssh/ssh_known_hosts", name: "nodes",
                    text: "farm-1 ssh-ed25519 farm-1-1\nfarm-2,10.77.0.9 ssh-ed25519 farm-2-1\n"),
            ])
        #expect(
            try known("/nowhere") == [
                .lines(path: "/etc/hosts", name: "nodes", text: ""),
                .lines(path: "/etc/ssh/ssh_known_hosts", name: "nodes", text: ""),
            ])
        #expect(try known("/").contains { "\($0)".contains("pc-1") })
    }

    /// The steps before init, and `/etc/hosts`.
    private func configuration(_ settings: [String: SettingValue]) throws -> (
        work: [StepWork], archive: String
    ) {
        let snapshot = try snapshot(settings)
        let node = try #require(snapshot.nodes[try NodeName("farm-1")])
        let machine = try #require(node.macAddresses.first)
        let address = IPv4Address("10.77.0.5")
        let contents = try NodeContents(
            for: machine, being: node, at: address, in: snapshot, policy: Sample.policy(),
            hostKey: { _, _ in HostKeyFiles(privateFile: "", publicLine: "") })
        let archive = configurationArchive(
            of: contents,
            knownNodes: {
                KnownNodes(in: $0, of: snapshot, domain: "", address: \.address) { name, _ in "key \(name)" }
            })
        let steps = try nodeSteps(of: snapshot.settings(of: node), domain: "")
        return (steps.map(\.work), String(decoding: archive, as: UTF8.self))
    }

    @Test func `a step puts them into the files, and the node's own name has its real address`() throws {
        let (work, archive) = try configuration(["known-nodes": .text("/farm")])
        #expect(work.map(\.name).starts(with: ["host name", "hosts", "known nodes", "dns"]))
        #expect(archive.contains("10.77.0.5 farm-1\n") && !archive.contains("127.0.1.1"))
        #expect(archive.contains("10.77.0.9 farm-2\n") && archive.contains("farm-2,10.77.0.9 key farm-2\n"))
        // Those elsewhere are known as before.
        #expect(archive.contains("10.77.0.8 pc-1\n") && !archive.contains("key pc-1"))
    }

    @Test func `without the setting there is no such step, and the name is at 127.0.1.1`() throws {
        let (work, archive) = try configuration([:])
        #expect(!work.contains { $0.name == "known nodes" })
        #expect(archive.contains("127.0.1.1 farm-1\n") && !archive.contains("key farm-2"))
    }

    @Test(arguments: ["farm", "/Farm", "/farm/", "/a b", "//", "/\(String(repeating: "a", count: 64))"])
    func `what is no group is refused`(text: String) {
        #expect(throws: InvalidSetting.self) { _ = try GroupPath(reading: text) }
    }

    @Test func `a large group is cut off, and the order of its nodes does not change`() throws {
        var nodes: [Node] = []
        for number in 0..<(KnownNodes.nodeLimit + 5) {
            let mac = try #require(
                MACAddress("52:54:00:00:\(Self.hex(number >> 8)):\(Self.hex(number & 255))"))
            nodes.append(
                Node(name: try NodeName("n\(100_000 + number)"), macAddresses: [mac], address: Self.fixed))
        }
        let snapshot = FleetSnapshot(revision: 1, nodes: nodes, groups: [NodeGroup(path: .site)], images: [])
        let acts = KnownNodes(in: .site, of: snapshot, domain: "", address: \.address) { _, _ in "key" }.acts
        guard case .lines(_, _, let text)? = acts.first else {
            Issue.record("no lines")
            return
        }
        #expect(text.split(separator: "\n").count == KnownNodes.nodeLimit)
        #expect(text.hasPrefix("10.77.0.9 n100000\n"))
        #expect(text.utf8.count < StepWork.textLimit)
    }

    private static func hex(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return digits.count < 2 ? "0" + digits : digits
    }
}
