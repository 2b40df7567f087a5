import Testing

@testable import Fleet

/// Accounts of people that are kept here, and files that they come from.
@Suite struct DirectoryOfPeopleTests {
    private func account(_ name: String, uid: Int = 2_000) throws -> DirectoryAccount {
        DirectoryAccount(name: try LogInName(name), uid: uid)
    }

    private func saved(_ edits: FleetEdit..., over snapshot: FleetSnapshot? = nil) throws -> FleetSnapshot {
        let snapshot = try snapshot ?? Sample.snapshot(nodeSettings: [:])
        return try snapshot.checking(edits).after
    }

    @Test func `a number has one account`() throws {
        let ann = try account("ann")
        let snapshot = try saved(.account(ann.name, ann))
        let ben = try account("ben")
        #expect(throws: StoreError.self) { try saved(.account(ben.name, ben), over: snapshot) }
        #expect(snapshot.contents.terminals.freeAccountNumber == 10_000)
    }

    @Test(arguments: [0, 999, 60_000, 64_999, 65_534, 65_535, 500_000, -1])
    func `numbers of systems and of agents are no person's`(uid: Int) throws {
        let ann = try account("ann", uid: uid)
        #expect(throws: InvalidSetting.self) { try saved(.account(ann.name, ann)) }
    }

    @Test func `no account of the directory has the machine`() throws {
        var ann = try account("ann")
        ann.groups = ["audio", "sudo"]
        #expect(throws: InvalidSetting.self) { try saved(.account(ann.name, ann)) }
        ann.groups = ["audio"]
        ann.fullName = "Ann:0:0"
        #expect(throws: InvalidSetting.self) { try saved(.account(ann.name, ann)) }
        ann.fullName = "Ann\nroot"
        #expect(throws: InvalidSetting.self) { try saved(.account(ann.name, ann)) }
        ann.fullName = "Ann Lee"
        ann.expires = "2027-02-29"
        #expect(throws: InvalidSetting.self) { try saved(.account(ann.name, ann)) }
    }

    @Test func `passwords are counted here, and by no request`() throws {
        var ann = try account("ann")
        ann.passwordNumber = 7
        let first = try saved(.account(ann.name, ann))
        #expect(first.contents.terminals.accounts[ann.name]?.passwordNumber == nil)
        let second = try saved(.account(ann.name, ann, passwordHash: "$6$a$b"), over: first)
        #expect(second.contents.terminals.accounts[ann.name]?.passwordNumber == 1)
        #expect(
            first.summary(of: [.account(ann.name, ann, passwordHash: "$6$a$b")]) == "password of ann changed")
    }

    @Test func `an account opens until its last day is over`() throws {
        var ann = try account("ann")
        ann.expires = "2027-07-31"
        #expect(ann.isOpen(on: "2027-07-31") && !ann.isOpen(on: "2027-08-01"))
        ann.isDisabled = true
        #expect(!ann.isOpen(on: "2027-01-01"))
    }

    @Test(arguments: [
        ("2024-02-29", true), ("2100-02-29", false), ("2027-13-01", false), ("2027-1-01", false), ("", false),
        ("2027-04-31", false), ("9999-12-31", true),
    ])
    func `days are those of the calendar`(text: String, isDay: Bool) {
        #expect(DirectoryAccount.isDay(text) == isDay)
    }

    // MARK: Files

    @Test func `people come from passwd, shadow and group`() throws {
        let file = AccountFile(
            passwd: """
                root:x:0:0:root:/root:/bin/bash
                ann:x:1001:1001:Ann Lee,Room 1:/home/ann:/bin/bash
                ben:x:1002:1002::/home/ben:/bin/bash
                Big.Name:x:1003:1003::/home/x:/bin/bash
                broken
                ann:x:1004:1004::/home/ann2:/bin/sh
                nobody:x:65534:65534::/:/usr/sbin/nologin
                """,
            shadow: """
                ann:$y$j9T$salt$hash:19000:0:99999:7::20000:
                ben:!$6$salt$hash:19000:0:99999:7:::
                """, group: "audio:x:29:ann,ben\nsudo:x:27:ann\n")
        let ann = try #require(file.entries.first)
        #expect(ann.name.text == "ann" && ann.fullName == "Ann Lee" && ann.uid == 1_001)
        #expect(ann.groups == ["audio"] && ann.passwordHash == "$y$j9T$salt$hash")
        #expect(ann.expires == "2024-10-04" && ann.isDisabled == false)
        let ben = try #require(file.entries.last)
        #expect(ben.isDisabled == true && ben.passwordHash == nil && file.entries.count == 2)
        #expect(file.skipped.map(\.line) == [1, 4, 5, 6, 7])
    }

    @Test(arguments: [(0, "1970-01-01"), (59, "1970-03-01"), (11_016, "2000-02-29"), (20_787, "2026-11-30")])
    func `days of shadow are counted as it does`(number: Int, day: String) {
        #expect(AccountFile.day(number) == day)
    }

    @Test func `people come from CSV, with quotes and line ends`() throws {
        let file = try AccountFile(
            csv:
                "name,full-name,uid,groups,password,disabled\r\nann,\"Lee, \"\"Ann\"\"\",,audio;video,\"four words\",\nben,\"two\nlines\",7x,,,\ncat,,3000,,,yes\ndog,x\n"
        )
        #expect(file.entries.map(\.name.text) == ["ann", "cat"])
        let ann = try #require(file.entries.first)
        #expect(ann.fullName == "Lee, \"Ann\"" && ann.groups == ["audio", "video"])
        #expect(ann.password == "four words" && ann.uid == nil)
        #expect(file.entries.last?.isDisabled == true)
        #expect(file.skipped.map(\.line) == [3, 6])
        #expect(file.skipped.map(\.name) == ["ben", ""] && file.entries.map(\.line) == [2, 5])
    }

    @Test func `a list says nothing of what it has no column for, and has a class as the group`() throws {
        let entry = try #require(try AccountFile(csv: "Login;Class\r\nann;room 3\r\n").entries.first)
        #expect(entry.groups == ["room", "3"] && entry.fullName == nil && entry.isDisabled == nil)
        #expect(entry.expires == nil && entry.password == nil)
        let emptied = try #require(try AccountFile(csv: "name,groups,expires\nann,,\n").entries.first)
        #expect(emptied.groups == [] && emptied.expires == "")
        #expect(throws: InvalidSetting.self) { try AccountFile(csv: "name,login\nann,ben\n") }
    }

    @Test(arguments: [
        "name;groups\nann;audio,video\n", "name\tgroups\r\nann\taudio video\r\n",
        "\u{FEFF}name,groups\nann,audio;video\n",
    ])
    func `people come from what spreadsheets write`(text: String) throws {
        let file = try AccountFile(csv: text)
        #expect(file.entries.map(\.name.text) == ["ann"] && file.skipped.isEmpty)
        #expect(file.entries.first?.groups == ["audio", "video"])
    }

    /// What a shell, a path, a line of passwd or PAM's configuration would take for its own, and what systems have.
    private static let unusable = [
        "-x", "a;b", "$(id)", "`id`", "../x", "/etc", "a b", "a\tb", "a|b", "a&b", "a\u{0}b", "a'b", "a\\b",
        "a%b",
        "@group", "+", "*", "#ann", "Ann", "ännchen", "\u{202E}ann", "root", "sshd", "systemd-x",
        String(repeating: "a", count: 33),
    ]

    @Test(arguments: unusable)
    func `a name that is none comes in by no file`(name: String) throws {
        let passwd = AccountFile(
            passwd: "\(name):x:1001:1001::/home/x:/bin/bash\nann:x:1002:1002::/:/bin/sh\n")
        #expect(passwd.entries.map(\.name.text) == ["ann"])
        let csv = try AccountFile(csv: "name,uid\n\"\(name)\",3000\nann,3001\n")
        #expect(csv.entries.map(\.name.text) == ["ann"] && csv.skipped.count == 1)
    }

    @Test(arguments: ["", "user,uid\n", "name,name\nann,ben\n", "name\n\"ann", "uid\n5\n"])
    func `a file that is none is refused`(text: String) {
        #expect(throws: InvalidSetting.self) { try AccountFile(csv: text) }
    }
}
