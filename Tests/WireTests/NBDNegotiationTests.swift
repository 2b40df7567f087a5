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
}
