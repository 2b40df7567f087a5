import Fleet
import Testing
import Wire

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

    /// Where the entry is, where the secret is, and whether it opens a session of `pc-1` in `/library`.
    @Test(arguments: [
        ("/", "/", true), ("/", "/library", true), ("/library", "/library", true), ("node", "/library", true),
        ("/library", "/", false), ("node", "/", false), ("/library", "/office", false),
    ])
    func `who names a secret has to be of its group, or above`(place: String, group: String, opens: Bool)
        throws
    {
        let value = SettingValue.map(["*": "secret=win"])
        let library = try GroupPath("/library")
        var pc = Node(
            name: try NodeName("pc-1"), group: library, macAddresses: [MACAddress(rawValue: 0x5254_0000_0701)]
        )
        if place == "node" { pc.settings["windows-accounts"] = value }
        let node = pc
        let edits: [FleetEdit] = try ["/", "/library", "/office"].map { path in
            var group = NodeGroup(path: try GroupPath(path))
            if path == place { group.settings["windows-accounts"] = value }
            return .group(group.path, group)
        }
        let secret = Secret(
            name: try SecretName("win"), group: try GroupPath(group), path: "/run/secrets/win", changedAt: 0)
        let fleet = try FleetSnapshot.empty.applying(
            edits + [.node(node.name, node), .secret(secret.name, secret)], revision: 1)
        let settings = fleet.settings(of: node)
        let account = try #require((settings[Settings.windowsAccounts] ?? [])[of: try LogInName("guest")])
        let problem = fleet.problem(ofPasswordFor: account, at: node, by: settings)
        #expect((problem == nil) == opens, "\(problem ?? "it opens")")
        if !opens { #expect(problem?.english.contains("there is no secret win of group /library") == true) }
    }
}
