import Testing

@testable import AgentWork

/// Files of `KEY=VALUE`, as logind, os-release(5) and xrdp write them.
@Suite struct LineFieldTests {
    @Test func `the first line of a key counts, and only lines that assign`() {
        let fields = LineFields.assignments(
            in: "# ID=comment\nID=debian\nID=other\n\nVERSION_ID=\"13\"\nnothing\n=x\nURL=a=b\nEMPTY=\n")
        #expect(fields == ["ID": "debian", "VERSION_ID": "\"13\"", "": "x", "URL": "a=b", "EMPTY": ""])
    }

    @Test(arguments: [
        ("debian", "debian"), ("\"13\"", "13"), ("'a \\ b'", "a \\ b"),
        ("\"a \\\"b\\\" \\\\ c\"", "a \"b\" \\ c"),
        ("\"", "\""), ("", ""), ("\"a'", "\"a'"), ("\"\"", ""), ("a\"b\"", "a\"b\""),
    ])
    func `quotes of a value are taken off as a shell would`(value: String, text: String) {
        #expect(LineFields.unquoted(value) == text)
    }
}
