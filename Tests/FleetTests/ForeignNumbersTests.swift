import Foundation
import Testing
import Wire

@testable import Fleet

/// Numbers chosen by machines and other servers: at their limits they cause no crash.
@Suite struct ForeignNumbersTests {
    private static let limits = [
        "0", "-1", "1", "32768", "2147483647", "4294967296", "9223372036854775807", "-9223372036854775808",
    ]

    @Test(arguments: limits) func `hardware with a number at a limit is accepted`(number: String) throws {
        let json = """
            {"processorCount":\(number),"memoryMebibytes":\(number),
            "memoryModules":[{"slot":"","mebibytes":\(number),"kind":"","speed":\(number),"maker":"","part":""}],
            "disks":[{"name":"","model":"","serial":"","mebibytes":\(number),"isRotating":false}]}
            """
        let hardware = try JSONDecoder().decode(Hardware.self, from: Data(json.utf8))
        for count in [
            hardware.processorCount, hardware.memoryMebibytes, hardware.memoryModules[0].mebibytes,
            hardware.memoryModules[0].speed, hardware.disks[0].mebibytes,
        ] {
            #expect(MachineCount.range.contains(count))
        }
        #expect(!hardware.facts.isEmpty)
    }

    @Test(arguments: limits) func `a session of any age began at a valid time`(number: String) throws {
        let json =
            #"[{"id":"1","user":"a","kind":"tty","place":"","from":"","isActive":true,"age":\#(number)}]"#
        let told = try JSONDecoder().decode([NodeSessions.TellsSession].self, from: Data(json.utf8))
        let sessions = NodeSessions(told, boot: "", at: 1_800_000_000)
        #expect((0...1_800_000_000).contains(sessions.sessions[0].startedAt))
    }

    @Test(arguments: ["-1", "9223372036854775807", "562949953421312"])
    func `another server's manifest with an impossible size is refused`(number: String) throws {
        let json = #"{"name":"kernel","byteCount":\#(number),"sha256":"\#(Sample.digest("a"))"}"#
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(ImageManifest.File.self, from: Data(json.utf8))
        }
    }

    @Test func `another server's manifest has no more files than a version can have`() throws {
        var manifest = try Sample.version("debian", 1, "a").manifest
        let data = try JSONEncoder().encode(manifest)
        #expect(try JSONDecoder().decode(ImageManifest.self, from: data) == manifest)
        manifest.files = Array(repeating: manifest.files[0], count: 65)
        let long = try JSONEncoder().encode(manifest)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(ImageManifest.self, from: long) }
    }

    @Test func `a client's host name is made printable`() throws {
        let (network, mac) = (try #require(IPv4Network("10.77.0.0/24")), Sample.mac)
        let pool = network.hosts.upperBound...network.hosts.upperBound
        let subnet = DHCPSubnet(network: network, server: network.hosts.lowerBound, pools: [pool])
        var server = DHCPServer(
            links: [DHCPLink(interface: "br0", subnets: [subnet])], reservations: [], leases: [])
        var message = DHCPMessage(transaction: 1, from: mac)
        message.options.set(.messageType, to: .request)
        message.options.set(.requestedAddress, to: pool.upperBound)
        message.options.set(.serverIdentifier, to: network.hosts.lowerBound)
        message.options.set(.hostName, to: "pc\u{7F}\u{1B}[2J\u{9B}é 7" + String(repeating: "x", count: 100))
        let outcome = server.handle(
            message, on: "br0", now: 1, snapshot: .empty, policy: Sample.policy())
        #expect(outcome.lease?.hostName == "pc[2J7" + String(repeating: "x", count: 57))
    }

    @Test(arguments: [["10.0.0.1": "a\nb"], ["10.0.0.1\n": "b"], ["": "x"], ["10.0.0.1": "a\u{2028}b"]])
    func `a hosts entry stays one line`(lines: [String: String]) {
        #expect(Settings.hosts.definition.problem(.map(lines)) != nil)
        #expect(Settings.hosts.definition.problem(.map(["10.0.0.1": "a b"])) == nil)
    }

    @Test func `a public key with a carriage return is two lines, and refused`() {
        let key = "ssh-ed25519 AAAA a"
        let definition = Settings.authorizedKeys.definition
        #expect(definition.problem(.list([key])) == nil)
        #expect(definition.problem(.list(["\(key)\r\n\(key)"])) != nil)
    }
}
