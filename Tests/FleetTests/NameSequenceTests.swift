import Testing

@testable import Fleet

/// Names for machines that are approved together.
@Suite struct NameSequenceTests {
    private func names(_ pattern: String, _ count: Int, taken: Set<String> = []) throws -> [String] {
        try NameSequence(pattern).names(count) { !taken.contains($0.text) }.map(\.text)
    }

    @Test func `names have as many digits as the pattern, and those of others are left out`() throws {
        #expect(try names("lab-{01..20}", 3) == ["lab-01", "lab-02", "lab-03"])
        #expect(try names("lab-{9..11}", 9) == ["lab-9", "lab-10", "lab-11"])
        #expect(try names("r{08..12}-pc", 3, taken: ["r09-pc"]) == ["r08-pc", "r10-pc", "r11-pc"])
        #expect(try names("lab-{1..2}", 3, taken: ["lab-1"]) == ["lab-2"])
        #expect(try names("PC{0..0}", 1) == ["pc0"])
        // As nodes are searched for.
        #expect(try names("lab-[01-20]", 3) == ["lab-01", "lab-02", "lab-03"])
        #expect(try names("r[9-11]-pc", 9, taken: ["r10-pc"]) == ["r9-pc", "r11-pc"])
    }

    @Test(arguments: [
        "lab", "lab-{}", "lab-{1}", "lab-{1..}", "lab-{2..1}", "lab-{1..1001}", "lab-{a..b}", "lab-{1..2",
        "lab-{1..2}{1..2}", "lab-{-1..2}", "-{1..2}", "lab {1..2}", "lab-{1...2}", "lab-{1..2}-",
        "lab-[]", "lab-[1]", "lab-[1-]", "lab-[2-1]", "lab-[-1-2]", "lab-[1-2][1-2]", "lab-[1..2]",
        "lab-{1-2}", "lab-[1-2", "lab-{0000000001..2}", "lab-{1..99999999999999999999}",
    ])
    func `what is no pattern is refused`(text: String) {
        #expect(throws: InvalidName.self) { try NameSequence(text) }
    }

    @Test func `groups are in natural order, each before those below it`() throws {
        let paths = try ["/room-10", "/room-9/a", "/", "/room-9", "/room-9-b", "/room-09"].map {
            try GroupPath($0)
        }
        #expect(
            paths.inNaturalOrder().map(\.description)
                == ["/", "/room-09", "/room-9", "/room-9/a", "/room-9-b", "/room-10"])
    }
}
