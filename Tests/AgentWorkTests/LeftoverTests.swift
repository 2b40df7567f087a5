import API
import Fleet
import Glibc
import Synchronization
import Testing

@testable import AgentWork

/// What is left of sessions after crashes, on a machine that is a directory.
@Suite struct LeftoverTests {
    private final class Events: AgentEventSink {
        let all = Mutex<[String]>([])

        func note(_ kind: AgentEvent.Kind, user: String, id: String, _ text: String) {
            all.withLock { $0.append("\(kind.rawValue) \(user) \(id)") }
        }
    }

    private let root: TemporaryRoot
    private let programs = NotedPrograms()
    private let events = Events()
    /// Files are this user's: the tests make them.
    private let (me, number): (String, UInt32)

    init() throws {
        root = try TemporaryRoot(["/proc/net/unix": "Num\n"])
        number = getuid()
        me = try #require(AccountNames.name(of: getuid()))
    }

    private func leftovers(expecting user: String?) -> Leftovers {
        var leftovers = Leftovers(root.places, programs: programs, events: events)
        if let user { leftovers.expect(user) }
        return leftovers
    }

    private func session(_ display: Int = 10, _ kind: SessionProtocol = .rdp, connected: Bool = false)
        -> AgentSession
    {
        AgentSession(
            id: "\(kind.rawValue)-\(display)", user: me, kind: kind, display: ":\(display)", age: 60,
            idle: nil,
            isConnected: connected, from: "")
    }

    /// A process, with the one that started it.
    private func run(_ process: Int, _ name: String, by parent: Int, as user: UInt32, _ words: String = "")
        throws
    {
        try root.write(
            "Name:\t\(name)\nUmask:\t0022\nState:\tS (sleeping)\nPid:\t\(process)\nPPid:\t\(parent)\nUid:\t\(user)\t\(user)\t\(user)\t\(user)\n",
            to: "/proc/\(process)/status")
        try root.write(words.replacing(" ", with: "\0"), to: "/proc/\(process)/cmdline")
    }

    /// Looks at 0, 5 and 10 seconds; returns what was done until then.
    private func sweep(_ leftovers: inout Leftovers, _ sessions: [AgentSession]) -> [String] {
        for second in [0, 5, 10] { leftovers.sweep(sessions, at: second * 1_000) }
        return programs.all
    }

    // MARK: Displays

    @Test func `a display that xrdp-sesman has forgotten ends once it is not shown`() throws {
        try run(100, "xrdp-sesman", by: 1, as: 0)
        // Of a former start.
        try run(90, "xrdp-sesman", by: 1, as: 0)
        try run(91, "Xorg", by: 90, as: number, "/usr/lib/xorg/Xorg :10 -auth .Xauthority")
        try root.write(
            "UID=\(number)\nUSER=\(me)\nSTATE=active\nCLASS=user\nDISPLAY=:10\nSERVICE=xrdp-sesman\n",
            to: "/run/systemd/sessions/c2")
        var leftovers = leftovers(expecting: me)
        #expect(sweep(&leftovers, [session(connected: true)]).isEmpty)
        leftovers.sweep([session()], at: 20_000)
        #expect(programs.all.isEmpty, "one look is not enough")
        leftovers.sweep([session()], at: 30_000)
        #expect(programs.all == ["loginctl terminate-session c2", "kill -TERM 91"])
        #expect(events.all.withLock(\.self) == ["swept \(me) :10"])
    }

    @Test func `a display that xrdp-sesman knows is let alone`() throws {
        try run(100, "xrdp-sesman", by: 1, as: 0)
        try run(110, "xrdp-sesman", by: 100, as: 0)
        try run(111, "Xorg", by: 110, as: number, "Xorg :10")
        try run(120, "xrdp-sesexec", by: 100, as: 0)
        try run(121, "Xorg", by: 120, as: number, "Xorg :11")
        var leftovers = leftovers(expecting: me)
        #expect(sweep(&leftovers, [session(10), session(11)]).isEmpty)
    }

    @Test func `in version 0.10 only a second display shows that the first was forgotten`() throws {
        try run(100, "xrdp-sesman", by: 1, as: 0)
        try run(120, "xrdp-sesexec", by: 1, as: 0)
        try run(121, "Xorg", by: 120, as: number, "Xorg :10")
        var leftovers = leftovers(expecting: me)
        #expect(sweep(&leftovers, [session()]).isEmpty)
        leftovers.sweep([session(), session(11, connected: true)], at: 20_000)
        leftovers.sweep([session(), session(11, connected: true)], at: 30_000)
        #expect(programs.all == ["kill -TERM 121"])
    }

    @Test func `another's program with a display's name decides nothing`() throws {
        try run(100, "xrdp-sesman", by: 1, as: 0)
        try run(110, "xrdp-sesman", by: 100, as: 0)
        try run(111, "Xorg", by: 110, as: number, "Xorg :10")
        try run(50, "Xorg", by: 1, as: number + 1, "Xorg :10")
        var leftovers = leftovers(expecting: me)
        #expect(sweep(&leftovers, [session()]).isEmpty)
    }

    @Test
    func `people whom the agent did not let in keep what they left, and the agent's next start knows them`()
        throws
    {
        try run(91, "Xorg", by: 1, as: number, "Xorg :10")
        try closing("c3")
        try root.write("        92\n", to: "/tmp/.X12-lock")
        var others = leftovers(expecting: "someone-else")
        #expect(sweep(&others, [session()]).isEmpty)
        #expect(root.text("/tmp/.X12-lock") != nil)
        _ = leftovers(expecting: me)
        var next = leftovers(expecting: nil)
        #expect(next.people == [me, "someone-else"])
        #expect(
            sweep(&next, [session()]) == ["kill -TERM 91", "systemctl --no-block stop -- session-c3.scope"])
    }

    // MARK: Closing sessions

    private func closing(_ id: String, service: String = "xrdp-sesman", state: String = "closing") throws {
        try root.write(
            "UID=\(number)\nUSER=\(me)\nSTATE=\(state)\nCLASS=user\nSERVICE=\(service)\nSCOPE=session-\(id).scope\n",
            to: "/run/systemd/sessions/\(id)")
    }

    @Test func `a session that is closing for ever ends with what it left behind`() throws {
        try closing("c3")
        try closing("c4", state: "active")
        try closing("c5", service: "sshd")
        var leftovers = leftovers(expecting: me)
        #expect(sweep(&leftovers, []) == ["systemctl --no-block stop -- session-c3.scope"])
        #expect(events.all.withLock(\.self) == ["swept \(me) c3"])
    }

    @Test(arguments: [true, false])
    func `what may go on goes on`(lingers: Bool) throws {
        try closing("c3")
        if lingers { try root.write("", to: "/var/lib/systemd/linger/\(me)") }
        var leftovers = leftovers(expecting: me)
        #expect(sweep(&leftovers, lingers ? [] : [session(50, .x2go)]).isEmpty)
    }

    // MARK: Files

    @Test func `files of a dead display go, and those of a living one stay`() throws {
        for display in [10, 11, 12] {
            try root.write("", to: "/tmp/.X11-unix/X\(display)")
            try root.write("", to: "/run/xrdp/sockdir/xrdp_chansrv_socket_\(display)")
        }
        try root.write("       910\n", to: "/tmp/.X10-lock")
        try root.write("       911\n", to: "/tmp/.X11-lock")
        try root.write("       912\n", to: "/tmp/.X12-lock")
        try run(911, "Xorg", by: 1, as: number, "Xorg :11")
        try root.write(
            "Num\nffff: 2 0 00010000 0001 01 1 @/tmp/.X11-unix/X12\n", to: "/proc/net/unix")
        var leftovers = leftovers(expecting: me)
        #expect(sweep(&leftovers, []).isEmpty)
        #expect(root.text("/tmp/.X10-lock") == nil && root.text("/tmp/.X11-unix/X10") == nil)
        #expect(root.text("/run/xrdp/sockdir/xrdp_chansrv_socket_10") == nil)
        for display in [11, 12] {
            #expect(
                root.text("/tmp/.X\(display)-lock") != nil && root.text("/tmp/.X11-unix/X\(display)") != nil)
            #expect(root.text("/run/xrdp/sockdir/xrdp_chansrv_socket_\(display)") != nil)
        }
        #expect(events.all.withLock(\.self) == ["swept \(me) :10"])
    }
}
