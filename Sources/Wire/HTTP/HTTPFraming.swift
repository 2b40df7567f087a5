/// Where a request ends, and what happens to its connection (RFC 9112 §6, §9.3).
package struct HTTPFraming: Equatable, Sendable {
    /// Bytes of the body after the head.
    package var bodyByteCount = 0
    /// The connection stays open after the answer.
    package var keepsAlive: Bool
    /// The client sends the body once it gets 100 (RFC 9110 §10.1.1).
    package var expectsContinue = false

    /// - Throws: the answer that a server must give whatever is requested. Where two readers could see different requests, it ends the
    ///   connection.
    package init(_ head: HTTPRequestHead) throws(HTTPRefusal) {
        guard head.majorVersion == 1 else { throw HTTPRefusal(505, "this server speaks HTTP/1.1") }
        var length: String?
        var coding: String?
        var hostCount = 0
        var (closes, keeps) = (false, head.minorVersion > 0)
        for field in head.fields {
            switch field.name {
            case "host":
                hostCount += 1
                guard Self.isHost(field.value) else { throw HTTPRefusal(400, "this is not a host") }
            case "content-length":
                guard length == nil || length == field.value else { throw HTTPRefusal(400, "two lengths") }
                length = field.value
            case "transfer-encoding": coding = field.value
            case "connection":
                closes = closes || field.has("close")
                keeps = keeps || field.has("keep-alive")
            case "expect":
                guard field.has("100-continue") else {
                    throw HTTPRefusal(417, "only 100-continue may be expected")
                }
                // Expectations of HTTP/1.0 clients are ignored.
                expectsContinue = head.minorVersion > 0
            default: continue
            }
        }
        // Only HTTP/1.0 may omit the Host field (§3.2).
        guard hostCount == 1 || hostCount == 0 && head.minorVersion == 0 else {
            throw HTTPRefusal(400, "a request has one Host field")
        }
        keepsAlive = keeps && !closes
        if let coding { throw Self.refusal(coding, isAlone: length == nil, head) }
        guard let length else { return }
        guard !length.isEmpty, length.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw HTTPRefusal(400, "the length is not readable")
        }
        // A number that overflows is more than any server accepts.
        bodyByteCount = Int(length) ?? .max
    }

    /// No boot client sends chunks, and a server may require a length (§6.3). Unknown codings are not implemented (§6.1).
    private static func refusal(_ coding: String, isAlone: Bool, _ head: HTTPRequestHead) -> HTTPRefusal {
        guard isAlone, head.minorVersion > 0 else {
            return HTTPRefusal(400, "a length and a transfer coding contradict each other")
        }
        return coding.lowercased() == "chunked"
            ? HTTPRefusal(411, "a body needs its length") : HTTPRefusal(501, "this coding is not known")
    }

    /// Checks the characters of a host with or without a port (RFC 3986 §3.2.2); empty is allowed.
    package static func isHost(_ text: String) -> Bool {
        text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "-._~:[]!$&'()*+;=%".utf8.contains(byte)
            }
        }
    }
}

/// An answer that does not depend on what is requested; the connection ends after it.
package struct HTTPRefusal: Error, Equatable, Sendable {
    package var status: Int
    package var text: String

    package init(_ status: Int, _ text: String) {
        self.status = status
        self.text = text
    }
}

extension HTTPRequestHead.Field {
    /// Whether a comma-separated list contains this word, given in lower case (RFC 9110 §5.6.1).
    fileprivate func has(_ word: String) -> Bool {
        value.split(separator: ",").contains { part in
            part.lowercased().filter { $0 != " " && $0 != "\t" } == word
        }
    }
}
