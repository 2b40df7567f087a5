import Sealing
import Testing
import Wire

@Suite struct SignedAnswerTests {
    private let machine: MACAddress
    private let other: MACAddress
    private let boot = "0123456789abcdef"
    private let server = ServerKey()
    private let content = Array("10.77.0.5 farm-1\n".utf8)

    init() throws {
        machine = try #require(MACAddress("52:54:00:00:00:01"))
        other = try #require(MACAddress("52:54:00:00:00:02"))
    }

    private func answer(to question: String) -> [UInt8] {
        SignedAnswer.bytes(content, to: question, of: machine, in: boot, by: server)
    }

    private func refusal(
        _ bytes: [UInt8], _ question: String, _ machine: MACAddress, _ boot: String, _ key: [UInt8]
    ) -> SealingError? {
        do {
            _ = try SignedAnswer.content(of: bytes, to: question, of: machine, in: boot, from: key)
            return nil
        } catch { return error }
    }

    @Test func `an answer holds for one question of one boot of one machine, from one server`() throws {
        let (question, known) = (SignedAnswer.newQuestion(), server.publicBytes)
        let bytes = answer(to: question)
        #expect(
            try SignedAnswer.content(of: bytes, to: question, of: machine, in: boot, from: known) == content)
        #expect(refusal(bytes, SignedAnswer.newQuestion(), machine, boot, known) == .notFromTheServer)
        #expect(refusal(bytes, question, other, boot, known) == .notFromTheServer)
        #expect(refusal(bytes, question, machine, "fedcba9876543210", known) == .notFromTheServer)
        #expect(refusal(bytes, question, machine, boot, ServerKey().publicBytes) == .notFromTheServer)
    }

    @Test func `each changed byte and each truncation is refused`() {
        let (question, known) = (SignedAnswer.newQuestion(), server.publicBytes)
        let bytes = answer(to: question)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            #expect(refusal(changed, question, machine, boot, known) == .notFromTheServer)
            #expect(refusal(Array(bytes.prefix(index)), question, machine, boot, known) != nil)
        }
        #expect(refusal([], question, machine, boot, known) == .notASeal)
        #expect(refusal(bytes, question, machine, boot, []) == .notFromTheServer)
    }

    @Test func `a configuration is no answer, and an answer no configuration`() throws {
        let (question, node) = (SignedAnswer.newQuestion(), NodeKey())
        let sealed = try server.seal(content, to: node.publicBytes, of: machine, in: boot)
        #expect(refusal(sealed, question, machine, boot, server.publicBytes) == .notFromTheServer)
        let long = SignedAnswer.bytes(
            [UInt8](repeating: 7, count: 200), to: question, of: machine, in: boot, by: server)
        #expect(throws: SealingError.notFromTheServer) {
            _ = try node.open(long, of: machine, in: boot, from: server.publicBytes)
        }
    }

    @Test func `questions are random digits, and nothing else is one`() {
        let questions = (0..<100).map { _ in SignedAnswer.newQuestion() }
        #expect(Set(questions).count == 100 && questions.allSatisfy(SignedAnswer.isQuestion))
        for text in ["", "0", String(repeating: "g", count: 32), String(repeating: "A", count: 32)]
            + [String(repeating: "a", count: 31), String(repeating: "a", count: 33), "é"]
        {
            #expect(!SignedAnswer.isQuestion(text))
        }
    }
}
