import Testing

@testable import Fleet

/// Which account a log-in has.
@Suite struct AccountChoiceTests {
    private let node: NodeName

    init() throws { node = try NodeName("pc-7") }

    private func choose(
        _ user: String = "", password: Bool = false, mode: LogInMode = .automatic, account: String? = nil,
        guest: String? = nil, busy: Set<String> = []
    ) throws -> String {
        let rules = AccountChoice.Rules(
            mode: mode, account: try account.map { try LogInAccount(reading: $0) },
            guest: try guest.map { try LogInAccount(reading: $0) })
        let choice = try AccountChoice(user: user, hasPassword: password, at: node, by: rules) {
            !busy.contains($0.text)
        }
        return switch choice {
        case .own(let name): "own \(name)"
        case .node(let name): name.text
        }
    }

    @Test(arguments: [
        ("lab1", "lab1"), ("pc-(.*) → guest-\\1", "guest-7"), ("pc-(.*) -> guest-\\1", "guest-7"),
        ("pc-([0-9]+)->g\\1x\\1", "g7x7"), ("p./guest", "guest-7"), ("pc-([0-9]+)/guest\\1", "guest7"),
        ("pc=guest", "guest-7"), ("guest01..guest20", "guest01"), ("[a-z]+-(\\d)→kiosk_\\1", "kiosk_7"),
    ])
    func `each form of the setting gives an account`(setting: String, account: String) throws {
        #expect(try choose(account: setting) == account)
    }

    @Test func `the first account of a row without a session is taken, and none when all have one`() throws {
        #expect(try choose(account: "g1..g3", busy: ["g1"]) == "g2")
        #expect(throws: AccountChoice.Refusal.allInUse(3)) {
            try choose(account: "g1..g3", busy: ["g1", "g2", "g3"])
        }
    }

    @Test(arguments: [
        "desk-(.*) → guest-\\1", "desk=guest", "desk/guest",
    ])
    func `a node whose name does not fit has no account`(setting: String) throws {
        #expect(throws: AccountChoice.Refusal.otherNode(node, setting)) { try choose(account: setting) }
    }

    @Test(arguments: [
        ("pc-(.*) → \\1", "7"), ("pc-(.) → root", "root"), ("pc(.*) → \\1", "-7"),
        ("(.*)→\\1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "pc-7aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    ])
    func `what is no account's name is refused`(setting: String, result: String) throws {
        #expect(throws: AccountChoice.Refusal.unusableResult(result)) { try choose(account: setting) }
    }

    @Test func `a node opens only accounts of its settings`() throws {
        #expect(throws: AccountChoice.Refusal.passwordNeeded) { try choose("ann", account: "lab1") }
        #expect(try choose("ann", password: true, account: "lab1") == "own ann")
        #expect(throws: AccountChoice.Refusal.noGuests) { try choose(mode: .ask, account: "lab1") }
        #expect(throws: AccountChoice.Refusal.notSet("guest-account")) {
            try choose(mode: .guest, account: "lab1")
        }
        #expect(try choose(mode: .guest, account: "lab1", guest: "guest") == "guest")
        #expect(try choose(guest: "guest") == "guest")
        #expect(throws: AccountChoice.Refusal.notSet("log-in-account")) { try choose() }
    }

    @Test(arguments: ["-rf", "a;id", "a\nb", "../etc"])
    func `a typed name that is none is no one's`(name: String) throws {
        #expect(throws: AccountChoice.Refusal.unusableName) { try choose(name, password: true) }
    }

    @Test(arguments: ["ann", "Ann.Lee", "SCHOOL\\ann", "ann@school.example", "ann+1", "_svc", "a-b_c"])
    func `names of directories are taken as they are typed`(name: String) throws {
        #expect(try choose(name, password: true) == "own \(name)")
    }

    @Test(arguments: [
        "root", "daemon", "nobody", "systemd-network", "Ann", "a.b", "1a", "-a", "a b", "a$", "a/b", "ä",
        "a\n",
        "", String(repeating: "a", count: 33), "sshd", "sudo",
    ])
    func `a name that useradd would not take, or that systems have, is no account's`(name: String) throws {
        #expect(throws: InvalidName.self) { try LogInName(name) }
    }

    @Test(arguments: [
        "(a", "a)", "((a))", "a|b", "a**", "*", "[a", "[b-a]", "\\", "\\w", "a{2}", "^a",
        String(repeating: "a", count: 201),
    ])
    func `what is no pattern is refused`(text: String) throws {
        #expect(throws: InvalidSetting.self) { try LogInAccount(reading: "\(text) → guest") }
    }

    @Test(arguments: [
        "→ guest", "a → ", "a → b c", "a → $(id)", "g9..g1", "g1..h2", "g01..g2", "g1..g5000", "a/", "=x",
    ])
    func `a setting that gives no account is refused`(text: String) throws {
        #expect(throws: InvalidSetting.self) { try LogInAccount(reading: text) }
    }

    @Test func `no pattern takes long`() throws {
        let pattern = try NamePattern("(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)a*a*a*a*a*a*a*a*a*a*x")
        let name = String(repeating: "a", count: 63)
        let time = ContinuousClock().measure { #expect(pattern.groups(in: name) == nil) }
        #expect(time < .seconds(2))
    }

    @Test func `groups hold what they matched`() throws {
        #expect(try NamePattern("(.*)-([0-9]+)").groups(in: "a-b-12") == ["a-b", "12"])
        #expect(try NamePattern("a?b+[^x]").groups(in: "bbz") == [])
        #expect(try NamePattern("a.c").groups(in: "abcd") == nil)
        #expect(NamePattern.filled("\\2\\\\\\1\\3", ["x", "y"]) == "y\\x")
    }

    @Test func `a powerful group is none of a node's accounts`() throws {
        for name in ["sudo", "docker", "root", "disk", "shadow"] {
            #expect(throws: InvalidSetting.self) { try LogInGroup(reading: name) }
        }
        #expect(try LogInGroup(reading: "audio").settingText == "audio")
    }
}
