import Testing
import Wire

@testable import Fleet

/// Kernels keep 2,047 bytes of their command line; longer lines are refused when set.
@Suite struct CommandLineLengthTests {
    private func words(_ count: Int) -> SettingValue {
        .list((0..<count).map { "option\($0)=\(String(repeating: "x", count: 40))" })
    }

    private func setting(_ words: SettingValue, of node: NodeName = .sample, in snapshot: FleetSnapshot)
        throws
        -> FleetSnapshot
    {
        var changed = try #require(snapshot.nodes[node])
        changed.settings["kernel-arguments"] = words
        return try snapshot.applying([.node(node, changed)], revision: 2)
    }

    @Test func `arguments that do not fit are refused, with both numbers and the setting`() throws {
        let snapshot = try Sample.snapshot()
        let error = #expect(throws: InvalidSetting.self) { try setting(words(50), in: snapshot) }
        let text = try #require(error?.description)
        #expect(text.contains("pc-1") && text.contains("2047") && text.contains("kernel-arguments takes"))
        #expect(throws: Never.self) { try setting(words(10), in: snapshot) }
    }

    @Test func `more words than iPXE has arguments are refused, however short`() throws {
        let snapshot = try Sample.snapshot()
        func short(_ count: Int) -> SettingValue { .list([String](repeating: "q", count: count)) }
        let error = #expect(throws: InvalidSetting.self) { try setting(short(253), in: snapshot) }
        let text = try #require(error?.description)
        #expect(text.contains("words, but iPXE accepts 252 at most: kernel-arguments has most"))
        let most = try setting(short(200), in: snapshot)
        #expect(throws: InvalidSetting.self) { try setting(short(260), in: most) }
        #expect(most.commandLineProblems(limit: 5).isEmpty)
    }

    @Test func `the sum of site and node counts, and a long line may become shorter`() throws {
        var site = try Sample.snapshot(site: ["kernel-arguments": words(20)])
        #expect(throws: InvalidSetting.self) {
            try setting(.list((0..<20).map { "more\($0)=\(String(repeating: "y", count: 40))" }), in: site)
        }
        // From a server before this rule.
        let node = Node(
            name: .sample, group: try GroupPath("/school"), macAddresses: [Sample.mac],
            settings: ["kernel-arguments": words(60)])
        var contents = site.contents
        contents.nodes[node.name] = node
        site = FleetSnapshot(revision: 1, contents: contents)
        #expect(throws: Never.self) { try setting(words(55), in: site) }
        #expect(throws: InvalidSetting.self) { try setting(words(61), in: site) }
        var other = node
        other.tags = ["new"]
        #expect(throws: Never.self) { try site.applying([.node(node.name, other)], revision: 2) }
        #expect(site.commandLineProblems(limit: 5).count == 1)
    }

    @Test func `a group's words are refused because of its nodes, the site's because of unknown machines`()
        throws
    {
        let snapshot = try Sample.snapshot()
        let school = try GroupPath("/school")
        #expect(throws: InvalidSetting.self) {
            let group = NodeGroup(path: school, settings: ["persistent-directories": paths(60)])
            _ = try snapshot.applying([.group(school, group)], revision: 2)
        }
        let empty = FleetSnapshot(revision: 1, contents: FleetSnapshot.Contents())
        let error = #expect(throws: InvalidSetting.self) {
            let group = NodeGroup(path: .site, settings: ["kernel-arguments": words(50)])
            _ = try empty.applying([.group(.site, group)], revision: 2)
        }
        #expect(error?.description.contains("an unknown machine") == true)
    }

    private func paths(_ count: Int) -> SettingValue {
        .list((0..<count).map { "/srv/\($0)/\(String(repeating: "x", count: 40))" })
    }

    @Test func `no boot plan is longer than the calculated length`() throws {
        for mode in ["nbd", "ram", "nfs", "persistent"] {
            let snapshot = try Sample.snapshot(nodeSettings: [
                "root-mode": .text(mode), "kernel-arguments": words(5),
                "swap": .list(["server:2G", "zram:50%"]),
                "netconsole": .boolean(true), "persistent-directories": .list(["/var/log"]),
                "persistent-disk": .text("data"),
            ])
            let identity = BootIdentity(
                macAddress: Sample.mac,
                address: ClientAddress(
                    address: Sample.server, network: try #require(IPv4Network("10.77.0.0/24")),
                    router: Sample.server, nameServers: [Sample.server, Sample.server], leaseSeconds: 43_200),
                boot: "0123456789abcdef")
            var policy = Sample.policy()
            policy.nfs = NFSDirectories(images: "/var/lib/roost/images", trees: "/var/lib/roost/trees")
            policy.netconsolePort = 6_666
            let plan = bootPlan(for: identity, in: snapshot, under: policy)
            let length = try snapshot.commandLineLength(of: snapshot.nodes[.sample])
            let real = plan.commandLine.joined(separator: " ").utf8.count
            #expect(real > 0 || mode == "persistent")
            #expect(real + 90 < length.byteCount && length.byteCount < CommandLineLength.limit, "\(mode)")
        }
    }
}

extension NodeName {
    /// The node of ``Sample/snapshot(nodeSettings:site:)``.
    fileprivate static var sample: NodeName {
        guard let name = try? NodeName("pc-1") else { preconditionFailure("a name") }
        return name
    }
}
