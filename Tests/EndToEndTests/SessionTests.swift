import Foundation
import Testing

extension EndToEnd.Systems {
    /// People who log in at a machine in QEMU, and those who look who is there.
    @Suite struct SessionTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.withDebian.get() }

        /// Not those at nodes of other tests: one that has just lost its power counts for a while.
        private func users() throws -> [String] {
            let sessions = try lab.json("session", "list", "group=/library") as? [[String: Any]] ?? []
            return sessions.compactMap { ($0["session"] as? [String: Any])?["user"] as? String }.sorted()
        }

        @Test func `who is logged in is on the node's page, can be looked for, and is kept secret on demand`()
            throws
        {
            let mac = "52:54:00:00:00:60"
            try lab.addAdministrator()
            try lab.roost("group", "add", "/library")
            try lab.roost("node", "add", "desk-1", "--mac", mac, "--group", "/library")
            try lab.bootDirectly("desk", mac: mac)
            defer { _ = try? lab.powerOff("desk") }
            try lab.waitForStage("ready", of: "desk-1")
            let address = try lab.address(of: "desk-1")
            for user in ["alice", "boris"] {
                try lab.ssh(
                    address,
                    "useradd -m \(user); mkdir ~\(user)/.ssh; cp ~root/.ssh/authorized_keys ~\(user)/.ssh; chown -R \(user): ~\(user)/.ssh"
                )
            }
            try lab.waitUntil("the first log-ins are over", seconds: 40) { try users() == [] }
            var terminals: [Background] = []
            defer { for terminal in terminals { terminal.end() } }
            let browser = try Browser(inLab: true)
            defer { browser.quit() }
            try browser.logIn(to: "https://10.77.0.1:8443/nodes/desk-1")
            try browser.waitFor("Nobody is logged in.")

            // By systemd's log-in manager; the page follows without being loaded again.
            terminals.append(try lab.login("alice", at: address))
            try browser.waitFor("alice")
            try browser.screenshot("node-sessions")
            #expect(try browser.axeFindings() == [])
            try BootLab.requireDocumented("nodes/desk-1", "NodeDetail")
            try BootLab.requireDocumented("sessions?q=user%3Dalice", "NodeAndSession")
            let list = try lab.roost("session", "list", "group=/library")
            #expect(list.contains("alice") && list.contains("ssh") && list.contains(BootLab.address))
            #expect(try lab.roost("node", "show", "desk-1").contains("alice"))
            #expect(try lab.roost("node", "list", "user=alice").contains("desk-1"))
            #expect(!(try lab.roost("node", "list", "user=boris")).contains("desk-1"))

            #expect(
                try lab.roost("node", "restart", "--unless-in-use", "desk-1")
                    == "desk-1 is in use by alice\n")

            // By utmp, where there is no log-in manager to ask.
            try lab.ssh(address, "mv /usr/bin/loginctl /usr/bin/loginctl.away")
            terminals.append(try lab.login("boris", at: address))
            try lab.waitUntil("boris is there", seconds: 40) { try users().contains("boris") }
            try lab.ssh(address, "mv /usr/bin/loginctl.away /usr/bin/loginctl")
            try lab.ssh(address, "pkill -u boris sleep")
            try lab.waitUntil("boris is gone", seconds: 40) { try users() == ["alice"] }

            // A server that knows nothing asks.
            try lab.killServer()
            try lab.startServer()
            try lab.waitUntil("alice is there again", seconds: 40) { try users() == ["alice"] }

            // What a node says of itself is text, whatever it is, and counts in its own boot only.
            let script = "<script>document.title='broken'</script>"
            let one =
                #"[{"id":"1","user":"\#(script)","kind":"x11","place":":0","from":"","isActive":true,"age":60}]"#
            func post(_ body: String, boot: String) throws -> String {
                try BootLab.lab(
                    "exec", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-d", body,
                    "http://10.77.0.1/node/\(mac)/sessions?boot=\(boot)")
            }
            let node = try lab.json("node", "show", "desk-1") as? [String: Any]
            let boot = try #require((node?["boots"] as? [[String: Any]])?.first?["boot"] as? String)
            #expect(try post(one, boot: "0123456789abcdef") == "403")
            #expect(try post("[{", boot: boot) == "204")
            #expect(try users() == ["alice"])
            #expect(try post(one, boot: boot) == "204")
            try browser.waitFor(script)
            #expect(browser.title == "desk-1 · Roost")

            // Nobody is to know.
            try lab.roost("set", "--group", "/library", "report-sessions=no")
            try lab.waitUntil("nobody is known", seconds: 40) { try users() == [] }
            try lab.roost("set", "--group", "/library", "--unset", "report-sessions")
            try lab.waitUntil("alice is known again", seconds: 40) { try users() == ["alice"] }

            // It does not survive the boot that it was said in.
            try lab.ssh(address, "pkill -u alice sleep")
            try lab.waitUntil("nobody is there", seconds: 40) { try users() == [] }
        }
    }
}
