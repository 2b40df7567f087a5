import Foundation
import Testing
import Wire

@Suite struct JSONTextTests {
    @Test func `values are written as JSON`() {
        #expect(JSONText("a").text == "\"a\"")
        #expect(JSONText("").text == "\"\"")
        #expect(JSONText(Int.min).text == "-9223372036854775808")
        #expect(JSONText(true).text == "true" && JSONText(false).text == "false")
        #expect(JSONText([JSONText]()).text == "[]")
        #expect(([:] as JSONText).text == "{}")
        let both: JSONText = ["b": JSONText([JSONText(1), JSONText("x")]), "a": ["\"": JSONText(false)]]
        #expect(both.text == #"{"b":[1,"x"],"a":{"\"":false}}"#)
    }

    @Test func `a string stays a single string, whatever it contains`() throws {
        let hostile = [
            "\"", "\\", "\\\"", "\",\"x\":\"", "a\u{301}\"\u{301}", "\r\n", "\0", "\u{7F}", "\u{2028}", "日本👩‍💻",
            "</script>",
        ]
        for text in hostile + [hostile.joined()] {
            let json = JSONText([JSONText(text)]).text
            let read = try JSONDecoder().decode([String].self, from: Data(json.utf8))
            // Compared by scalars: characters may combine across the border.
            let expected = text.unicodeScalars.map { $0.value < 0x20 ? " " : $0 }
            #expect(read.count == 1 && Array(read.joined().unicodeScalars) == expected, "\(json)")
        }
    }
}
