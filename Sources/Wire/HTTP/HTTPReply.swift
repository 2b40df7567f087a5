/// A whole answer of an HTTP/1.1 server, as nodes read it: up to the end of the connection (RFC 9112 §6.3).
package struct HTTPReply: Equatable, Sendable {
    package var status: Int
    package var body: [UInt8]
    /// The value of ``StateMarkField``; nil without one.
    var stateMark: String?

    package var isSuccess: Bool { (200..<300).contains(status) }

    package init(parsing answer: [UInt8]) throws(WireError) {
        // A server that died meanwhile: the rest is missing.
        guard let end = HTTPRequestHead.byteCount(in: answer.span) else {
            throw .truncated(needed: answer.count + 1, left: answer.count)
        }
        var lines = answer[..<end].split(separator: 0x0A)[...]
        // HTTP/1.1 200 OK
        let words = String(decoding: lines.popFirst() ?? [], as: UTF8.self).split(separator: " ")
        guard words.count > 1, words[0].hasPrefix("HTTP/1."), let status = UInt16(words[1]),
            (100...999).contains(status)
        else { throw .invalid("status line") }
        self.status = Int(status)
        body = Array(answer[end...])
        for line in lines {
            let text = String(decoding: line, as: UTF8.self).lowercased()
            if text.hasPrefix("\(StateMarkField.name.lowercased()):") {
                stateMark = String(
                    text.dropFirst(StateMarkField.name.count + 1).filter { $0 != " " && !$0.isNewline })
            }
            guard text.hasPrefix("content-length:") else { continue }
            guard let length = UInt32(text.dropFirst(15).filter { $0 != " " && $0 != "\r" }) else {
                throw .invalid("content length")
            }
            guard body.count >= Int(length) else { throw .truncated(needed: Int(length), left: body.count) }
        }
    }
}
