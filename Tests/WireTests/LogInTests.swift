import Testing
import Wire

/// The messages of a log-in, and their identifiers.
@Suite struct LogInMessageTests {
    private static let request = LogInRequest(
        id: "i", user: "anna", pool: "", protocols: ["rdp", "x2go"], publicKey: "ssh-ed25519 AAAA",
        hasPassword: true,
        takesOver: false)
    private static let ticket = SessionTicket(
        id: "t", kind: "rdp", address: "10.77.0.11", port: 3389, user: "anna", credential: "c", lifetime: 60,
        certificate: "00ff", hostKeys: ["a", "b"], broker: "x", isReconnection: true)
    private static let answers = [
        LogInAnswer(id: "i", outcome: .ready(ticket)), LogInAnswer(id: "i", outcome: .askConsent("?")),
        LogInAnswer(id: "i", outcome: .refused("full")),
    ]

    @Test func `they are read as they were written, and none is read from a part of it`() throws {
        var bytes: [UInt8] = []
        Self.request.write(to: &bytes)
        var wire = bytes.span
        #expect(try LogInRequest(parsing: &wire) == Self.request && wire.isEmpty)
        for count in bytes.indices {
            var part = bytes.span.extracting(first: count)
            #expect(throws: WireError.self) { try LogInRequest(parsing: &part) }
        }
        for answer in Self.answers {
            var bytes: [UInt8] = []
            answer.write(to: &bytes)
            var wire = bytes.span
            #expect(try LogInAnswer(parsing: &wire) == answer && wire.isEmpty)
            for count in bytes.indices {
                var part = bytes.span.extracting(first: count)
                #expect(throws: WireError.self) { try LogInAnswer(parsing: &part) }
            }
        }
    }

    @Test func `an identifier has the node's time and a random part, and nothing else is one`() throws {
        let made = LogInIdentifier(time: 0x1234, random: Array(0..<16))
        #expect(made.text == "000000001234-000102030405060708090a0b0c0d0e0f")
        let read = try #require(LogInIdentifier(made.text))
        #expect(read == made && read.time == 0x1234)
        #expect(LogInIdentifier(LogInIdentifier(time: -1, random: []).text)?.time == 0)
        #expect(LogInIdentifier(LogInIdentifier(time: .max, random: []).text)?.time == 1 << 47)
        for text in [
            "", "1", made.text.uppercased(), made.text + "0", String(made.text.dropLast()),
            "+" + made.text.dropFirst(),
            made.text.replacing("-", with: "0"), "é" + made.text.dropFirst(2),
        ] {
            #expect(LogInIdentifier(text) == nil, "\(text)")
        }
    }
}
