import Fleet
import Testing

/// The words of a search in a list.
@Suite struct SearchWordsTests {
    @Test(arguments: [
        ("", true), ("  ", true), ("PC", true), ("pc school", true), ("pc office", false),
        ("c-1\t/sch", true),
    ])
    func `each word has to be in a row`(search: String, isFound: Bool) throws {
        #expect(try SearchWords(search).areIn("pc-1 /school") == isFound)
    }

    @Test func `a search has a length, and a word that comes again counts once`() throws {
        let longest = String(repeating: "a A ", count: SearchWords.lengthLimit / 4)
        #expect(try SearchWords(longest).words == ["a"])
        #expect(throws: InvalidSetting.self) { try SearchWords(longest + "b") }
        #expect(throws: InvalidSetting.self) { try ReservationSearch(longest + "b") }
    }
}
