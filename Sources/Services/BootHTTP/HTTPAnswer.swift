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
    /// The head as bytes, when it has been made before.
    var knownHead: [UInt8]?

    static func error(_ status: Int, _ text: String) -> HTTPAnswer {
        HTTPAnswer(
            status: status, fields: [("Content-Type", "text/plain; charset=utf-8")],
            body: .bytes(Array("\(text)\n".utf8)))
    }

    /// The head with its empty line.
    func head(keepsAlive: Bool) -> [UInt8] {
        if let knownHead, keepsAlive { return knownHead }
        var text = "HTTP/1.1 \(status) \(Self.reasons[status] ?? "Unknown")\r\nServer: roost\r\n"
        if status != 204, status != 304 { text += "Content-Length: \(byteCount)\r\n" }
        for (name, value) in fields { text += "\(name): \(value)\r\n" }
        if !keepsAlive { text += "Connection: close\r\n" }
        text += "\r\n"
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
        403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
        416: "Range Not Satisfiable", 431: "Request Header Fields Too Large", 500: "Internal Server Error",
    ]
}
