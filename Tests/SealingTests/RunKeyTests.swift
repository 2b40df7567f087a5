import Sealing
import Testing
import Wire

/// How a running node proves that it got the configuration of its boot.
@Suite struct RunKeyTests {
    private let machine = MACAddress(rawValue: 0x5254_0000_0001)
    private let secrets = NodeSecrets()

    private func key(_ machine: MACAddress, _ boot: String, _ sealed: String) throws -> RunKey {
        try #require(secrets.runKey(of: machine, in: boot, sealedTo: sealed))
    }

    @Test func `the same boot of the same machine with the same key has the same one again, no other has`()
        throws
    {
        let own = try key(machine, "one", "aa")
        #expect(try key(machine, "one", "aa").bytes == own.bytes)
        #expect(try key(MACAddress(rawValue: 1), "one", "aa").bytes != own.bytes)
        #expect(try key(machine, "two", "aa").bytes != own.bytes)
        #expect(try key(machine, "one", "ab").bytes != own.bytes)
        let others = NodeSecrets().runKey(of: machine, in: "one", sealedTo: "aa")
        #expect(others?.bytes != own.bytes)
        #expect(RunKey(bytes: Array(own.bytes.dropLast())) == nil)
    }

    @Test func `a request is good for its machine, boot and order, and for the key in it`() throws {
        let (own, node) = (try key(machine, "one", "aa"), NodeKey())
        let request = own.request(with: node, of: machine, in: "one", order: "1")
        func opened(
            _ request: [UInt8], by key: RunKey, _ machine: MACAddress, _ boot: String = "one",
            _ order: String = "1"
        ) -> [UInt8]? { key.publicKey(in: request, of: machine, in: boot, order: order) }
        #expect(opened(request, by: own, machine) == node.publicBytes)
        #expect(opened(request, by: own, machine, "two") == nil)
        #expect(opened(request, by: own, machine, "one", "2") == nil)
        #expect(opened(request, by: own, MACAddress(rawValue: 1)) == nil)
        #expect(opened(request, by: try key(machine, "one", "ab"), machine) == nil)
        // Another key with the code of the first.
        let swapped = NodeKey().publicBytes + request.dropFirst(NodeKey.publicByteCount)
        #expect(opened(swapped, by: own, machine) == nil)
        for count in [0, 1, request.count - 1] {
            #expect(opened(Array(request.prefix(count)), by: own, machine) == nil)
        }
        #expect(opened(request + [0], by: own, machine) == nil)
        for index in request.indices {
            var changed = request
            changed[index] ^= 1
            #expect(opened(changed, by: own, machine) == nil, "\(index)")
        }
    }

    @Test func `a mark tells contents apart, and needs the server's secret`() {
        let mark = secrets.stepMark(of: [1, 2])
        #expect(mark == secrets.stepMark(of: [1, 2]) && mark.count == 24)
        #expect(mark != secrets.stepMark(of: [1, 3]) && mark != secrets.stepMark(of: []))
        #expect(mark != NodeSecrets().stepMark(of: [1, 2]))
    }
}
