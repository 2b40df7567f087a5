import Testing
import Wire

@Suite struct PlainTextTests {
    @Test func `every character that a terminal obeys is removed, and nothing else changes`() {
        for value in UInt32(0)...0x2100 {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let text = "a\(Character(scalar))b"
            let plain = PlainText(text).description
            #expect(!plain.unicodeScalars.contains(where: PlainText.isControl), "\(value)")
            #expect(PlainText.isControl(scalar) || plain == text, "\(value)")
        }
        #expect(PlainText("\u{1B}]0;owned\u{07}\u{9B}2J").description == "␛]0;owned␇\u{FFFD}2J")
        #expect(PlainText("one\r\ntwo").description == "one␍ ⏎ two")
        #expect(PlainText("one\n\ttwo\r\n", keepingLines: true).description == "one\n\ttwo␍\n")
        #expect(PlainText("\u{202E}gnp.exe").description == "\u{FFFD}gnp.exe")
        #expect(PlainText("Ünïcode · ελ 日本 👩‍💻").description == "Ünïcode · ελ 日本 👩‍💻")
    }
}
