import Testing
import Wire

/// Names as people type them at a log-in screen.
@Suite struct TypedNameTests {
    @Test(arguments: [
        "ann", "Ann.Lee", "SCHOOL\\ann", "ann@school.example", "ann+1", "_svc", "a-b_c",
        "AzureAD\\ann@school.example",
    ])
    func `names of directories are taken as they are typed, at all servers`(name: String) throws {
        #expect(try #require(TypedName(name)).isPlain)
    }

    @Test(arguments: [
        ".\\ann", "SCHOOL\\Anna Müller", "O'Hara", "school.example\\Γεωργία", "Jose\u{301}", "ä", "SCHOOL\\a",
    ])
    func `Windows has more of them`(name: String) throws {
        #expect(try #require(TypedName(name)).isPlain == (name == "SCHOOL\\a"))
    }

    @Test(arguments: [
        "-rf", "a;id", "$(id)", "`id`", "a\nb", "a\r\nb", "../etc", "a/b", "SCHOOL\\../x", "..", ".", "..\\a",
        "a:b", "a|b",
        "a\"b", "a*", "a\\", "\\a", "a\\b\\c", "a\\\\b", "SCHOOL\\-x", "a\0b", "", " a", "a ", "SCHOOL\\ a",
        "a@", "@a", "a@b@c",
        "a=b", "a,b", "[a]", "a#b", "a%u", "a\u{85}b", "a\u{202E}b", "a\u{200B}b", "a\u{FF3C}b", "a\u{2028}b",
        "a\tb",
        "a'\u{301}b", "SCHOOL\\\u{301}a", "\u{301}a", "a\u{1B}[2J", "+0", String(repeating: "a", count: 129),
        String(repeating: "ä", count: 65),
    ])
    func `what a shell, a path, a list or a terminal would take for its own is none`(name: String) {
        #expect(TypedName(name) == nil)
    }
}
