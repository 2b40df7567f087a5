import Testing

@testable import Services

/// Answers of the boot HTTP server, as bytes.
@Suite struct HTTPAnswerTests {
    private static func head(_ answer: HTTPAnswer, _ persistence: HTTPAnswer.Persistence = .usual) -> String {
        String(decoding: answer.head(persistence, date: Array("Date: now\r\n".utf8)), as: UTF8.self)
    }

    @Test func `an answer has its length, its fields and the date`() {
        let answer = HTTPAnswer(status: 200, fields: [("ETag", "\"a\"")], body: .bytes([1, 2, 3]))
        #expect(
            Self.head(answer)
                == "HTTP/1.1 200 OK\r\nServer: roost\r\nContent-Length: 3\r\nETag: \"a\"\r\nDate: now\r\n\r\n"
        )
        #expect(Self.head(answer, .closes).hasSuffix("Date: now\r\nConnection: close\r\n\r\n"))
        #expect(Self.head(answer, .keepsAlive).hasSuffix("Connection: keep-alive\r\n\r\n"))
    }

    @Test(arguments: [204, 304]) func `an answer that has no body has no length`(status: Int) {
        #expect(!Self.head(HTTPAnswer(status: status)).contains("Content-Length"))
    }

    @Test func `an empty body has its length all the same`() {
        #expect(Self.head(HTTPAnswer(status: 200)).contains("Content-Length: 0\r\n"))
    }

    @Test func `an error is a line of text, and says which methods there are`() {
        let error = HTTPAnswer.error(404, "there is no x")
        #expect(error.byteCount == 14 && Self.head(error).hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(Self.head(.notAllowed("GET, HEAD", "no")).contains("405 Method Not Allowed"))
        #expect(Self.head(.notAllowed("GET, HEAD", "no")).contains("\r\nAllow: GET, HEAD\r\n"))
        #expect(Self.head(HTTPAnswer(status: 299)).hasPrefix("HTTP/1.1 299 Unknown\r\n"))
    }

    @Test func `a head that was prepared is used`() {
        var answer = HTTPAnswer(status: 200, body: .bytes([1]))
        let whole = Self.head(answer)
        answer.knownHead = answer.lastingHead
        answer.status = 500
        #expect(Self.head(answer) == whole)
    }
}
