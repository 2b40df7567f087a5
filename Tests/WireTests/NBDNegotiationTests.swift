import Testing
import Wire

@Suite struct NBDNegotiationTests {
    struct OneExport: NBDExportDirectory {
        func export(named name: String) -> NBDExport? {
            name == "debian" ? NBDExport(name: name, byteCount: 4096, flags: [.hasFlags, .readOnly]) : nil
        }
        var exportNames: [String] { ["debian"] }
    }

    @Test func `our client's handshake is understood by our server`() throws {
        var negotiation = NBDNegotiation()
        let hello = try NBDClientNegotiation.answer(greeting: NBDNegotiation.greeting, exportName: "debian")
        var wire = hello.span
        var output: [UInt8] = []
        let outcome = negotiation.handle(&wire, exports: OneExport(), output: &output)
        guard case .chosen(let export) = outcome else { Issue.record("\(outcome)"); return }
        #expect(export.byteCount == 4096)
        let left = wire.count
        #expect(left == 0)
        var reply = output.span
        let header = try NBDClientNegotiation.ReplyHeader(parsing: &reply)
        #expect(header.reply == .info)
    }

    @Test(
        arguments: [
            (0, 0, 0..<0), (0, 4_096, 0..<4_096), (4_095, 1, 4_095..<4_096), (4_096, 0, 4_096..<4_096),
            (4_096, 1, nil),
            (0, 4_097, nil), (1 << 63, 1, nil), (1 << 63, 0, nil), (UInt64.max, UInt32.max, nil),
            (UInt64.max, 1, nil),
            (1 << 63 - 1, UInt32.max, nil), (1, UInt32.max, nil),
        ] as [(UInt64, UInt32, Range<Int>?)])
    func `a range that a client asks for lies inside the export or is none`(
        offset: UInt64, byteCount: UInt32, expected: Range<Int>?
    ) {
        let request = NBDRequest(.read, cookie: 0, offset: offset, byteCount: byteCount)
        #expect(request.range(inExportOf: 4_096) == expected)
        #expect(request.range(inExportOf: 0) == (offset == 0 && byteCount == 0 ? 0..<0 : nil))
    }
}
