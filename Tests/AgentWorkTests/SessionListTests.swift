import API
import Fleet
import Testing

@testable import AgentWork

/// Sessions by what the kernel, xrdp and logind show, as Debian 12 and 13 have them.
@Suite struct SessionListTests {
    /// Two sessions of xrdp 0.9 (one connected), one of 0.10, one of X2Go, one of VNC, and sockets that a crash left.
    private static let sockets = """
        Num       RefCount Protocol Flags    Type St Inode Path
        ffff8ca1c1a2d000: 00000002 00000000 00010000 0001 01 28101 /run/xrdp/sockdir/xrdp_display_10
        ffff8ca1c1a2d400: 00000003 00000000 00000000 0001 03 28102 /run/xrdp/sockdir/xrdp_display_10
        ffff8ca1c1a2d800: 00000002 00000000 00010000 0001 01 28103 /run/xrdp/sockdir/xrdp_display_11
        ffff8ca1c1a2dc00: 00000002 00000000 00010000 0001 01 28104 /run/xrdp/sockdir/1002/xrdp_display_12
        ffff8ca1c1a2e000: 00000003 00000000 00000000 0001 03 28105 /run/xrdp/sockdir/xrdp_chansrv_socket_10
        ffff8ca1c1a2e400: 00000002 00000000 00010000 0001 01 28106 @/tmp/.X11-unix/X10
        ffff8ca1c1a2e800: 00000002 00000000 00010000 0001 01 28107 /tmp/.X11-unix/X50
        ffff8ca1c1a2ec00: 00000002 00000000 00010000 0001 01 28108 @/tmp/.X11-unix/X3
        ffff8ca1c1a2f000: 00000002 00000000 00010000 0001 01 28109 @/tmp/.X11-unix/X0
        ffff8ca1c1a2f400: 00000003 00000000 00000000 0002 03 28110
        ffff8ca1c1a2f800: 00000002 00000000 00000000 0002 01 28111 /run/systemd/notify
        """
    private static let ports = [
        """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0
           1: 00000000:170F 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1004        0 12 1 0
           2: 0A00000A:170F 0B00000A:C001 01 00000000:00000000 00:00000000 00000000  1004        0 13 1 0
        """,
        """
          sl  local_address                         remote_address                        st tx_queue rx_queue
           0: 00000000000000000000000000000000:0D3D 00000000000000000000000000000000:0000 0A 00000000:00000000
        """,
    ]

    private static func logIn(_ id: String, _ lines: String) throws -> LogInSession {
        try #require(LogInSession(id: id, parsing: "# This is private data. Do not parse.\n" + lines))
    }

    private static func traces() throws -> SessionTraces {
        let directory = SessionList.displayDirectory
        return SessionTraces(
            sockets: LocalSockets(parsing: sockets), ports: OpenPorts(parsing: ports),
            logIns: [
                try logIn(
                    "c2",
                    "UID=1000\nUSER=anna\nACTIVE=1\nSTATE=active\nREMOTE=0\nTYPE=x11\nCLASS=user\nSCOPE=session-c2.scope\nDISPLAY=:10\nSERVICE=xrdp-sesman\nLEADER=811\nREALTIME=1000000000\n"
                ),
                try logIn(
                    "5",
                    "UID=1002\nUSER=carl\nSTATE=online\nREMOTE=1\nTYPE=x11\nCLASS=user\nDISPLAY=:12\nREMOTE_HOST=10.0.0.9\nSERVICE=xrdp-sesman\nREALTIME=1900000000\n"
                ),
                try logIn(
                    "7",
                    "UID=1003\nUSER=dora\nSTATE=active\nREMOTE=1\nTYPE=tty\nCLASS=user\nREMOTE_HOST=10.0.0.8\nSERVICE=sshd\nREALTIME=1500000000\n"
                ),
                try logIn(
                    "9",
                    "UID=1005\nUSER=emil\nSTATE=active\nREMOTE=1\nTYPE=tty\nCLASS=user\nREMOTE_HOST=10.0.0.7\nSERVICE=sshd\nREALTIME=1500000000\n"
                ),
            ],
            owners: [
                "/run/xrdp/sockdir/xrdp_display_10": .init(userID: 1_000, since: 999),
                "/run/xrdp/sockdir/xrdp_display_11": .init(userID: 1_001, since: 1_400),
                "/run/xrdp/sockdir/1002/xrdp_display_12": .init(userID: 1_002, since: 1_900),
                "\(directory)/X10": .init(userID: 1_000, since: 999),
                "\(directory)/X50": .init(userID: 1_003, since: 1_700),
                "\(directory)/X3": .init(userID: 1_004, since: 1_800),
                "\(directory)/X0": .init(userID: 0, since: 10),
            ],
            names: [
                0: "root", 1_000: "anna", 1_001: "bert", 1_002: "carl", 1_003: "dora", 1_004: "fred",
                1_005: "emil",
            ], now: 2_000)
    }

    @Test func `sessions of all kinds are found once, connected or not`() throws {
        let sessions = SessionList.sessions(try Self.traces())
        func session(_ id: String) throws -> AgentSession { try #require(sessions.first { $0.id == id }) }
        #expect(
            Set(sessions.map(\.id)) == ["xrdp-10", "xrdp-11", "xrdp-12", "x2go-50", "vnc-3", "ssh-9"])
        let first = try session("xrdp-10")
        #expect(
            first
                == AgentSession(
                    id: "xrdp-10", user: "anna", kind: .rdp, display: ":10", age: 1_000, idle: nil,
                    isConnected: true, from: ""))
        // Without a session of logind, its socket says how old it is.
        #expect(try session("xrdp-11").age == 600)
        #expect(try session("xrdp-11").isConnected == false)
        #expect(try session("xrdp-12").from == "10.0.0.9")
        // People of X2Go come by ssh, and have one session.
        #expect(try session("x2go-50").user == "dora")
        #expect(try session("x2go-50").isConnected)
        #expect(try session("vnc-3").isConnected)
        #expect(try session("ssh-9").from == "10.0.0.7")
    }

    @Test func `a session goes on where a restart of xrdp-sesman has removed its sockets`() throws {
        var traces = try Self.traces()
        traces.owners["/run/xrdp/sockdir/xrdp_display_10"] = nil
        #expect(SessionList.sessions(traces).first { $0.id == "xrdp-10" }?.user == "anna")
        traces.owners["\(SessionList.displayDirectory)/X10"] = nil
        #expect(!SessionList.sessions(traces).contains { $0.id == "xrdp-10" })
    }

    @Test func `paths of sockets are those that sessions have`() throws {
        let paths = Set(SessionList.paths(in: LocalSockets(parsing: Self.sockets)))
        #expect(
            paths == [
                "/run/xrdp/sockdir/xrdp_display_10", "/run/xrdp/sockdir/xrdp_display_11",
                "/run/xrdp/sockdir/1002/xrdp_display_12", "/tmp/.X11-unix/X10", "/tmp/.X11-unix/X50",
                "/tmp/.X11-unix/X3", "/tmp/.X11-unix/X0",
            ])
    }

    @Test(arguments: [
        "ffff: 2 0 00010000 0001 01 1 /tmp/.X11-unix/X",
        "ffff: 2 0 00010000 0001 01 1 /tmp/.X11-unix/X99999999999",
        "ffff: 2 0 00010000 0001 01 1 /tmp/.X11-unix/X-1",
        "ffff: 2 0 00010000 0001 01 1 /run/xrdp/sockdir/xrdp_display_",
        "ffff: 2 0 00010000 0001 01 1 /tmp/x/run/xrdp/sockdir/xrdp_display_10", "ffff", "", "\u{0}\u{0}",
        "ffff: 2 0 00010000 0001 01 1 /tmp/.X11-unix/X1/../../etc",
    ])
    func `sockets with other names are no sessions`(line: String) {
        #expect(SessionList.paths(in: LocalSockets(parsing: "Num\n\(line)\n")).isEmpty)
    }

    @Test(arguments: [
        "UID=0\nUSER=root\nSTATE=active\nCLASS=manager\nSERVICE=systemd-user\n",
        "UID=0\nUSER=root\nSTATE=active\nCLASS=background\nSERVICE=cron\n",
        "UID=105\nUSER=lightdm\nSTATE=active\nCLASS=greeter\n", "UID=-1\nUSER=x\nCLASS=user\n", "", "UID",
        "=",
    ])
    func `sessions that are no person's are left out`(text: String) {
        #expect(LogInSession(id: "1", parsing: text) == nil)
    }

    @Test func `a session that ends no longer counts`() throws {
        let root = try TemporaryRoot([
            "/run/systemd/sessions/1":
                "UID=1000\nUSER=anna\nSTATE=closing\nCLASS=user\nSERVICE=sshd\nSCOPE=session-1.scope\n",
            "/run/systemd/sessions/2": "UID=1000\nUSER=anna\nSTATE=active\nCLASS=user\nSERVICE=sshd\n",
        ])
        #expect(LogInSession.all(root.places).map(\.id) == ["2"])
        #expect(LogInSession.closing(root.places).map(\.scope) == ["session-1.scope"])
    }

    @Test func `a session's beginning and end are told once`() throws {
        let root = try TemporaryRoot([
            "/proc/net/unix": "Num\n", "/proc/net/tcp": "", "/proc/net/tcp6": "",
            "/run/systemd/sessions/7":
                "UID=1003\nUSER=dora\nSTATE=active\nCLASS=user\nSERVICE=sshd\nREALTIME=1000000\n",
        ])
        var watch = SessionWatch(root.places, known: [])
        var told: [String] = []
        for _ in 0..<2 {
            let sessions = watch.look(now: 5) { kind, session in
                told.append("\(kind.rawValue) \(session.user)")
            }
            #expect(sessions.map(\.id) == ["ssh-7"])
            #expect(sessions.map(\.age) == [4])
        }
        try root.write(
            "UID=1004\nUSER=emil\nSTATE=active\nCLASS=user\nSERVICE=sshd\n", to: "/run/systemd/sessions/7")
        _ = watch.look(now: 6) { kind, session in told.append("\(kind.rawValue) \(session.user)") }
        #expect(told == ["session-began dora", "session-ended dora", "session-began emil"])
    }
}
