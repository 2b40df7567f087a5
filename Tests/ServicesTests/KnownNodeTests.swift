import Fleet
import Linux
import Sealing
import Testing
import Wire

@testable import Services

/// What running nodes are told of others: when, and how by HTTP.
@Suite struct KnownNodeTests {
    private let machine: MACAddress
    private let farm: GroupPath

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        farm = try GroupPath("/farm")
    }

    // MARK: When

    private func nodes(_ address: String) throws -> KnownNodes {
        let snapshot = FleetSnapshot(
            revision: 1,
            nodes: [
                Node(
                    name: try NodeName("farm-1"), group: farm, macAddresses: [machine],
                    address: IPv4Address(address))
            ], groups: [NodeGroup(path: .site), NodeGroup(path: farm)], images: [])
        return KnownNodes(in: farm, of: snapshot, domain: "", address: \.address) { _, _ in "key" }
    }

    @Test func `a machine is told a list once in each boot, and again when it has changed`() throws {
        var lists = KnownNodeLists()
        let (first, second) = (try nodes("10.77.0.5"), try nodes("10.77.0.6"))
        func isNews(_ boot: String, _ now: Int, _ made: KnownNodes) -> Bool {
            lists.isNews(farm, to: machine, in: boot, now: now) { made }
        }
        #expect(isNews("one", 0, first))
        #expect(isNews("one", 0, first))
        lists.tell(farm, to: machine, in: "one")
        #expect(!isNews("one", 0, first))
        #expect(isNews("two", 0, first))
        lists.tell(farm, to: machine, in: "two")
        // Nothing has happened: the list is not even made.
        #expect(!isNews("two", 1_000_000, second))
        lists.noteChange()
        #expect(isNews("two", 1_000_000, second))
        lists.tell(farm, to: machine, in: "two")
        // A change that changes nothing here.
        lists.noteChange()
        #expect(!isNews("two", 2_000_000, second))
    }

    @Test func `many changes in a row make one list`() throws {
        var lists = KnownNodeLists()
        var made = 0
        let first = try nodes("10.77.0.5")
        for now in stride(from: 0, to: 2 * KnownNodeLists.period, by: 100) {
            lists.noteChange()
            _ = lists.nodes(in: farm, now: now) {
                made += 1
                return first
            }
        }
        #expect(made == 2)
    }

    @Test func `a machine's group is looked up again when settings change`() {
        var lists = KnownNodeLists()
        var asked = 0
        func group() -> GroupPath? {
            lists.group(of: machine) {
                asked += 1
                return nil
            }
        }
        #expect(group() == nil && group() == nil && asked == 1)
        lists.settingsChanged(of: machine)
        #expect(group() == nil && asked == 2)
        lists.settingsChanged()
        #expect(group() == nil && asked == 3)
    }

    // MARK: By HTTP

    private let key = ServerKey()

    /// A context in which the machine is farm-1, at its fixed address.
    ///
    /// - Parameter isDelivered: whether it got its configuration in this boot.
    private func context(_ settings: [String: SettingValue], isDelivered: Bool = true) throws -> BootContext {
        let snapshot = FleetSnapshot(
            revision: 1,
            nodes: [
                Node(
                    name: try NodeName("farm-1"), group: farm, macAddresses: [machine],
                    address: IPv4Address("10.77.0.5"))
            ], groups: [NodeGroup(path: .site), NodeGroup(path: farm, settings: settings)], images: [])
        let context = try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: BootPolicy(server: .loopback, loaders: [], nodeArchives: [:]), imageStore: "",
                volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:], key: key, secrets: NodeSecrets()),
            snapshot: snapshot, tracker: BootTracker()
        ) { _ in }
        context.note(.dhcp, of: machine, detail: "")
        if isDelivered {
            let address = try #require(IPv4Address("10.77.0.5"))
            _ = context.deliver(
                to: machine, at: address, boot: try #require(context.tracker.currentBoot(of: machine)),
                key: NodeKey().publicBytes)
        }
        return context
    }

    private func answer(
        _ context: BootContext, _ method: String, _ path: String, from peer: String = "10.77.0.5"
    )
        throws -> HTTPAnswer
    {
        let head = Array("\(method) /node/\(machine)/\(path) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var wire = head.span
        let request = try HTTPRequestHead(parsing: &wire)
        return HTTPAnswering(context: context).answer(
            request, body: [], peer: try #require(IPv4Address(peer)), server: .loopback)
    }

    private func bytes(_ answer: HTTPAnswer) -> [UInt8] {
        guard case .bytes(let bytes) = answer.body else { return [] }
        return bytes
    }

    @Test func `a running node is asked to fetch the list, and gets it signed for its question`() throws {
        let context = try context(["known-nodes": .text("/farm"), "report-sessions": .boolean(false)])
        let boot = try #require(context.tracker.currentBoot(of: machine))
        func order() throws -> String {
            String(decoding: bytes(try answer(context, "GET", "orders?boot=\(boot)")), as: UTF8.self)
        }
        #expect(try order() == "nodes")
        #expect(try order() == "nodes")
        let question = SignedAnswer.newQuestion()
        let reply = try answer(context, "GET", "nodes?boot=\(boot)&question=\(question)")
        #expect(reply.status == 200)
        let content = try SignedAnswer.content(
            of: bytes(reply), to: question, of: machine, in: boot, from: key.publicBytes)
        var wire = content.span
        let work = try StepWork(parsing: &wire)
        #expect(work.acts.count == 2)
        #expect(work.acts.first == .lines(path: "/etc/hosts", name: "nodes", text: "10.77.0.5 farm-1\n"))
        #expect(try order() == "")
    }

    @Test func `others, other boots and bad questions get nothing`() throws {
        let context = try context(["known-nodes": .text("/farm")])
        let boot = try #require(context.tracker.currentBoot(of: machine))
        let question = SignedAnswer.newQuestion()
        func status(_ method: String, _ path: String, from peer: String = "10.77.0.5") throws -> Int {
            try answer(context, method, path, from: peer).status
        }
        #expect(try status("GET", "nodes?boot=\(boot)&question=\(question)", from: "10.77.0.6") == 403)
        #expect(try status("GET", "nodes?boot=fedcba9876543210&question=\(question)") == 403)
        #expect(try status("GET", "nodes?question=\(question)") == 403)
        for bad in [
            "", "&question=", "&question=\(question)0", "&question=\(String(repeating: "%00", count: 32))",
        ] {
            #expect(try status("GET", "nodes?boot=\(boot)\(bad)") == 400, "\(bad)")
        }
        #expect(try status("POST", "nodes?boot=\(boot)&question=\(question)") == 405)
    }

    @Test func `a boot without a configuration gets no list of other nodes, and is not asked to fetch one`()
        throws
    {
        let context = try context(
            ["known-nodes": .text("/farm"), "report-sessions": .boolean(false)], isDelivered: false)
        let boot = try #require(context.tracker.currentBoot(of: machine))
        #expect(bytes(try answer(context, "GET", "orders?boot=\(boot)")).isEmpty)
        let path = "nodes?boot=\(boot)&question=\(SignedAnswer.newQuestion())"
        #expect(try answer(context, "GET", path).status == 403)
    }

    @Test func `a machine that is no node any more gets no list, though the site's settings name a group`()
        throws
    {
        let context = try context(["known-nodes": .text("/farm")])
        let boot = try #require(context.tracker.currentBoot(of: machine))
        let site = NodeGroup(
            path: .site,
            settings: [
                "known-nodes": .text("/farm"), "enrolment": .text("quarantine"),
                "report-sessions": .boolean(false),
            ])
        context.swap(
            FleetSnapshot(revision: 2, nodes: [], groups: [site, NodeGroup(path: farm)], images: []))
        // As far as the server knows, this address is still the machine's.
        let network = try #require(IPv4Network("10.77.0.0/24"))
        context.told.holder = { [machine] in (machine, ClientAddress(address: $0, network: network)) }
        #expect(bytes(try answer(context, "GET", "orders?boot=\(boot)")).isEmpty)
        let path = "nodes?boot=\(boot)&question=\(SignedAnswer.newQuestion())"
        #expect(try answer(context, "GET", path).status == 403)
    }

    @Test func `a node whose settings name no group is asked for nothing, and gets nothing`() throws {
        let context = try context(["report-sessions": .boolean(false)])
        let boot = try #require(context.tracker.currentBoot(of: machine))
        #expect(bytes(try answer(context, "GET", "orders?boot=\(boot)")).isEmpty)
        let path = "nodes?boot=\(boot)&question=\(SignedAnswer.newQuestion())"
        #expect(try answer(context, "GET", path).status == 404)
    }
}
