import Testing
import Wire

@Suite struct MachineTextTests {
    private struct Record: Codable, Equatable {
        @MachineText var name: String
        @MachineTexts var more: [String]
        @MachineCount var count: Int
    }

    @Test func `records from machines contain no control characters, and all texts are bounded`() {
        var record = Record(name: "a\u{1B}[2J\u{202E}b\nc", more: ["\u{0}", "x"], count: -1)
        #expect(record.name == "a␛[2J\u{FFFD}b ⏎ c")
        #expect(record.more == ["␀", "x"] && record.count == 0)
        record.name = String(repeating: "é", count: 40_000)
        #expect(record.name.utf8.count == MachineText.byteLimit)
        record.name = String(repeating: "\u{0}", count: 4_096)
        #expect(record.name.utf8.count <= MachineText.byteLimit && record.name.allSatisfy { $0 == "␀" })
        record.name = "a" + String(repeating: "\u{301}", count: 40_000)
        #expect(record.name.utf8.count <= MachineText.byteLimit)
        record.more = Array(repeating: "x", count: 10_000)
        #expect(record.more.count == MachineTexts.limit)
        for count in [Int.min, Int.max] {
            record.count = count
            #expect(MachineCount.range.contains(record.count))
        }
    }

    @Test(arguments: [
        ("héllo", 2, "h"), ("héllo", 3, "hé"), ("日本", 5, "日"), ("a", 9, "a"), ("é", 1, ""), ("", 0, ""),
    ])
    func `a prefix ends with a whole scalar`(text: String, byteCount: Int, beginning: String) {
        #expect(text.beginning(byteCount: byteCount) == beginning)
    }

    @Test func `escaped JSON means the same, and no terminal obeys it`() {
        let json = "{\"a\":\"\u{9B}2J\u{202E}\u{7F}é\"}\n"
        #expect(PlainText(json: json.utf8).description == "{\"a\":\"\\u009b2J\\u202e\\u007fé\"}\n")
    }

    @Test func `an answer to a node is read as far as it is valid`() throws {
        func body(_ text: String) throws -> String {
            String(decoding: try HTTPReply(parsing: Array(text.utf8)).body, as: UTF8.self)
        }
        #expect(try body("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab") == "ab")
        #expect(try body("HTTP/1.1 200 OK\r\n\r\n") == "")
        #expect(try HTTPReply(parsing: Array("HTTP/1.0 403 Forbidden\n\nno".utf8)).status == 403)
        for text in [
            "", "HTTP/1.1", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 99999999999999999999 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "SSH-2.0 200\r\n\r\n", "\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        ] {
            #expect(throws: WireError.self, "\(text)") { try body(text) }
        }
    }
}
