import Sealing
import Testing
import Wire

@Suite struct SealingTests {
    private let machine: MACAddress
    private let other: MACAddress
    private let boot = "0123456789abcdef"

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        other = try #require(MACAddress("52:54:00:00:00:02"))
    }

    @Test(arguments: [0, 1, 4_096, 1 << 20])
    func `a node opens what was sealed to its key in this boot`(byteCount: Int) throws {
        let (server, node) = (ServerKey(), NodeKey())
        let content = (0..<byteCount).map { UInt8(truncatingIfNeeded: $0) }
        let sealed = try server.seal(content, to: node.publicBytes, of: machine, in: boot)
        #expect(try node.open(sealed, of: machine, in: boot, from: server.publicBytes) == content)
        // The same, by another program of the same boot and a restarted server.
        let (again, later) = (
            try #require(ServerKey(seed: server.seed)), try #require(NodeKey(bytes: node.bytes))
        )
        #expect(again.publicBytes == server.publicBytes)
        let anew = try again.seal(content, to: later.publicBytes, of: machine, in: boot)
        #expect(try node.open(anew, of: machine, in: boot, from: server.publicBytes) == content)
        #expect(anew != sealed)
    }

    @Test func `no other key opens it, and a changed message is refused`() throws {
        let (server, node) = (ServerKey(), NodeKey())
        let content = Array("root:$y$j9T$secret".utf8)
        let sealed = try server.seal(content, to: node.publicBytes, of: machine, in: boot)
        #expect(!contains(sealed, Array("secret".utf8)))
        func open(
            _ bytes: [UInt8], _ key: NodeKey, _ machine: MACAddress, _ boot: String, _ server: [UInt8]
        ) -> SealingError? {
            do {
                _ = try key.open(bytes, of: machine, in: boot, from: server)
                return nil
            } catch { return error }
        }
        let known = server.publicBytes
        #expect(open(sealed, node, machine, boot, known) == nil)
        #expect(open(sealed, NodeKey(), machine, boot, known) == .notFromTheServer)
        #expect(open(sealed, node, other, boot, known) == .notFromTheServer)
        #expect(open(sealed, node, machine, "fedcba9876543210", known) == .notFromTheServer)
        #expect(open(sealed, node, machine, boot, ServerKey().publicBytes) == .notFromTheServer)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(open(changed, node, machine, boot, known) == .notFromTheServer, "\(index)")
        }
        for count in [0, 63, 64, 100, sealed.count - 1] {
            #expect(open(Array(sealed.prefix(count)), node, machine, boot, known) != nil, "\(count)")
        }
        #expect(open(sealed + [0], node, machine, boot, known) == .notFromTheServer)
        for count in [0, 31, 33] {
            #expect(
                open(sealed, node, machine, boot, [UInt8](repeating: 1, count: count)) == .notASeal,
                "\(count)")
        }
    }

    /// Points of small order on Curve25519 (https://cr.yp.to/ecdh.html): with these as a key, everyone would know the shared secret.
    @Test func `nothing is sealed to an invalid key`() {
        let server = ServerKey()
        var keys = [0, 31, 33, 64].map { [UInt8](repeating: 7, count: $0) }
        keys.append([UInt8](repeating: 0, count: 32))
        keys.append([1] + [UInt8](repeating: 0, count: 31))
        keys.append([0xEC] + [UInt8](repeating: 0xFF, count: 30) + [0x7F])
        #expect(NodeKey.isPublicKey(NodeKey().publicBytes))
        for key in keys {
            #expect(!NodeKey.isPublicKey(key))
            #expect(throws: SealingError.badKey) {
                try server.seal([1, 2, 3], to: key, of: machine, in: boot)
            }
        }
        #expect(ServerKey(seed: [1, 2, 3]) == nil && NodeKey(bytes: [UInt8](repeating: 0, count: 63)) == nil)
    }

    private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
        bytes.indices.contains { bytes[$0...].starts(with: part) }
    }
}
