import Foundation
import Testing

extension EndToEnd.Machines.TerminalTests {
    /// What stands in for Windows: it wants the password first (NLA), has no agent, and one desktop for all.
    private struct Windows {
        static let (name, address) = ("win1", "10.77.0.21")

        /// Starts it, or the same again with another certificate.
        static func start(_ user: String, _ password: String) throws {
            try BootLab.run(
                "sh",
                [
                    "-c", #"printf '%s' "$1" | "$2" windows "$3" "$4" SCHOOL "$5""#, "sh", password,
                    TerminalLab.script, name, address, user,
                ], environment: TerminalLab.environment)
        }
    }

    @Test func `guests and people get the desktop of a Windows server, each by the password that is theirs`()
        throws
    {
        let wire = try Wiretap("windows")
        let password = "four random words"
        try Windows.start("guest", password)
        defer {
            terminals.leave()
            _ = try? lab.roost("set", "--node", TerminalLab.node, "pool=room", "windows-accounts=")
            _ = try? lab.roost("pool", "rm", "windows")
            _ = try? lab.roost("server", "rm", Windows.name)
            _ = try? TerminalLab.command("stop", Windows.name)
        }
        try lab.roost(
            "server", "add", Windows.name, Windows.address, "--system", "windows", "--protocol",
            "rdp")
        try lab.roost("pool", "add", "windows", "--level", Windows.name, "--protocol", "rdp")
        try lab.waitUntil("the Windows server was probed", seconds: 60) {
            try lab.roost("server", "show", Windows.name).contains("RDP with NLA")
        }

        // A person's own goes to Windows itself.
        try lab.roost("set", "--node", TerminalLab.node, "pool=windows")
        #expect(try terminals.logIn("SCHOOL\\guest", password) == nil)
        try terminals.requireDesktop("windows-own")
        terminals.leave()
        #expect(try terminals.logIn("SCHOOL\\guest", "wrong") == nil)
        #expect(try terminals.says().contains("not accepted"))
        terminals.leave()

        // A guest's is a secret that only this node may have.
        #expect(try terminals.logIn("guest") == nil)
        let unknown = try terminals.says()
        #expect(!unknown.isEmpty && !unknown.contains(password))
        terminals.leave()
        let file = "\(BootLab.directory)/windows-password"
        try Data(password.utf8).write(to: URL(fileURLWithPath: file))
        try lab.roost("secret", "add", "windows-guest", "@\(file)", "--node", TerminalLab.node)
        try lab.roost(
            "set", "--node", TerminalLab.node, "windows-accounts=*=SCHOOL\\guest secret=windows-guest")
        #expect(try terminals.logIn("guest") == nil)
        try terminals.requireDesktop("windows-guest")
        terminals.leave()
        #expect(try wire.count(password) == 0)

        // Another machine in its place, with another certificate, gets nothing.
        try Windows.start("guest", password)
        // The node sees it; once a probe has seen it, too, no log-in goes there.
        #expect(try terminals.logIn("guest") == nil)
        let said = try terminals.says()
        #expect(
            said.contains("not the one that this network knows") || said.contains("No computer has room"),
            "\(said)")
    }
}
