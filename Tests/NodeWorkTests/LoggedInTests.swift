import Fleet
import Foundation
import NodeWork
import Testing
import Wire

@Suite struct LoggedInTests {
    /// What loginctl (systemd 257) shows of a greeter, a person at the screen, one over SSH, and one who is leaving.
    private static let shown = """
        Id=c1
        Name=lightdm
        Seat=seat0
        TTY=
        Display=:0
        Remote=no
        Service=lightdm-greeter
        Type=x11
        Class=greeter
        State=online
        TimestampMonotonic=9000000

        Id=2
        Name=alice
        Seat=seat0
        TTY=
        Display=:0
        Remote=no
        RemoteHost=
        Service=lightdm
        Type=x11
        Class=user
        State=active
        TimestampMonotonic=60000000

        Id=7
        Name=bob
        Seat=
        TTY=pts/0
        Remote=yes
        RemoteHost=10.77.0.9
        Service=sshd
        Type=tty
        Class=user
        State=online
        TimestampMonotonic=100500000

        Id=9
        Name=carol
        Seat=seat0
        TTY=tty3
        Remote=no
        Service=login
        Type=unspecified
        Class=user-early
        State=closing
        TimestampMonotonic=1
        """.components(separatedBy: "\n")

    private static func session(_ id: String, _ user: String, _ kind: String, _ place: String, age: Int)
        -> LoggedIn.Session
    {
        var session = LoggedIn.Session()
        (session.id, session.user, session.kind, session.place) = (id, user, kind, place)
        session.age = age
        return session
    }

    private static var bob: LoggedIn.Session {
        var bob = session("7", "bob", "ssh", "pts/0", age: 100)
        (bob.from, bob.isActive) = ("10.77.0.9", false)
        return bob
    }

    @Test func `people who are there are told, greeters and those who leave are not`() {
        let sessions = LoggedIn.sessions(Self.shown, awakeSeconds: 200)
        #expect(sessions == [Self.session("2", "alice", "x11", ":0", age: 140), Self.bob])
    }

    @Test func `a session without a kind is called after what opened it, and one of the future is new`() {
        let lines = [
            "Class=user", "Type=unspecified", "Service=login", "TTY=tty1", "Id=3", "State=active",
            "TimestampMonotonic=99999999999", "Name=dora=x", "no equals", "",
        ]
        let sessions = LoggedIn.sessions(lines, awakeSeconds: 10)
        #expect(sessions == [Self.session("3", "dora=x", "login", "tty1", age: 0)])
        #expect(
            LoggedIn.sessions(["Class=user", "TimestampMonotonic=x"], awakeSeconds: 10).map(\.age) == [10])
        #expect(LoggedIn.sessions([], awakeSeconds: 10).isEmpty)
        #expect(LoggedIn.sessions(["", "", "Name=x"], awakeSeconds: 10).isEmpty)
    }

    @Test func `only what can stand in a command is a session's name`() {
        let lines = [
            "  2 1000 alice seat0 tty7", "c1 119 lightdm", "", "$(reboot) 1 x", "7; 1 x", "é 1 x", "\"3 1 x",
        ]
        #expect(LoggedIn.identifiers(lines) == ["2", "c1"])
    }

    /// What the commands of a log-in manager print in turn.
    private func managed(
        hasManager: Bool = true, _ answers: [(lines: [String], status: Int32)]
    ) -> (users: [String]?, count: Int) {
        var count = 0
        let sessions = LoggedIn.managed(hasManager: hasManager, awakeSeconds: 200) { _ in
            count += 1
            return answers[min(count, answers.count) - 1]
        }
        return (sessions?.map(\.user), count)
    }

    @Test func `a session that ends while they are listed hides no other`() {
        let both = (lines: ["2 1000 alice seat0 tty7", "7 1001 bob"], status: Int32(0))
        let ended = (lines: Array(Self.shown.prefix(3)), status: Int32(1))
        let shown = (lines: Self.shown, status: Int32(0))
        let users = LoggedIn.sessions(Self.shown, awakeSeconds: 200).map(\.user)
        #expect(managed([both, shown]) == (users, 2))
        #expect(managed([both, ended, both, shown]) == (users, 4))
        #expect(managed([(lines: [], status: 1), both, shown]) == (users, 3))
    }

    @Test func `a log-in manager that does not answer has not lost its sessions`() {
        #expect(managed([(lines: [], status: 1)]) == (nil, 5))
        #expect(managed([(lines: ["2 1000 alice"], status: 0), (lines: [], status: -1)]) == (nil, 5 + 1))
        // There is none, or it is not running: only terminals count.
        #expect(managed([(lines: [], status: 127)]) == ([], 1))
        #expect(managed(hasManager: false, [(lines: [], status: 1)]) == ([], 5))
        #expect(managed([(lines: [], status: 0)]) == ([], 1))
    }

    @Test func `a terminal that the log-in manager knows is told once`() {
        let managed = LoggedIn.sessions(Self.shown, awakeSeconds: 200)
        let terminals = [
            LoggedIn.Session(onTerminal: "pts/0", user: "bob", host: "10.77.0.9", process: 40, age: 1),
            LoggedIn.Session(onTerminal: "tty2", user: "eve", host: "", process: 41, age: 2),
            LoggedIn.Session(onTerminal: "tty7", user: "alice", host: ":1", process: 42, age: 3),
            LoggedIn.Session(onTerminal: "pts/1", user: "fay", host: "pc-9", process: 43, age: 4),
        ]
        let people = LoggedIn(managed: managed, onTerminals: terminals)
        #expect(people.sessions.map(\.id) == ["2", "7", "41", "42", "43"])
        #expect(people.sessions.map(\.kind) == ["x11", "ssh", "tty", "x11", "ssh"])
        #expect(people.sessions.map(\.from) == ["", "10.77.0.9", "", "", "pc-9"])
    }

    @Test func `the server reads what the node tells`() throws {
        var odd = Self.session("5", "a\"b\\\u{1}", "tty", "tty1", age: 3)
        odd.from = "日本"
        let people = LoggedIn(managed: [Self.bob, odd], onTerminals: [])
        let told = try JSONDecoder().decode(
            [NodeSessions.TellsSession].self, from: Data(people.json.text.utf8))
        #expect(told.map(\.id) == ["7", "5"])
        #expect(told.first?.from == "10.77.0.9")
        #expect(told.first?.isActive == false && told.first?.age == 100)
        #expect(told.last?.user == "a\"b\\ " || told.last?.user == "a\"b\\")
        #expect(LoggedIn(managed: [], onTerminals: []).json.text == "[]")
    }

    @Test func `the mark changes with people, not with time`() {
        let before = LoggedIn(managed: [Self.bob], onTerminals: [])
        var bob = Self.bob
        bob.age += 500
        #expect(LoggedIn(managed: [bob], onTerminals: []).mark == before.mark)
        bob.isActive = true
        #expect(LoggedIn(managed: [bob], onTerminals: []).mark != before.mark)
        #expect(LoggedIn(managed: [], onTerminals: []).mark != before.mark)
    }

    // MARK: When it is told

    private static let (first, second) = (
        LoggedIn.Moment(changes: [1, 1]), LoggedIn.Moment(changes: [1, 2])
    )

    @Test func `nothing is told until the server asks`() {
        var telling = SessionTelling()
        #expect(!telling.looks(at: 10, moment: Self.first))
        telling.begin()
        #expect(telling.looks(at: 10, moment: Self.first))
        let tells = telling.tells("alice", at: 10, moment: Self.first)
        #expect(tells)
        // Not told, because the server did not answer: the next time.
        #expect(telling.looks(at: 20, moment: Self.first))
        telling.told("alice", at: 20, moment: Self.first)
        telling.end()
        #expect(!telling.looks(at: 30, moment: Self.second))
    }

    @Test func `what is told is told again when somebody comes or goes, and now and then`() {
        var telling = SessionTelling()
        telling.begin()
        telling.told("alice", at: 100, moment: Self.first)
        #expect(!telling.looks(at: 110, moment: Self.first))
        // Something changed, and the same people are there.
        #expect(telling.looks(at: 110, moment: Self.second))
        let same = telling.tells("alice", at: 110, moment: Self.second)
        #expect(!same)
        #expect(!telling.looks(at: 120, moment: Self.second))
        let other = telling.tells("alice\nbob", at: 120, moment: Self.first)
        #expect(other)
        let late = 100 + SessionTelling.repeatSeconds
        #expect(!telling.looks(at: late - 1, moment: Self.second))
        #expect(telling.looks(at: late, moment: Self.second))
        let again = telling.tells("alice", at: late, moment: Self.second)
        #expect(again)
        // A server that has started again asks once more.
        telling.begin()
        #expect(telling.looks(at: 130, moment: Self.second))
    }
}
