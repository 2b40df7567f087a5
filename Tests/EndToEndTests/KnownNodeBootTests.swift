import Foundation
import Testing

extension EndToEnd.Machines {
    /// What a running node knows of others, as they come and go. ProfileTests has two that know each other.
    @Suite struct KnownNodeBootTests {
        private let lab: BootLab
        private let mac = "52:54:00:00:00:6e"

        init() throws { lab = try BootLab.shared.get() }

        @Test func `a running node learns of others that come and go, from its own server only`() throws {
            try lab.roost("group", "add", "/farm")
            try lab.roost("set", "--group", "/farm", "known-nodes=/farm", "hosts=10.77.0.97=head")
            try lab.roost("node", "add", "farm-1", "--mac", mac, "--group", "/farm")
            try lab.bootDirectly("farm-1", mac: mac)
            defer { _ = try? lab.powerOff("farm-1") }
            try lab.waitForStage("ready", of: "farm-1")
            let address = try lab.address(of: "farm-1")
            #expect(try lab.outcomes(of: "farm-1")["known nodes"] == "done")
            func files() throws -> String { try lab.ssh(address, "cat /etc/hosts /etc/ssh/ssh_known_hosts") }
            let before = try files()
            #expect(before.contains("\(address) farm-1") && !before.contains("127.0.1.1"))

            try lab.roost(
                "node", "add", "farm-2", "--mac", "52:54:00:00:00:6f", "--group", "/farm", "--address",
                "10.77.0.98")
            try lab.roost("node", "add", "elsewhere", "--mac", "52:54:00:00:00:70")
            try lab.waitUntil("it knows the new node", seconds: 60) {
                let text = try files()
                return text.contains("10.77.0.98 farm-2") && text.contains("farm-2,10.77.0.98 ssh-ed25519 ")
            }
            let text = try files()
            #expect(text.contains("10.77.0.97 head") && !text.contains("elsewhere"))
            // The key is the one that the server publishes.
            let published = try lab.roost("node", "known-hosts").split(separator: "\n").first {
                $0.hasPrefix("farm-2")
            }
            #expect(text.contains(try #require(published)))

            // An answer that its server did not sign changes nothing: with another key in its place, the node takes none.
            try lab.ssh(
                address,
                "mv /run/roost/server-key /run/roost/away; head -c 32 /dev/urandom >/run/roost/server-key")
            try lab.roost("node", "rm", "farm-2")
            _ = try? lab.ssh(address, "sleep 45", timeout: 60)
            #expect(try files().contains("farm-2"))
            try lab.ssh(address, "mv /run/roost/away /run/roost/server-key")
            try lab.waitUntil("it has forgotten the node that is gone", seconds: 60) {
                try !files().contains("farm-2")
            }
        }
    }
}
