import Fleet
import Linux
import Sealing
import Synchronization
import Testing
import Wire

@testable import Services

/// What a machine that waits for approval learns of names that are typed at its screen.
@Suite struct RegistrationHintTests {
    private let machine: MACAddress
    private let context: BootContext
    private let noted: Noted

    private final class Noted: Sendable {
        let names = Mutex<[String]>([])
    }

    init() throws {
        let noted = Noted()
        self.noted = noted
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        let version = try #require(Digest(String(repeating: "a", count: 64)))
        var contents = FleetSnapshot.Contents()
        contents.groups[.site] = NodeGroup(path: .site, settings: ["enrolment": .text("quarantine")])
        let name = try NodeName("taken")
        contents.nodes[name] = Node(name: name, macAddresses: [])
        context = try BootContext(
            loop: try EventLoop(),
            settings: BootContext.Settings(
                policy: BootPolicy(
                    server: .loopback, loaders: [],
                    nodeArchives: ["amd64": NodeArchive(digest: version, byteCount: 1)]),
                imageStore: "", volumeDirectory: "", nodeArchiveDirectory: "", loaders: [:], key: ServerKey(),
                secrets: NodeSecrets()),
            snapshot: FleetSnapshot(revision: 1, contents: contents), tracker: BootTracker()
        ) { report in
            if case .registration(_, let registration) = report {
                noted.names.withLock { $0.append(registration.name.text) }
            }
        }
        let (machine, network) = (machine, try #require(IPv4Network("127.0.0.0/8")))
        context.told.isGiven = { _ in true }
        context.told.holder = {
            $0 == .loopback ? (machine, ClientAddress(address: .loopback, network: network)) : nil
        }
    }

    /// What the screen shows after a name was typed.
    private func said(_ query: String) throws -> String {
        let head = Array("GET /node/\(machine)/register?\(query) HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        var wire = head.span
        let request = try HTTPRequestHead(parsing: &wire)
        let answer = HTTPAnswering(context: context).answer(
            request, body: [], peer: .loopback, server: .loopback)
        guard case .bytes(let bytes) = answer.body else { return "" }
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `names and groups that are there cannot be found out by trying`() throws {
        #expect(try said("name=taken").contains("another node has this name"))
        #expect(try said("name=free&group=/elsewhere").contains("there is no such group"))
        for number in 0..<RegistrationHints.limit { _ = try said("name=try-\(number)") }
        for query in ["name=taken", "name=free", "name=free&group=/elsewhere"] {
            #expect(try said(query).contains("noted"), "\(query)")
        }
        #expect(try said("name=-").contains("a name has letters"))
        #expect(noted.names.withLock { $0.first } == "try-0")
    }

    @Test func `a quarter of an hour later they are told of again`() {
        var hints = RegistrationHints()
        let taken = (0..<200).count { _ in hints.takes(now: 5) }
        let (before, later) = (
            hints.takes(now: RegistrationHints.period), hints.takes(now: 5 + RegistrationHints.period)
        )
        #expect(taken == RegistrationHints.limit)
        #expect(!before && later)
    }
}
