import Fleet
import Linux
import Wire

/// One answer of the boot HTTP server, before it is bytes.
struct HTTPAnswer {
    enum Body {
        case none
        case bytes([UInt8])
        case file(ServedFile, Range<Int>)
    }

    var status: Int
    var fields: [(String, String)] = []
    var body = Body.none
    /// What the client has reached when the whole body is sent.
    var stage: BootStage?
    /// The head as bytes, when it has been made before: without what changes from one answer to the next.
    var knownHead: [UInt8]?

    /// What an answer says of its connection.
    enum Persistence {
        /// Nothing: HTTP/1.1 stays.
        case usual
        /// That it stays, too: a client of HTTP/1.0 has to be told (RFC 9112 §C.2.2), or it reads to an end that does not come.
        case keepsAlive
        case closes
    }

    static func error(_ status: Int, _ text: String) -> HTTPAnswer {
        HTTPAnswer(
            status: status, fields: [("Content-Type", "text/plain; charset=utf-8")],
            body: .bytes(Array("\(text)\n".utf8)))
    }

    /// A path does not have the method that was asked for, but these (RFC 9110 §15.5.6).
    static func notAllowed(_ allowed: String, _ text: String) -> HTTPAnswer {
        var answer = error(405, text)
        answer.fields.append(("Allow", allowed))
        return answer
    }

    /// The head with its empty line.
    ///
    /// - Parameter date: the field `Date` with its line end; empty: the server has no clock.
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

    /// The head without what changes from one answer to the next, and without its empty line. Names are in the usual
    /// letters: GRUB and shim compare them letter by letter. No value is empty: edk2 hung at one.
    var lastingHead: [UInt8] {
        var text = "HTTP/1.1 \(status) \(Self.reasons[status] ?? "Unknown")\r\nServer: roost\r\n"
        if status != 204, status != 304 { text += "Content-Length: \(byteCount)\r\n" }
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        return Array(text.utf8)
    }

    var byteCount: Int {
        switch body {
        case .none: 0
        case .bytes(let bytes): bytes.count
        case .file(_, let range): range.count
        }
    }

    private static let reasons = [
        200: "OK", 204: "No Content", 206: "Partial Content", 304: "Not Modified", 400: "Bad Request",
        403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 411: "Length Required",
        412: "Precondition Failed", 413: "Content Too Large", 414: "URI Too Long",
        416: "Range Not Satisfiable",
        417: "Expectation Failed",
        431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented",
        505: "HTTP Version Not Supported",
    ]
}
