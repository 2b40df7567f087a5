import Fleet
import Sealing
import Testing
import Wire

@testable import Services

/// Messages of a TPM's enrolment and release as an attacker on the segment has them: replayed, cut, out of order, of others.
@Suite struct TPMAttackTests {
    private let machine: MACAddress
    private let name: NodeName

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        name = try NodeName("pc-1")
    }

    private func bound(_ use: TPMUse = .use) throws -> TPMBench {
        let bench = try TPMBench(machine, name, use)
        bench.bind(BoundTPM(node: name, tpm: try bench.identity(), boundAt: 1))
        return bench
    }

    private func introduction(_ key: NodeKey) throws -> [UInt8] {
        let introduction = TPMIntroduction(
            bootKey: key.publicBytes, endorsement: try TPMKey(.curve, TPMVectors.curve),
            attestation: try TPMKey(.attestation, TPMVectors.attestation), certificate: nil)
        var body: [UInt8] = []
        introduction.write(to: &body)
        return body
    }

    @Test
    func
        `an introduction that is cut anywhere, longer, or changed in a length is refused, and costs no proof`()
        throws
    {
        let bench = try bound()
        let (key, boot) = (NodeKey(), try bench.boot())
        let body = try introduction(key)
        let credential = try bench.introduce(key)
        for count in 0..<body.count {
            #expect(try bench.post(Array(body.prefix(count)), boot: boot).status == 400, "\(count)")
        }
        #expect(try bench.post(body + [0], boot: boot).status == 400)
        for index in body.indices where body[index] == 0 {
            var huge = body
            huge[index] = 0xFF
            // A changed key is another key, which no TPM opens: all else is no introduction.
            _ = try bench.post(huge, boot: boot)
            guard let known = bench.context.tpmProofs[machine] else { continue }
            #expect(known.key.count == NodeKey.publicByteCount, "\(index)")
        }
        // None of it was taken for the TPM that the node is bound to.
        let proof = credential.proof(for: key.publicBytes, of: machine, in: boot)
        let status = try bench.ask(key, proof).status
        #expect(status == 200 || status == 409)
        #expect(bench.bindings.isEmpty)
        let again = try bench.introduce(key)
        let last = again.proof(for: key.publicBytes, of: machine, in: boot)
        #expect(try bench.ask(key, last).status == 200)
    }

    @Test func `a recorded request brings what the keys of its boot open, and nothing in the next boot`()
        throws
    {
        let bench = try bound()
        let (key, boot) = (NodeKey(), try bench.boot())
        let credential = try bench.introduce(key)
        let proof = credential.proof(for: key.publicBytes, of: machine, in: boot)
        let first = try bench.ask(key, proof)
        let second = try bench.ask(key, proof)
        #expect(first.status == 200 && second.status == 200)
        // Both open with the keys of that boot alone.
        #expect(throws: SealingError.self) { try bench.open(second, NodeKey()) }
        #expect(try TPMCredential.isSealed(bench.open(second, key)))
        bench.startAgain()
        let next = try bench.boot()
        #expect(next != boot)
        #expect(try bench.ask(key, proof).status == 409)
        #expect(try bench.request("POST", "configuration", boot, key.publicBytes + proof).status != 200)
        #expect(try bench.post(introduction(key), boot: boot).status == 403)
    }

    @Test func `messages out of order bring nothing`() throws {
        let bench = try bound()
        let (key, boot) = (NodeKey(), try bench.boot())
        // A proof before anything was introduced, and one made of nothing.
        let made = TPMCredential().proof(for: key.publicBytes, of: machine, in: boot)
        #expect(try bench.ask(key, made).status == 409)
        // An introduction between a challenge and its proof takes the challenge's place.
        let credential = try bench.introduce(key)
        let proof = credential.proof(for: key.publicBytes, of: machine, in: boot)
        _ = try bench.introduce(NodeKey())
        #expect(try bench.ask(key, proof).status == 409)
        #expect(bench.alarms.isEmpty && bench.bindings.isEmpty)
        let good = try bench.introduce(key)
        #expect(try bench.ask(key, good.proof(for: key.publicBytes, of: machine, in: boot)).status == 200)
    }

    @Test func `from another address, or after the lease has moved, each message is refused with an alarm`()
        throws
    {
        let bench = try bound()
        let (key, boot) = (NodeKey(), try bench.boot())
        let credential = try bench.introduce(key)
        let proof = credential.proof(for: key.publicBytes, of: machine, in: boot)
        let other = MACAddress(rawValue: 0x5254_0000_0002)
        // The address is another machine's now.
        bench.context.told.holder = { address in
            IPv4Network("10.77.0.0/24").map { (other, ClientAddress(address: address, network: $0)) }
        }
        #expect(try bench.request("GET", "tpm", boot, []).status == 403)
        #expect(try bench.post(introduction(key), boot: boot).status == 403)
        #expect(try bench.ask(key, proof).status == 403)
        #expect(bench.alarms.first?.property == .configuration && bench.alarms.first?.holder == other)
        // A host without a lease.
        bench.context.told.holder = { _ in nil }
        #expect(try bench.ask(key, proof).status == 403)
        // It used nothing up: the machine itself goes on.
        let machine = machine
        bench.context.told.holder = { address in
            IPv4Network("10.77.0.0/24").map { (machine, ClientAddress(address: address, network: $0)) }
        }
        #expect(try bench.ask(key, proof).status == 200)
    }

    @Test func `those who use a running node bind it to no TPM of theirs`() throws {
        let bench = try TPMBench(machine, name)
        let (key, boot) = (NodeKey(), try bench.boot())
        #expect(try bench.ask(key, []).status == 200)
        // Their programs have its address, and the name of its boot.
        let own = NodeKey()
        let made = try bench.introduce(own)
        let proof = made.proof(for: own.publicBytes, of: machine, in: boot)
        #expect(try bench.ask(own, proof).status == 403)
        #expect(bench.alarms.contains { $0.property == .secondConfiguration })
        // The public key of the boot can be heard on the wire.
        let heard = try bench.introduce(key)
        _ = try bench.ask(key, heard.proof(for: key.publicBytes, of: machine, in: boot))
        #expect(bench.bindings.isEmpty)
        // Its next boot may show one.
        bench.startAgain()
        let next = NodeKey()
        let credential = try bench.introduce(next)
        let shown = credential.proof(for: next.publicBytes, of: machine, in: try bench.boot())
        #expect(try bench.ask(next, shown).status == 503 && bench.bindings.count == 1)
    }

    @Test func `a challenge of one machine proves nothing for another`() throws {
        let bench = try bound()
        let (key, boot) = (NodeKey(), try bench.boot())
        let credential = try bench.introduce(key)
        let other = MACAddress(rawValue: 0x5254_0000_0002)
        let proof = credential.proof(for: key.publicBytes, of: other, in: boot)
        #expect(try bench.ask(key, proof).status == 409)
        #expect(bench.context.tpmProofs[other] == nil)
    }

    @Test func `introductions without end are limited, and the node's next boot goes on`() throws {
        let bench = try bound()
        let (key, boot) = (NodeKey(), try bench.boot())
        let body = try introduction(key)
        let statuses = try (0..<600).map { _ in try bench.post(body, boot: boot).status }
        #expect(Set(statuses) == [200, 429])
    }
}
