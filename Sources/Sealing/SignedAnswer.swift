package import Wire

/// An answer to a running node that is no secret: signed by its server, and valid for one question only.
package enum SignedAnswer {
    /// Hexadecimal digits of a question: random, so that no earlier answer fits.
    package static let questionLength = 32

    package static func isQuestion(_ text: String) -> Bool {
        text.utf8.count == questionLength
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    package static func newQuestion() -> String {
        (0..<2).map { _ in
            let digits = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: questionLength / 2 - digits.count) + digits
        }.joined()
    }

    /// The signature, then the content.
    package static func bytes(
        _ content: [UInt8], to question: String, of machine: MACAddress, in boot: String, by key: ServerKey
    ) -> [UInt8] {
        key.signature(of: text(content, to: question, of: machine, in: boot)) + content
    }

    /// The content of an answer.
    ///
    /// - Parameter server: ``ServerKey/publicBytes`` of the server that this node trusts.
    package static func content(
        of answer: [UInt8], to question: String, of machine: MACAddress, in boot: String, from server: [UInt8]
    ) throws(SealingError) -> [UInt8] {
        guard answer.count >= ServerKey.signatureByteCount else { throw .notASeal }
        let content = Array(answer.dropFirst(ServerKey.signatureByteCount))
        let signed = text(content, to: question, of: machine, in: boot)
        guard
            SigningKey.hasSigned(signed, Array(answer.prefix(ServerKey.signatureByteCount)), by: server)
        else { throw .notFromTheServer }
        return content
    }

    /// Begins unlike a sealed configuration: neither can be taken for the other.
    private static func text(_ content: [UInt8], to question: String, of machine: MACAddress, in boot: String)
        -> [UInt8]
    {
        Array("roost answer 1\0\(machine) \(boot) \(question)\0".utf8) + content
    }
}
