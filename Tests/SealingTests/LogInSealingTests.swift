import Sealing
import Testing
import Wire

/// What a node and the server say about a log-in, sealed with keys of the node's boot.
@Suite struct LogInSealingTests {
    private let machine = MACAddress(rawValue: 0x5254_0000_0001)
    private let request = LogInRequest(
        id: LogInIdentifier(time: 5, random: Array(1...16)).text, user: "anna", pool: "room",
        protocols: ["rdp"],
        publicKey: "", hasPassword: false, takesOver: false)

    private func key(_ sealed: String = "aa", _ boot: String = "one") throws -> RunKey {
        try #require(
            NodeSecrets().runKey(
                of: machine, in: boot, sealedTo: sealed))
    }

    private func answer(_ id: String) -> LogInAnswer {
        LogInAnswer(
            id: id,
            outcome: .ready(
                SessionTicket(
                    id: "t", kind: "rdp", address: "10.77.0.11", port: 3389, user: "anna",
                    credential: "sesame",
                    lifetime: 60, certificate: "", hostKeys: ["ssh-ed25519 AAAA"], broker: "",
                    isReconnection: false)))
    }

    @Test func `a request opens with the key of its boot, and shows nothing to others`() throws {
        let key = try key()
        let sealed = key.seal(request, of: machine, in: "one", run: "r")
        #expect(sealed.firstRange(of: Array("anna".utf8)) == nil)
        #expect(key.logInRequest(sealed, of: machine, in: "one", run: "r") == request)
        #expect(key.seal(request, of: machine, in: "one", run: "r") != sealed)
        #expect(key.logInRequest(sealed, of: machine, in: "two", run: "r") == nil)
        #expect(key.logInRequest(sealed, of: machine, in: "one", run: "s") == nil)
        #expect(key.logInRequest(sealed, of: MACAddress(rawValue: 1), in: "one", run: "r") == nil)
        let other = try self.key("ab")
        #expect(other.logInRequest(sealed, of: machine, in: "one", run: "r") == nil)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(key.logInRequest(changed, of: machine, in: "one", run: "r") == nil, "\(index)")
        }
        for count in 0..<sealed.count {
            let cut = Array(sealed.prefix(count))
            #expect(key.logInRequest(cut, of: machine, in: "one", run: "r") == nil)
        }
    }

    @Test func `an answer opens for its own request only, and is no request`() throws {
        let key = try key()
        let sealed = key.seal(answer(request.id), of: machine, in: "one")
        #expect(sealed.firstRange(of: Array("sesame".utf8)) == nil)
        #expect(key.logInAnswer(sealed, to: request, of: machine, in: "one") == answer(request.id))
        var later = request
        later.id = LogInIdentifier(time: 6, random: Array(1...16)).text
        #expect(key.logInAnswer(sealed, to: later, of: machine, in: "one") == nil)
        #expect(key.logInAnswer(sealed, to: request, of: machine, in: "two") == nil)
        #expect(key.logInRequest(sealed, of: machine, in: "one", run: "r") == nil)
        let asked = key.seal(request, of: machine, in: "one", run: "r")
        #expect(key.logInAnswer(asked, to: request, of: machine, in: "one") == nil)
    }

    @Test func `what no node asks is no request`() throws {
        let key = try key()
        var (longName, badName, manyProtocols, noID) = (request, request, request, request)
        longName.user = String(repeating: "a", count: 257)
        badName.user = "an\nna"
        manyProtocols.protocols = Array(repeating: "rdp", count: 9)
        noID.id = "5"
        for odd in [longName, badName, manyProtocols, noID] {
            let sealed = key.seal(odd, of: machine, in: "one", run: "r")
            #expect(key.logInRequest(sealed, of: machine, in: "one", run: "r") == nil)
        }
        var large = request
        large.publicKey = String(repeating: "a", count: LogInRequest.byteLimit)
        let sealed = key.seal(large, of: machine, in: "one", run: "r")
        #expect(key.logInRequest(sealed, of: machine, in: "one", run: "r") == nil)
    }
}
