import API
import Fleet
import Foundation
import Synchronization
import Testing

@testable import AgentWork

/// Accounts that the agent makes and ends, on a machine that is a directory with stand-ins for its programs.
@Suite struct AccountTests {
    private final class Machine: AgentPrograms, AgentEventSink {
        struct State: Sendable {
            /// Name and number.
            var users = ["root": 0, "ann": 1_000]
            var runs: [[String]] = []
            var inputs: [String] = []
            var failing: [String: Int32] = [:]
            var events: [AgentEvent.Kind] = []
            var processes: [Int: [Int32]] = [:]
            var second = 1_000_000
            var time = 0
            /// Called once, when an account's processes are to end.
            var atEnd: (@Sendable () -> Void)?
        }
        let state = Mutex(State())
        let root: String

        init() throws {
            root = NSTemporaryDirectory() + "roost-accounts-" + UUID().uuidString
            for path in [
                "/etc/skel", "/home", "/tmp", "/var/tmp", "/dev/shm", "/var/lib/roost-agent",
                "/run/roost-agent",
            ] {
                try FileManager.default.createDirectory(
                    atPath: root + path, withIntermediateDirectories: true)
            }
            try "# shells\n/bin/sh\n/bin/bash\n".write(
                toFile: root + "/etc/shells", atomically: true, encoding: .utf8)
        }

        deinit { try? FileManager.default.removeItem(atPath: root) }

        func note(_ kind: AgentEvent.Kind, user: String, id: String, _ text: String) {
            state.withLock { $0.events.append(kind) }
        }

        func run(_ program: String, _ arguments: [String], input: [UInt8], seconds: Int) throws -> ProgramEnd
        {
            if program == "loginctl" {
                let atEnd = state.withLock { state in
                    defer { state.atEnd = nil }
                    return state.atEnd
                }
                atEnd?()
            }
            return state.withLock { state in
                state.runs.append([program] + arguments)
                if !input.isEmpty { state.inputs.append(String(decoding: input, as: UTF8.self)) }
                if let status = state.failing[program] {
                    return ProgramEnd(status: status, output: Array("no".utf8))
                }
                let last = arguments.last ?? ""
                switch program {
                case "getent" where arguments[0] == "passwd":
                    let found = state.users.first { $0.key == last || "\($0.value)" == last }
                    guard let found else { return ProgramEnd(status: 2, output: []) }
                    return ProgramEnd(
                        status: 0,
                        output: Array("\(found.key):x:\(found.value):\(found.value)::/home:/bin/sh\n".utf8))
                case "getent":
                    let isThere = ["audio", "sudo"].contains(last)
                    return ProgramEnd(status: isThere ? 0 : 2, output: Array("\(last):x:29:\n".utf8))
                case "useradd":
                    let place = arguments.firstIndex(of: "--uid") ?? 0
                    state.users[last] = Int(arguments[place + 1])
                case "userdel": state.users[last] = nil
                default: break
                }
                return ProgramEnd(status: 0, output: [])
            }
        }

        func names(_ program: String) -> [[String]] { state.withLock { $0.runs.filter { $0[0] == program } } }

        func keeper() throws -> LogInKeeper {
            let machine = Accounts.Machine(
                processes: { [self] number in state.withLock { $0.processes[number] ?? [] } },
                kill: { [self] process in
                    state.withLock { state in
                        for (number, all) in state.processes {
                            state.processes[number] = all.filter { $0 != process }
                        }
                    }
                }, second: { [self] in state.withLock { $0.second } }, pause: { _ in })
            return try LogInKeeper(
                Accounts(places: AgentPlaces(root: root), programs: self, machine: machine, events: self),
                events: self, now: { [self] in state.withLock { $0.time } })
        }

        func pass(_ seconds: Int) {
            state.withLock { state in
                state.second += seconds
                state.time += seconds * 1_000
            }
        }
    }

    private let machine: Machine

    init() throws { machine = try Machine() }

    private func logIn(
        _ user: String = "guest01", _ ticket: String = "t1", account: AgentAccount? = nil,
        credential: Bool = true
    ) -> AgentLogIn {
        AgentLogIn(
            ticket: ticket, user: user, kind: .rdp,
            credential: credential ? String(repeating: "ab", count: 32) : "", lifetime: 60, from: "",
            account: account ?? AgentAccount(user: user, groups: ["audio", "video", "sudo"]))
    }

    private func session(_ user: String) -> AgentSession {
        AgentSession(
            id: "c1", user: user, kind: .rdp, display: ":10", age: 1, idle: nil, isConnected: true, from: "")
    }

    @Test func `an account is entered before it is made, with a number of the agent's and groups that exist`()
        throws
    {
        let ready = try machine.keeper().prepare(logIn())
        let made = try #require(machine.names("useradd").first)
        #expect(made.suffix(2) == ["--", "guest01"] && made.contains("60000"))
        #expect(made.contains("GID_MAX=499999"), "its group has the same number")
        let groups = try #require(made.firstIndex(of: "--groups"))
        #expect(made[groups + 1] == "audio")
        let password = try #require(made.firstIndex(of: "--password"))
        #expect(made[password + 1] == "*" && ready.accountMilliseconds > 0)
        let book = try AccountBook.read(machine.root + Accounts.book)
        #expect(book["guest01"]?.state == .made && book["guest01"]?.number == 60_000)
    }

    @Test(arguments: [
        "root", "-x", "a;b", "$(id)", "../x", "a b", "a\nb", "Ann", "sshd", "", "a:b",
        String(repeating: "a", count: 33),
    ])
    func `a name that is none, or that systems have, comes to no program`(name: String) throws {
        #expect(throws: AgentProblem.self) { try machine.keeper().prepare(logIn(name)) }
        #expect(machine.names("useradd").isEmpty && machine.names("usermod").isEmpty)
    }

    @Test func `an account that the agent did not make is not touched`() throws {
        let keeper = try machine.keeper()
        #expect(throws: AgentProblem.self) { try keeper.prepare(logIn("ann")) }
        #expect(throws: AgentProblem.self) { try keeper.removeAccount("ann", .remove) }
        // One whose name an administrator wrote may be used as it is.
        _ = try keeper.prepare(
            logIn("ann", "t2", account: AgentAccount(user: "ann", mayBeForeign: true)))
        keeper.sweep(sessions: [])
        machine.pass(1_000)
        keeper.sweep(sessions: [])
        keeper.sweep(sessions: [])
        let names = machine.state.withLock { Set($0.runs.map { $0[0] }) }
        #expect(names == ["getent"])
    }

    @Test func `a ticket without an account opens nothing`() throws {
        var order = logIn()
        order.account = nil
        #expect(throws: AgentProblem.self) { try machine.keeper().prepare(order) }
        var other = logIn()
        other.account?.user = "guest02"
        #expect(throws: AgentProblem.self) { try machine.keeper().prepare(other) }
    }

    @Test(arguments: ["/bin/zsh", "/bin/bash -c id", "bash", ""])
    func `a shell is one of the server's`(shell: String) throws {
        let account = AgentAccount(user: "guest01", shell: shell)
        #expect(throws: AgentProblem.self) { try machine.keeper().prepare(logIn(account: account)) }
    }

    @Test(arguments: ["/etc/../root", "/nowhere", "etc/skel", ""])
    func `a skeleton is a directory of the server`(skeleton: String) throws {
        let account = AgentAccount(user: "guest01", skeleton: skeleton)
        #expect(throws: AgentProblem.self) { try machine.keeper().prepare(logIn(account: account)) }
    }

    @Test func `a hash of a password is in no argument`() throws {
        let account = AgentAccount(user: "ben", number: 2_000, passwordHash: "$6$salt$hash")
        _ = try machine.keeper().prepare(logIn("ben", account: account, credential: false))
        let (runs, inputs) = machine.state.withLock { ($0.runs, $0.inputs) }
        #expect(inputs == ["ben:$6$salt$hash\n"] && !runs.joined().contains { $0.contains("$6$") })
        let wrong = AgentAccount(user: "ben", number: 2_000, passwordHash: "$6$a\nroot:$6$b")
        #expect(throws: AgentProblem.self) {
            try machine.keeper().prepare(logIn("ben", "t2", account: wrong))
        }
    }

    @Test func `a ticket opens its account's session once`() throws {
        let keeper = try machine.keeper()
        var order = logIn()
        let secret = Array("credential".utf8)
        // SHA-256 of it.
        order.credential = "e265b6f564601a1fe8dc42785cd18a868bd8013eb5899560e79248767a683e6b"
        _ = try keeper.prepare(order)
        #expect(!keeper.claim(user: "guest01", secret: [], service: "xrdp-sesman", from: ""))
        #expect(
            !keeper.claim(user: "guest01", secret: Array("password".utf8), service: "xrdp-sesman", from: ""))
        #expect(keeper.claim(user: "guest01", secret: secret, service: "xrdp-sesman", from: ""))
        #expect(!keeper.claim(user: "guest01", secret: secret, service: "xrdp-sesman", from: ""))
        let events = machine.state.withLock { $0.events.filter { $0 != .accountMade } }
        #expect(events == [.ticketUsed, .ticketRefused])
    }

    // MARK: Ends

    @Test func `an account goes when its session has ended, after two looks`() throws {
        let keeper = try machine.keeper()
        _ = try keeper.prepare(logIn())
        machine.state.withLock { $0.processes[60_000] = [4_242] }
        keeper.sweep(sessions: [session("guest01")])
        machine.pass(100)
        keeper.sweep(sessions: [session("guest01")])
        keeper.sweep(sessions: [])
        #expect(machine.names("userdel").isEmpty)
        machine.pass(11)
        keeper.sweep(sessions: [])
        #expect(machine.names("userdel") == [["userdel", "--", "guest01"]])
        #expect(machine.state.withLock { $0.processes[60_000] } == [])
        #expect(try AccountBook.read(machine.root + Accounts.book).entries.isEmpty)
    }

    @Test func `an account whose person never comes goes after a minute`() throws {
        let keeper = try machine.keeper()
        _ = try keeper.prepare(logIn())
        machine.pass(30)
        keeper.sweep(sessions: [])
        machine.pass(31)
        keeper.sweep(sessions: [])
        #expect(machine.names("userdel").isEmpty)
        machine.pass(11)
        keeper.sweep(sessions: [])
        #expect(machine.names("userdel").count == 1)
    }

    @Test func `after a crash the agent knows what it made, and ends it`() throws {
        _ = try machine.keeper().prepare(logIn())
        machine.pass(120)
        let next = try machine.keeper()
        next.sweep(sessions: [])
        machine.pass(11)
        next.sweep(sessions: [])
        #expect(machine.names("userdel").count == 1)
    }

    @Test func `an end that was cut short goes on`() throws {
        let keeper = try machine.keeper()
        _ = try keeper.prepare(logIn())
        machine.state.withLock { $0.failing["userdel"] = 8 }
        #expect(throws: AgentProblem.self) { try keeper.removeAccount("guest01", .remove) }
        #expect(try AccountBook.read(machine.root + Accounts.book)["guest01"]?.state == .ending)
        machine.state.withLock { $0.failing = [:] }
        let next = try machine.keeper()
        next.sweep(sessions: [])
        machine.pass(11)
        next.sweep(sessions: [])
        #expect(try AccountBook.read(machine.root + Accounts.book).entries.isEmpty)
    }

    @Test func `while an account goes, others' log-ins are prepared, and its own is put off`() throws {
        let keeper = try machine.keeper()
        _ = try keeper.prepare(logIn())
        let made = Mutex<[String]>([])
        machine.state.withLock { state in
            state.atEnd = { [self] in
                for (user, ticket) in [("guest02", "t2"), ("guest01", "t3")] {
                    do {
                        _ = try keeper.prepare(logIn(user, ticket))
                        made.withLock { $0.append(user) }
                    } catch { made.withLock { $0.append("\(type(of: error))") } }
                }
                // No second one begins beside the first.
                do { try keeper.removeAccount("guest01", .keep) } catch {
                    made.withLock { $0.append("\(type(of: error))") }
                }
            }
        }
        try keeper.removeAccount("guest01", .remove)
        #expect(made.withLock { $0 } == ["guest02", "AccountEnds", "AgentProblem"])
        #expect(try AccountBook.read(machine.root + Accounts.book).entries.map(\.user) == ["guest02"])
        _ = try keeper.prepare(logIn("guest01", "t4"))
    }

    @Test func `looks while an account is being removed find nothing wrong with that`() throws {
        let keeper = try machine.keeper()
        _ = try keeper.prepare(logIn())
        machine.state.withLock { state in
            state.atEnd = { [self] in
                for _ in 0..<3 {
                    keeper.sweep(sessions: [])
                    machine.pass(11)
                }
            }
        }
        try keeper.removeAccount("guest01", .remove)
        #expect(machine.state.withLock { !$0.events.contains(.failed) && $0.atEnd == nil })
        #expect(machine.names("userdel").count == 1)
    }

    @Test func `a typed name alone is no reason to clear away, nor to keep, what is that person's`() throws {
        let keeper = try machine.keeper()
        let people = machine.root + AgentPlaces().people
        func named() -> String { (try? String(contentsOfFile: people, encoding: .utf8)) ?? "" }
        var typed = logIn("ann", "t2", credential: false)
        typed.account = nil
        _ = try keeper.prepare(typed)
        #expect(named().isEmpty)
        keeper.arrived("ann")
        #expect(named() == "ann\n")
    }

    @Test func `what useradd did not make is in the list no more`() throws {
        machine.state.withLock { $0.failing["useradd"] = 4 }
        #expect(throws: AgentProblem.self) { try machine.keeper().prepare(logIn()) }
        #expect(try AccountBook.read(machine.root + Accounts.book).entries.isEmpty)
    }

    @Test func `without room for its list the agent makes no account`() throws {
        let keeper = try machine.keeper()
        let directory = machine.root + "/var/lib/roost-agent"
        try FileManager.default.removeItem(atPath: directory)
        try Data().write(to: URL(fileURLWithPath: directory))
        #expect(throws: (any Error).self) { try keeper.prepare(logIn("guest01")) }
        #expect(machine.names("useradd").isEmpty)
    }

    @Test func `a list that cannot be read stops the agent's accounts`() throws {
        try "nonsense".write(toFile: machine.root + Accounts.book, atomically: true, encoding: .utf8)
        let error = #expect(throws: AgentProblem.self) { try machine.keeper() }
        #expect(error?.description.hasSuffix("is damaged: bring it back from a backup") == true)
    }

    @Test func `numbers come round`() throws {
        let keeper = try machine.keeper()
        _ = try keeper.prepare(logIn())
        try keeper.removeAccount("guest01", .remove)
        _ = try keeper.prepare(logIn("guest01", "t2"))
        #expect(try AccountBook.read(machine.root + Accounts.book)["guest01"]?.number == 60_001)
    }

    @Test func `a link in the place of a home is left alone`() throws {
        let keeper = try machine.keeper()
        _ = try keeper.prepare(logIn())
        try FileManager.default.createSymbolicLink(
            atPath: machine.root + "/home/guest01", withDestinationPath: "/etc")
        #expect(throws: AgentProblem.self) { try keeper.removeAccount("guest01", .remove) }
        #expect(machine.names("rm").isEmpty)
    }

    @Test func `mounts below a home are found, with blanks in their names`() {
        let text = """
            36 35 98:0 / / rw - ext4 /dev/a rw
            40 36 0:50 / /home/guest01/thinclient_drives rw - fuse x rw
            41 36 0:51 / /home/guest01/my\\040drive rw - fuse x rw
            42 36 0:52 / /home/guest011 rw - fuse x rw
            """
        #expect(
            Accounts.mounts(below: "/home/guest01", in: text) == [
                "/home/guest01/thinclient_drives", "/home/guest01/my drive",
            ])
    }

    @Test func `processes are those of the user that still run`() {
        #expect(Accounts.isProcess("Name:\tx\nState:\tS (sleeping)\nUid:\t0\t60000\t0\t0\n", of: 60_000))
        #expect(
            !Accounts.isProcess(
                "Name:\tx\nState:\tZ (zombie)\nUid:\t60000\t60000\t60000\t60000\n", of: 60_000))
        #expect(!Accounts.isProcess("Name:\t60000\nState:\tS\nUid:\t6000\t6000\t6000\t6000\n", of: 60_000))
    }
}
