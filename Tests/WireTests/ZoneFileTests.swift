import Testing
import Wire

/// Time zones as their files have them.
@Suite struct ZoneFileTests {
    /// A file of version 2 whose first part is empty of changes, and whose second has these.
    private static func file(_ changes: [(at: Int, kind: UInt8)], _ offsets: [Int32], rule: String) -> [UInt8]
    {
        func part(_ changes: [(at: Int, kind: UInt8)], times: (Int, inout [UInt8]) -> Void) -> [UInt8] {
            var part = Array("TZif2".utf8) + [UInt8](repeating: 0, count: 15)
            for count in [0, 0, 0, changes.count, offsets.count, 4] { part.write(UInt32(count)) }
            for change in changes { times(change.at, &part) }
            part += changes.map(\.kind)
            for offset in offsets {
                part.write(offset)
                part += [0, 0]
            }
            return part + Array("LMT\0".utf8)
        }
        let first = part([]) { _, _ in }
        let second = part(changes) { $1.write(Int64($0)) }
        return first + second + Array("\n\(rule)\n".utf8)
    }

    private static func second(_ text: String) throws -> Int {
        try MomentText.milliseconds(text, .whole) / 1_000
    }

    @Test func `changes of a file count until its rule begins`() throws {
        let (first, last) = (try Self.second("1980-04-06T01:00:00Z"), try Self.second("1996-10-27T01:00:00Z"))
        let zone = try ZoneFile(
            parsing: Self.file(
                [(first, 1), (last, 0)], [3_600, 7_200], rule: "CET-1CEST,M3.5.0,M10.5.0/3"))
        #expect(zone.offset(at: first - 1) == 3_600 && zone.offset(at: first) == 7_200)
        #expect(zone.offset(at: last - 1) == 7_200 && zone.offset(at: last) == 3_600)
        #expect(zone.offset(at: try Self.second("2026-03-29T00:59:59Z")) == 3_600)
        #expect(zone.offset(at: try Self.second("2026-03-29T01:00:00Z")) == 7_200)
        #expect(zone.offset(at: try Self.second("2026-10-25T00:59:59Z")) == 7_200)
        #expect(zone.offset(at: try Self.second("2026-10-25T01:00:00Z")) == 3_600)
    }

    @Test(arguments: [
        ("EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -5),
        ("EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -4),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-01T00:00:00Z", 11),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-01T00:00:00Z", 10),
        ("AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-12-31T23:00:00Z", 11),
        ("<+03>-3", "2026-07-01T00:00:00Z", 3), ("UTC0", "2026-07-01T00:00:00Z", 0),
        ("XXX0YYY,J60,J300", "2028-02-29T12:00:00Z", 0), ("XXX0YYY,J60,J300", "2028-03-01T12:00:00Z", 1),
    ])
    func `a rule tells the hours east of UTC`(rule: String, text: String, hours: Int) throws {
        #expect(try #require(ZoneRule(rule)).offset(at: Self.second(text)) == hours * 3_600)
    }

    @Test(arguments: [
        "", "CET", "1", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
        "CET-1CEST,M3.5.7,M10.5.0",
        "CET-1CEST,M3.5.0,M10.5.0x", "<+03-3", "CET-25",
    ])
    func `anything else is no rule`(rule: String) { #expect(ZoneRule(rule) == nil) }

    @Test func `a file that is cut off is refused, wherever that is`() throws {
        let whole = Self.file([(0, 1)], [3_600, 7_200], rule: "CET-1")
        #expect(try ZoneFile(parsing: whole).offset(at: 1) == 3_600)
        for count in 0..<whole.count {
            #expect(throws: WireError.self) { try ZoneFile(parsing: Array(whole.prefix(count))) }
        }
    }

    @Test func `a time that clocks skip comes later, and one that they show twice is the first`() throws {
        let zone = try ZoneFile(parsing: Self.file([], [3_600], rule: "CET-1CEST,M3.5.0,M10.5.0/3"))
        func moment(_ local: String) throws -> Int { zone.moment(ofLocal: try Self.second("\(local):00Z")) }
        #expect(try moment("2026-03-29T02:30") == Self.second("2026-03-29T01:30:00Z"))
        #expect(try moment("2026-03-29T03:30") == Self.second("2026-03-29T01:30:00Z"))
        #expect(try moment("2026-10-25T02:30") == Self.second("2026-10-25T00:30:00Z"))
        #expect(try moment("2026-10-25T03:00") == Self.second("2026-10-25T02:00:00Z"))
        #expect(try moment("2026-12-31T23:59") == Self.second("2026-12-31T22:59:00Z"))
    }

    @Test func `times to come are read as people write them`() throws {
        let zone = try ZoneFile(parsing: Self.file([], [3_600], rule: "CET-1CEST,M3.5.0,M10.5.0/3"))
        let now = try Self.second("2026-11-29T21:30:00Z")
        for (text, expected) in [
            ("23:00", "2026-11-29T22:00:00Z"), ("22:30", "2026-11-30T21:30:00Z"),
            ("06:00", "2026-11-30T05:00:00Z"), ("2026-12-01 22:00", "2026-12-01T21:00:00Z"),
            ("2026-12-01T22:00Z", "2026-12-01T22:00:00Z"), ("2026-12-01T22:00-05:00", "2026-12-02T03:00:00Z"),
            ("2026-12-01", "2026-11-30T23:00:00Z"), ("+90m", "2026-11-29T23:00:00Z"),
        ] {
            #expect(try WrittenTime(text).second(in: zone, now: now) == Self.second(expected), "\(text)")
        }
        for text in [
            "", "24:00", "7:00", "+", "+2", "+2y", "2026-02-29 10:00", "tomorrow", "2026-12-01 25:00",
        ] {
            let error = #expect(throws: UnreadableMoment.self, "\(text)") { try WrittenTime(text) }
            // What is no date has no year either.
            let isDate = text.hasPrefix("2026")
            #expect(error?.description.contains("write 22:00, 2026-12-01 22:00") == true)
            #expect(isDate || error?.description.contains("the year") == false, "\(text)")
        }
    }
}
