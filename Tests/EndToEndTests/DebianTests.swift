import Foundation
import Testing

extension EndToEnd.Systems {
    /// A Debian with systemd, built from a Dockerfile, from power-on to an orderly shutdown.
    @Suite struct DebianTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.withDebian.get() }

        @Test
        func
            `a Debian from a multi-stage Dockerfile is configured and ready, reports log-ins, and shuts down in order`()
            throws
        {
            func build() throws -> String {
                try DockerfileContext.roost([
                    "image", "build", "container", "\(BootLab.repository)/Lab/debian", "--build-arg",
                    "GREETING=hello",
                ])
            }
            #expect(try build().hasPrefix("container@1 "))
            // Nothing stays mounted, and the second time every step comes from the cache.
            #expect(try !BootLab.run("cat", ["/proc/mounts"]).contains("\(BootLab.cache)/containers"))
            #expect(try build().hasPrefix("container@1 "))

            let mac = "52:54:00:00:00:01"
            try lab.roost("group", "add", "/school")
            try lab.roost("node", "add", "pc-1", "--mac", mac, "--group", "/school")
            try lab.roost(
                "set", "--group", "/school", "image=container", "root-mode=persistent", "volume-size=256M",
                "time-zone=Europe/Lisbon", "services=systemd-timesyncd=mask", "sysctl=net.ipv4.ip_forward=1",
                "commands=10-early=init -- echo early >/run/early,20-late=late -- cat /run/early >/run/late,"
                    + "30-end=shutdown -- echo '<2>the last step' >/dev/kmsg,"
                    + "40-word=late secret=WORD:word -- printf %s \"$WORD\" | sha256sum >/run/word",
                "timers=tick=every 1min -- date >>/run/ticks",
                "files=/etc/motd=welcome to room 12,/opt/tool:755=#!/bin/sh")
            try lab.roost(
                "set", "--node", "pc-1",
                "root-password-hash=$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g."
            )
            try lab.roost("node", "add", "pc-2", "--mac", "52:54:00:00:00:02", "--group", "/school")
            try BootLab.run(
                "sh",
                [
                    "-c",
                    "printf %s 'open sesame' | \(BootLab.roost) secret add word --group /school --arm each-boot",
                ],
                environment: ["ROOST_SOCKET": BootLab.socket])
            // By BIOS and iPXE, as on most machines.
            try lab.boot("pc1", mac: mac, expecting: [BootLab.handover])
            defer { _ = try? lab.powerOff("pc1") }
            try lab.waitForStage("ready", of: "pc-1")
            try checkConfiguration()
            #expect(try lab.failedSteps(of: "pc-1").isEmpty)
            try checkHardware()
            try checkSessions(mac)
            try applyToRunning()

            // systemd shuts down in order although its root depends on the network.
            #expect(throws: (any Error).self) { try lab.roost("node", "restart", "nobody") }
            try lab.roost("node", "restart", "pc-1")
            try lab.waitUntil("it restarts", seconds: 120) {
                lab.console("pc1").contains("reboot: Restarting system")
            }
            #expect(lab.console("pc1").contains("the last step"))
            #expect(lab.log("roost").contains("boot: \(mac) off"))
        }

        private func checkConfiguration() throws {
            let stages = try lab.stages("pc-1")
            #expect(
                stages == [
                    "dhcp", "script", "kernel", "initramfs", "init", "network", "delivered", "root",
                    "configured",
                    "handover", "ready",
                ])
            let address = try lab.address(of: "pc-1")
            let seen = try lab.ssh(
                address,
                """
                hostname
                cat /etc/greeting /etc/from-context
                stat -f -c %T /
                awk '$2 == "/run/roost/lower" { print $1 }' /proc/mounts
                cat /etc/motd; stat -c %a /opt/tool; readlink /etc/localtime
                grep -c '^root:.6.salt.' /etc/shadow; stat -c '%a %G' /etc/shadow
                awk '$2 == "pc-1" { print $1 }' /etc/hosts
                tr -d '\\n' </etc/machine-id | wc -c
                # Not a «first boot», in which systemd enables every unit.
                systemctl is-enabled systemd-networkd
                systemctl is-enabled systemd-timesyncd
                cat /run/late /proc/sys/net/ipv4/ip_forward
                ls /etc/ssh/ssh_host_*_key
                """)
            #expect(
                seen == """
                    pc-1
                    hello from the first stage
                    copied
                    overlayfs
                    /dev/nbd0
                    welcome to room 12
                    755
                    /usr/share/zoneinfo/Europe/Lisbon
                    1
                    640 shadow
                    127.0.1.1
                    32
                    disabled
                    masked
                    early
                    1
                    /etc/ssh/ssh_host_ed25519_key
                    """)
        }

        /// Changed steps, carried out under systemd: of several nodes one is off, and of the steps one fails and one is slow.
        private func applyToRunning() throws {
            let address = try lab.address(of: "pc-1")
            // A secret is a command's variable only, and a timer is systemd's.
            let seen = try lab.ssh(
                address,
                """
                cut -d' ' -f1 /run/word; printf %s 'open sesame' | sha256sum | cut -d' ' -f1
                systemctl list-timers --all --no-legend | grep -c roost
                """
            ).split(separator: "\n")
            try #require(seen.count == 3)
            #expect(seen[0] == seen[1] && seen[2] == "1")
            for text in [
                lab.console("pc1"), lab.log("roost"), try lab.roost("node", "steps", "pc-1"),
                try lab.roost("node", "show", "pc-1"),
            ] { #expect(!text.contains("open sesame")) }
            try lab.roost(
                "set", "--group", "/school", "sysctl=net.ipv4.ip_forward=0,vm.swappiness=7",
                "mounts=/mnt/more=tmpfs tmpfs size=1m", "keymap=de",
                "commands+=50-fails=late -- echo a reason; exit 3,60-now=late -- echo applied >/run/applied")
            let failed = #expect(throws: CommandFailed.self) {
                try lab.roost("node", "apply", "pc-[1-2]", "--yes", "--wait", "90")
            }
            let several = failed?.output ?? ""
            #expect(several.contains("pc-2 does not: "), "\(several)")
            let line = try #require(several.split(separator: "\n").first { $0.hasPrefix("pc-1: ") })
            #expect(line.contains("failed: command 50-fails"), "\(line)")
            #expect(line.contains("command 60-now") && !line.contains("not over yet"), "\(line)")
            #expect(line.contains("at the next start: ") && line.contains("keymap"), "\(line)")
            #expect(several.contains("2 of 2 nodes did not carry out all"), "\(several)")
            #expect(
                try lab.ssh(
                    address,
                    "cat /run/applied /proc/sys/vm/swappiness /proc/sys/net/ipv4/ip_forward; stat -f -c %T /mnt/more"
                ) == "applied\n7\n0\ntmpfs")
            // The same failure once more, in the same words, is told when the node tells it.
            let again = #expect(throws: CommandFailed.self) {
                try lab.roost("node", "apply", "pc-1", "--wait", "20")
            }
            #expect(again?.output.contains("failed: command 50-fails") == true, "\(again?.output ?? "")")
            try lab.roost("set", "--group", "/school", "commands+=50-fails=off,70-slow=late 30s -- sleep 20")
            let slow = try lab.roost("node", "apply", "pc-1", "--wait", "3")
            #expect(slow.contains("carries out") || slow.contains("not over yet"), "\(slow)")
        }

        /// The running system reported what the initramfs could not see.
        private func checkHardware() throws {
            try lab.waitUntil("the hardware is complete", seconds: 30) {
                let entries = try lab.json("inventory", "pc-1") as? [[String: Any]]
                let hardware = entries?.first?["hardware"] as? [String: Any]
                guard hardware?["isComplete"] as? Bool == true else { return false }
                let modules = hardware?["memoryModules"] as? [[String: Any]]
                #expect(modules?.first?["mebibytes"] as? Int == 1_024)
                #expect(
                    (hardware?["pci"] as? [[String: Any]])?.contains { $0["name"] as? String == "network" }
                        == true)
                #expect((hardware?["disks"] as? [Any])?.isEmpty == true)
                #expect(hardware?["vendor"] as? String == "QEMU")
                return true
            }
            #expect(
                try lab.roost("inventory", "--format", "csv", "pc-1").contains(
                    "pc-1,/school,52:54:00:00:00:01,QEMU"))
            #expect(
                try lab.roost("inventory", "--format", "glpi", "pc-1").contains("\"itemtype\":\"Computer\""))
        }

        /// Not those at nodes of other tests: a node that just lost its power counts for a while.
        private func users() throws -> [String] {
            let sessions = try lab.json("session", "list", "group=/school") as? [[String: Any]] ?? []
            // The laboratory's own commands come over SSH as root, and may still be there when the node checks.
            return sessions.compactMap { ($0["session"] as? [String: Any])?["user"] as? String }
                .filter { $0 != "root" }.sorted()
        }

        /// Logged-in users are on the node's page, can be searched for, and are hidden on request.
        private func checkSessions(_ mac: String) throws {
            try lab.addAdministrator()
            let address = try lab.address(of: "pc-1")
            try lab.ssh(
                address,
                """
                for user in alice boris; do
                  useradd -m $user; mkdir /home/$user/.ssh; cp /root/.ssh/authorized_keys /home/$user/.ssh
                  chown -R $user: /home/$user/.ssh
                done
                """)
            try lab.waitUntil("the first log-ins are over", seconds: 40) { try users() == [] }
            var terminals: [Background] = []
            defer { for terminal in terminals { terminal.end() } }
            let browser = try Browser(inLab: true)
            defer { browser.quit() }
            try browser.logIn(to: "https://10.77.0.1:8443/nodes/pc-1")
            try browser.waitFor("No user is logged in.")

            // By systemd's log-in manager; the page updates without a reload.
            terminals.append(try lab.login("alice", at: address))
            try browser.waitFor("alice")
            try browser.screenshot("node-sessions")
            #expect(try browser.axeFindings() == [])
            try BootLab.requireDocumented("nodes/pc-1", "NodeDetail")
            try BootLab.requireDocumented("sessions?q=user%3Dalice", "NodeAndSession")
            let list = try lab.roost("session", "list", "group=/school")
            #expect(list.contains("alice") && list.contains("ssh") && list.contains(BootLab.address))
            #expect(try lab.roost("node", "show", "pc-1").contains("alice"))
            #expect(try lab.roost("node", "list", "user=alice").contains("pc-1"))
            #expect(!(try lab.roost("node", "list", "user=boris")).contains("pc-1"))

            #expect(
                try lab.roost("node", "restart", "--unless-in-use", "pc-1")
                    == "pc-1 is in use by alice\n")

            // sshd has the key that the server publishes, and no other.
            #expect(
                try lab.ssh(address, "cd /etc/ssh; echo ssh_host_*", knownAs: "pc-1")
                    == "ssh_host_ed25519_key ssh_host_ed25519_key.pub")

            // By utmp, where there is no log-in manager to ask.
            try lab.ssh(address, "mv /usr/bin/loginctl /usr/bin/loginctl.away")
            terminals.append(try lab.login("boris", at: address))
            try lab.waitUntil("boris is there", seconds: 40) { try users().contains("boris") }
            try lab.ssh(address, "mv /usr/bin/loginctl.away /usr/bin/loginctl; pkill -u boris sleep")
            try lab.waitUntil("boris is gone", seconds: 40) { try users() == ["alice"] }

            // A restarted server knows nothing and asks.
            try lab.killServer()
            try lab.startServer()
            try lab.waitUntil("alice is there again", seconds: 40) { try users() == ["alice"] }

            // What a node reports about itself is text, whatever it is, and counts in its own boot only.
            let script = "<script>document.title='broken'</script>"
            let one =
                #"[{"id":"1","user":"\#(script)","kind":"x11","place":":0","from":"","isActive":true,"age":60}]"#
            func post(_ body: String, boot: String) throws -> String {
                let request =
                    "POST /node/\(mac)/sessions?boot=\(boot) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                let encoded = Data(request.utf8).base64EncodedString()
                return try lab.ssh(
                    address,
                    "bash -c 'exec 3<>/dev/tcp/10.77.0.1/80; echo \(encoded) | base64 -d >&3; read -r _ status _ <&3; echo $status'"
                )
            }
            let node = try lab.json("node", "show", "pc-1") as? [String: Any]
            let boot = try #require((node?["boots"] as? [[String: Any]])?.first?["boot"] as? String)
            #expect(try post(one, boot: "0123456789abcdef") == "403")
            let foreign = try BootLab.lab(
                "exec", "curl", "-s", "-d", one, "http://10.77.0.1/node/\(mac)/sessions?boot=\(boot)")
            #expect(foreign.contains("only the machine itself may ask this"))
            #expect(try post("[{", boot: boot) == "204")
            #expect(try users() == ["alice"])
            // The node's own program would correct this at once: it is paused meanwhile.
            try lab.ssh(address, "systemctl kill --signal STOP roost-attend")
            #expect(try post(one, boot: boot) == "204")
            try browser.waitFor(script)
            #expect(browser.title == "pc-1 · Roost")
            try lab.ssh(address, "systemctl kill --signal CONT roost-attend")

            // The report is switched off.
            try lab.roost("set", "--group", "/school", "report-sessions=no")
            try lab.waitUntil("nobody is known", seconds: 40) { try users() == [] }
            try lab.roost("set", "--group", "/school", "--unset", "report-sessions")
            try lab.waitUntil("alice is known again", seconds: 40) { try users() == ["alice"] }

            // It does not survive the boot in which it was reported.
            try lab.ssh(address, "pkill -u alice sleep")
            try lab.waitUntil("nobody is there", seconds: 40) { try users() == [] }
        }
    }
}
