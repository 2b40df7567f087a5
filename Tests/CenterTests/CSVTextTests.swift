import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// Texts that other programs read: tables, inventories, metrics.
@Suite struct CSVTextTests {
    @Test(arguments: [
        ("pc-1", "pc-1"), ("", ""), ("a,b", #""a,b""#), ("a;b", #""a;b""#), (#"say "hi""#, #""say ""hi""""#),
        ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), (" =1", "' =1"), ("a=1", "a=1"),
        ("\u{FF1D}1", "'\u{FF1D}1"), ("=\u{301}1", "'=\u{301}1"), ("=a,b", #""'=a,b""#),
    ])
    func `a cell is plain text for spreadsheets`(cell: String, written: String) {
        var table = CSVText(header: ["head"])
        table.add([cell])
        #expect(table.text == "head\r\n\(written)\r\n")
    }

    @Test func `an inventory has a row for each node`() throws {
        let hardware = try JSONDecoder().decode(
            Hardware.self,
            from: Data(#"{"vendor":"=evil","memoryMebibytes":4096,"processor":"x","processorCount":0}"#.utf8))
        let entry = InventoryEntry(
            node: try NodeName("pc-1"), group: try GroupPath("/school"),
            macAddresses: [MACAddress(rawValue: 1), MACAddress(rawValue: 2)], hardware: hardware)
        let csv = String(decoding: try InventoryExport.text(of: [entry, entry], as: .csv), as: UTF8.self)
        let lines = csv.components(separatedBy: "\r\n")
        #expect(lines.count == 4)
        #expect(lines[1].hasPrefix("pc-1,/school,00:00:00:00:00:01 00:00:00:00:00:02,'=evil,"))
        #expect(lines[1].split(separator: ",", omittingEmptySubsequences: false).count == 18)
        let glpi = String(decoding: try InventoryExport.text(of: [entry], as: .glpi), as: UTF8.self)
        #expect(glpi.contains(#""deviceid":"roost-pc-1""#) && glpi.contains(#""core":1"#))
        #expect(glpi.contains(#""memory":4096"#) && glpi.contains(#""smanufacturer":"=evil""#))
        let empty = InventoryEntry(
            node: entry.node, group: entry.group, macAddresses: [],
            hardware: try JSONDecoder().decode(Hardware.self, from: Data("{}".utf8)))
        #expect(
            String(decoding: try InventoryExport.text(of: [empty], as: .glpi), as: UTF8.self)
                .contains(#""cpus":[]"#))
    }

    @Test func `metrics are written as Prometheus reads them`() {
        var metrics = MetricsText()
        metrics.add("a_total", .counter, "All.", 3)
        metrics.add("b", .gauge, "Some.", [(["y": "2", "x": #"a"\b"#], 0.5), ([:], 1e15)])
        metrics.add("c", .gauge, "None.", [])
        #expect(
            metrics.text == """
                # HELP a_total All.
                # TYPE a_total counter
                a_total 3
                # HELP b Some.
                # TYPE b gauge
                b{x="a\\"\\\\b",y="2"} 0.5
                b 1000000000000000.0

                """)
    }
}
