import Fleet
import Testing

/// The setting `windows-accounts`.
@Suite struct WindowsAccountTests {
    @Test(arguments: [
        ("SCHOOL\\guest secret=win", "SCHOOL\\guest"),
        ("guest@school.example secret=win", "guest@school.example"),
        ("SCHOOL\\ secret=win", "SCHOOL\\lab1"), ("@school.example secret=win", "lab1@school.example"),
        ("secret=win", "lab1"),
    ])
    func `an entry names the account and its secret`(text: String, user: String) throws {
        let entry = try WindowsAccount(reading: "lab1", text)
        #expect(entry.user(for: "lab1") == user && entry.secret?.text == "win")
    }

    @Test(arguments: [
        "", "SCHOOL\\guest", "secret=", "secret=A b", "a b secret=win", "-x secret=win", "a;b secret=win",
        "\\ secret=win", "@ secret=win", "secret=win SCHOOL\\guest", "a\nb secret=win",
    ])
    func `what is no account with a secret is refused`(text: String) {
        #expect(throws: InvalidSetting.self) { try WindowsAccount(reading: "*", text) }
    }

    @Test(arguments: ["root", "A b", "", "**"])
    func `a key is an account of nodes, or all others`(key: String) {
        #expect(throws: InvalidSetting.self) { try WindowsAccount(reading: key, "secret=win") }
    }

    @Test func `an account's own entry counts before that for all others, also when it is off`() throws {
        let entries = try ["*": "secret=all", "ann": "secret=own", "ben": "off"].map {
            try WindowsAccount(reading: $0, $1)
        }
        #expect(entries[of: try LogInName("ann")]?.secret?.text == "own")
        #expect(entries[of: try LogInName("ben")] == nil)
        #expect(entries[of: try LogInName("eve")]?.secret?.text == "all")
    }
}
