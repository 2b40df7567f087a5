/// The field by which a running node gets the mark of its server's state, which it brings back with its next request.
package enum StateMarkField {
    package static let name = "State-Mark"
    /// A node takes no longer one, and only characters of a query.
    private static let lengthLimit = 64

    /// A mark as a request may have it.
    package static func mark(in reply: HTTPReply) -> String? {
        guard let text = reply.stateMark, (1...lengthLimit).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 == 0x2E || (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        return text
    }
}
