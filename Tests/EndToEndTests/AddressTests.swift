import Foundation
import Testing

extension EndToEnd.Servers {
    /// Other DHCP clients and servers against ours, without a machine.
    @Suite struct AddressTests {
        private let lab: BootLab

        init() throws {
            lab = try BootLab.shared.get()
            _ = try ClientHost.made.get()
        }

        private func scratch(_ name: String) -> String { "\(BootLab.directory)/\(name)" }

        @Test func `udhcpc and dhclient get the same address for one machine`() throws {
            let first = try ClientHost.run(
                "sh", "-c",
                "busybox udhcpc -i eth0 -q -n -t 5 -s /bin/true 2>&1 | sed -n 's/.*lease of \\([0-9.]*\\) .*/\\1/p'"
            )
            let second = try ClientHost.run(
                "sh", "-c",
                "timeout 30 dhclient -4 -1 -d -v -lf \(scratch("dhclient.leases")) -pf \(scratch("dhclient.pid")) -sf /bin/true eth0 2>&1 "
                    + "| sed -n -e 's/^DHCPACK of \\([0-9.]*\\) .*/\\1/p' -e '/^bound/q'")
            #expect(first.hasPrefix("10.77.0."))
            #expect(first == second)
        }

        @Test func `dhcpcd is offered an address`() throws {
            // In a process namespace of its own: one of its helpers may go on when it has ended.
            let answer = try ClientHost.run(
                "unshare", "--pid", "--fork", "--mount-proc", "sh", "-c",
                "timeout 60 \(ClientHost.programs)/usr/sbin/dhcpcd -4 -T -d -t 30 -f /dev/null -c /bin/true eth0 2>&1 || true"
            )
            #expect(answer.contains("offered 10.77.0."), "\(answer)")
        }

        @Test func `systemd-networkd gets an address`() throws {
            let host = try Neighbour("networkd", mac: "52:54:00:00:0a:04", address: "10.77.0.243")
            defer { withExtendedLifetime(host) {} }
            // It waits for udev, unless /sys looks like a container's.
            let script = """
                mount -t tmpfs run /run; mount --bind /sys /sys; mount -o remount,bind,ro /sys
                mkdir -p /run/systemd/network
                printf '[Match]\\nName=eth0\\n[Network]\\nDHCP=ipv4\\n' >/run/systemd/network/1.network
                for part in '' /links /leases /lldp; do install -d -o systemd-network /run/systemd/netif$part; done
                SYSTEMD_LOG_TARGET=console /lib/systemd/systemd-networkd >/run/log 2>&1 & client=$!
                for turn in $(seq 120); do grep -q 'DHCPv4 address' /run/log && break; sleep 0.5; done
                kill $client; cat /run/log
                """
            let answer = try host.run(["unshare", "--mount", "sh", "-c", script])
            #expect(answer.contains("DHCPv4 address 10.77.0."), "\(answer)")
        }

        @Test
        func
            `perfdhcp, as a relay, completes its exchanges, and kill -9 loses no acknowledged lease`()
            throws
        {
            let load = Thread.result {
                try ClientHost.run(
                    "sh", "-c",
                    "perfdhcp -4 -l eth0 -L 67 -r 200 -R 100 -p 4 -W 100000 10.77.0.1 2>&1 || true")
            }
            try lab.waitUntil("all its machines have leases", seconds: 20) {
                let leases = try lab.json("lease", "list") as? [[String: Any]] ?? []
                return leases.count { ($0["holder"] as? String)?.hasPrefix("00:0c:01") == true } == 100
            }
            try lab.killServer()
            let report = try load.value()
            let received = report.components(separatedBy: "REQUEST-ACK").last?
                .split(separator: "\n").first { $0.hasPrefix("received packets") }?.split(separator: " ").last
            let acknowledged = try #require(received.flatMap { Int($0) })
            // On a busy machine it has not read all answers by the time that the server dies.
            #expect(acknowledged >= 50)
            try lab.startServer()
            let leases = try lab.json("lease", "list") as? [[String: Any]] ?? []
            // perfdhcp simulates 100 machines; each of their leases is there again.
            #expect(leases.count { ($0["holder"] as? String)?.hasPrefix("00:0c:01") == true } == 100)
        }

        @Test func `a manually configured address is found by ARP and not given away`() throws {
            // One that no machine of another test has.
            let leases = try lab.roost("lease", "list")
            let taken = try #require((230...250).map { "10.77.0.\($0)" }.first { !leases.contains($0) })
            let other = try Neighbour("other", mac: "52:54:00:00:0a:03", address: taken)
            defer { withExtendedLifetime(other) {} }
            try ClientHost.run("ip", "link", "set", "eth0", "address", "52:54:00:00:0a:02")
            defer { _ = try? ClientHost.run("ip", "link", "set", "eth0", "address", "52:54:00:00:0a:01") }
            // A cable that was just plugged in takes a moment.
            try ClientHost.run("ping", "-c", "1", "-w", "10", taken)
            let answer = try ClientHost.run(
                "sh", "-c", "busybox udhcpc -i eth0 -r \(taken) -q -n -t 5 -s /bin/true 2>&1")
            #expect(answer.contains("obtained") && !answer.contains("lease of \(taken) "))
            #expect(lab.log("roost").contains("\(taken) is in use by"))
        }

        @Test
        func `a lease counts on its own interface: with its address another machine gets nothing elsewhere`()
            throws
        {
            let card = "52:54:00:00:0a:05"
            let own = try Neighbour("own", mac: card)
            defer { withExtendedLifetime(own) {} }
            try lab.roost("node", "add", "wired", "--mac", card)
            defer { _ = try? lab.roost("node", "rm", "wired") }
            let script = "node/\(card)/boot.ipxe"
            let menu = "tftp://10.77.0.1/grub.cfg-01-\(card.replacing(":", with: "-"))"
            func log(_ text: String) -> [String] {
                ["bash", "-c", "echo '<14>\(text)' >/dev/udp/10.77.0.1/514"]
            }
            #expect(try own.ask(script).status == "200")
            try own.run(["curl", "-s", "-m", "20", menu])

            let thief = try Neighbour(
                "thief", mac: "52:54:00:00:0a:06", address: own.address, isServed: false)
            defer { withExtendedLifetime(thief) {} }
            for place in ["all", thief.cable] {
                try BootLab.lab("exec", "sysctl", "-qw", "net.ipv4.conf.\(place).rp_filter=0")
            }
            // The answer to its handshake goes where the address is.
            #expect(throws: CommandFailed.self) {
                try thief.run(["curl", "-s", "-m", "3", "http://10.77.0.1/\(script)"])
            }
            try thief.run(log("forged"))
            try own.run(log("genuine"))
            // Even a host that sends it elsewhere gives nothing away.
            try BootLab.run(
                "ip", ["-n", BootLab.namespace, "route", "add", "\(own.address)/32", "dev", thief.cable])
            #expect(try thief.ask("health").status == "200")
            #expect(try thief.ask(script).status == "403")
            #expect(throws: CommandFailed.self) { try thief.run(["curl", "-s", "-m", "5", menu]) }
            func node() throws -> [String: Any] {
                try #require(try lab.json("node", "show", "wired") as? [String: Any])
            }
            try lab.waitUntil("there is an alarm", seconds: 10) { try node()["alarm"] != nil }
            #expect((try node()["alarm"] as? [String: Any])?["interface"] as? String == thief.cable)
            func lines() throws -> String {
                let answer = try lab.json("node", "log", "wired") as? [String: Any]
                return (answer?["lines"] as? [String] ?? []).joined(separator: "\n")
            }
            try lab.waitUntil("the log is kept", seconds: 10) { try lines().contains("genuine") }
            #expect(!(try lines()).contains("forged"))
        }

        @Test func `the doctor sees another DHCP server and says what to do`() throws {
            let report = try ClientHost.run(
                "sh", "-c",
                "\(BootLab.roost) doctor --interface eth0 --socket /nonexistent --state-directory /tmp || true"
            )
            #expect(report.contains("another DHCP server answers on eth0: 10.77.0.1"))
            #expect(report.contains("fix: turn it off"))
        }

        @Test
        func
            `on a full disk no client gets an address that would be forgotten, and service resumes afterwards`()
            throws
        {
            let state = scratch("small")
            try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
            try BootLab.run("mount", ["-t", "tmpfs", "-o", "size=24M", "small", state])
            defer { _ = try? BootLab.run("umount", ["-l", state]) }
            try lab.killServer()
            defer { try? lab.startServer() }
            try BootLab.lab(
                "serve", "small", BootLab.roost, "serve", "--interface", "br0", "--state-directory", state,
                "--socket",
                scratch("small.sock"), "--node-program", BootLab.nodeProgram, "--user", "root")
            defer { _ = try? BootLab.lab("stop", "small") }
            try lab.waitUntil("the server is ready", seconds: 30) { lab.log("small").contains(" ready: ") }
            let many =
                "perfdhcp -4 -l eth0 -L 67 -r 100 -R 100 -n 150 -W 500000 10.77.0.1 >/dev/null 2>&1 || true"
            try ClientHost.run("sh", "-c", many)
            _ = try? BootLab.run("dd", ["if=/dev/zero", "of=\(state)/filler", "bs=4k"])
            // The journal's preallocated zeros still take a few thousand leases.
            let more = many.replacing("-r 100", with: "-r 1000").replacing("-n 150", with: "-n 3000")
            try lab.waitUntil("the journal is full", seconds: 60) {
                try ClientHost.run("sh", "-c", more)
                return lab.log("small").contains("leases cannot be written")
            }
            let ask = "busybox udhcpc -i eth0 -q -n -t 2 -T 1 -s /bin/true 2>&1 || true"
            #expect(!(try ClientHost.run("sh", "-c", ask)).contains("obtained"))
            try FileManager.default.removeItem(atPath: "\(state)/filler")
            #expect(try ClientHost.run("sh", "-c", ask).contains("obtained"))
        }
    }
}
