import Fleet
import Linux
import Wire

/// One answer of the boot HTTP server, before it becomes bytes.
struct HTTPAnswer {
    enum Body {
        case none
        case bytes([UInt8])
        case file(ServedFile, Range<Int>)
        /// The whole answer comes later.
        case later(LaterAnswer)
    }

    var status: Int
    var fields: [(String, String)] = []
    var body = Body.none
    /// The stage that the client reaches when the whole body is sent.
    var stage: BootStage?
    /// The head as bytes, if prepared earlier: without the parts that vary between answers.
    var knownHead: [UInt8]?
    /// The room that a large body takes in memory until it is sent.
    var place: LargeAnswers.Place?

    /// What an answer says about its connection.
    enum Persistence {
        /// Nothing: HTTP/1.1 stays open by default.
        case usual
        /// That it stays open: an HTTP/1.0 client must be told (RFC 9112 §C.2.2), or it waits for an end that does not come.
        case keepsAlive
        case closes
    }

    static func error(_ status: Int, _ text: String) -> HTTPAnswer {
        HTTPAnswer(
            status: status, fields: [("Content-Type", "text/plain; charset=utf-8")],
            body: .bytes(Array("\(text)\n".utf8)))
    }

    /// A path does not support the request's method, only these (RFC 9110 §15.5.6).
    static func notAllowed(_ allowed: String, _ text: String) -> HTTPAnswer {
        var answer = error(405, text)
        answer.fields.append(("Allow", allowed))
        return answer
    }

    /// The head with its empty line.
    ///
    /// - Parameter date: the `Date` field with its line end; empty when the server has no clock.
    func head(_ persistence: Persistence, date: [UInt8]) -> [UInt8] {
        var head = knownHead ?? lastingHead
        head += date
        switch persistence {
        case .usual: break
        case .keepsAlive: head += "Connection: keep-alive\r\n".utf8
        case .closes: head += "Connection: close\r\n".utf8
        }
        head += "\r\n".utf8
        return head
    }

    /// The head without the parts that vary between answers, and without its empty line. Names have their usual capitals: GRUB and shim
    /// compare them case-sensitively. No value is empty: edk2 hung on one.
    var lastingHead: [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.reasons[status] ?? "Unknown")\r\nServer: roost\r\n"
        if status != 204, status != 304 { text += "Content-Length: \(byteCount)\r\n" }
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        return Array(text.utf8)
    }

    var byteCount: Int {
        switch body {
        case .none, .later: 0
        case .bytes(let bytes): bytes.count
        case .file(_, let range): range.count
        }
    }

    private static let reasons = [
        200: "OK", 204: "No Content", 206: "Partial Content", 304: "Not Modified", 400: "Bad Request",
        403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 409: "Conflict",
        411: "Length Required",
        412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long",
        416: "Range Not Satisfiable",
        417: "Expectation Failed",
        429: "Too Many Requests", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
        501: "Not Implemented", 503: "Service Unavailable", 504: "Gateway Timeout",
        505: "HTTP Version Not Supported",
    ]
}
