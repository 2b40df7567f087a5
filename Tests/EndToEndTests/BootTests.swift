import Foundation
import Testing

extension EndToEnd.Machines {
    /// A node from its power switch to its init, and its root afterwards.
    @Suite struct BootTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        @Test
        func
            `a root in memory no longer needs the server, one that does not fit comes by NBD; without power a node is lost, after a shutdown off`()
            throws
        {
            let mac = "52:54:00:00:00:7b"
            let root = try TinyRoot("\(BootLab.directory)/filled")
            let mebibytes = 48
            try root.add(mebibytes: mebibytes, to: "srv/filler")
            try lab.importImage("filled", root.path)
            root.remove()
            try lab.roost("node", "add", "memory", "--mac", mac)
            // The image says how its root comes, and its version what is set in it.
            try lab.roost("set", "--node", "memory", "image=filled@1")
            try lab.roost("image", "set", "filled", "root-mode=ram")
            try lab.roost("image", "set", "filled@1", "sysctl=net.ipv4.ip_forward=1")
            #expect(try lab.roost("get", "memory", "root-mode", "--origin").contains("image filled"))
            #expect(try lab.roost("get", "memory", "sysctl", "--origin").contains("image filled@1"))
            try lab.bootDirectly("memory", mac: mac, expecting: ["loading the root: ", BootLab.handover])
            defer { _ = try? lab.powerOff("memory") }
            try lab.waitForStage("ready", of: "memory")
            let address = try lab.address(of: "memory")
            #expect(try lab.ssh(address, "grep ' /run/roost/lower ' /proc/mounts").hasPrefix("/dev/loop"))
            #expect(try lab.ssh(address, "cat /sys/block/nbd0/size") == "0")
            #expect(try lab.ssh(address, "cat /proc/sys/net/ipv4/ip_forward") == "1")
            func detail() throws -> String {
                let node = try lab.json("node", "show", "memory") as? [String: Any]
                let boots = node?["boots"] as? [[String: Any]]
                let entries = boots?.first?["entries"] as? [[String: Any]]
                return entries?.first { $0["stage"] as? String == "root" }?["detail"] as? String ?? ""
            }
            #expect(try detail().hasPrefix("ram filled@"))
            // With the server away and its own cache dropped, the node reads blocks that it never read before.
            try lab.killServer()
            #expect(
                try lab.ssh(address, "echo 3 >/proc/sys/vm/drop_caches; cat /srv/filler | wc -c")
                    == String(mebibytes << 20))
            try lab.startServer()
            #expect(try lab.state(of: "memory") == "ready")
            // It asked for orders only from the server before: this one has that from the store.
            try lab.powerOff("memory")
            try lab.waitUntil("it is lost", seconds: 75) { try lab.state(of: "memory") == "lost" }
            #expect(try lab.roost("node", "list", "state=lost").contains("memory"))
            #expect(throws: CommandFailed.self) { try lab.roost("node", "restart", "memory") }
            try lab.bootDirectly(
                "memory", mac: mac, ["--mem", "192"],
                expecting: ["root mode ram: the root has .* using nbd instead", BootLab.handover])
            try lab.waitForStage("handover", of: "memory")
            #expect(try detail().contains("instead of ram"))
            try lab.waitForStage("ready", of: "memory")
            let next = try lab.address(of: "memory")
            try lab.ssh(next, "(sleep 1; poweroff) >/dev/null 2>&1 &")
            try lab.waitUntil("it is off", seconds: 15) { try lab.state(of: "memory") == "off" }
        }

        @Test func `logs of the kernel and the system are on the server, and a crash is kept`() throws {
            let mac = "52:54:00:00:00:78"
            try lab.roost("node", "add", "talker", "--mac", mac)
            try lab.roost("set", "--node", "talker", "netconsole=yes")
            try lab.bootDirectly("talker", mac: mac)
            defer { _ = try? lab.powerOff("talker") }
            try lab.waitForStage("ready", of: "talker")
            let address = try lab.address(of: "talker")
            // Syslog from the system, netconsole from the kernel.
            try lab.ssh(
                address,
                "syslogd -R 10.77.0.1:514; until [ -S /dev/log ]; do sleep 0.1; done; logger -p user.notice -t 'cron[5]' 'by syslog'"
            )
            try lab.ssh(address, "echo '<2>by the kernel' >/dev/kmsg")
            func log() throws -> [String: Any] {
                try #require(try lab.json("node", "log", "talker") as? [String: Any])
            }
            func has(_ text: String) throws -> Bool {
                (try log()["lines"] as? [String])?.contains { $0.contains(text) } == true
            }
            try lab.waitUntil("syslog has arrived", seconds: 20) { try has("notice cron[5]: by syslog") }
            try lab.waitUntil("netconsole has arrived", seconds: 20) { try has("by the kernel") }
            // The machine dies of it: a command over SSH gets no answer.
            _ = try? lab.ssh(
                address, "(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 & exit 0", timeout: 10)
            try lab.waitUntil("the crash is kept", seconds: 60) {
                let crashes = try log()["crashes"] as? [[String: Any]]
                return (crashes?.first?["text"] as? String)?.contains("sysrq triggered crash") == true
            }
        }

        @Test
        func
            `publishing does not affect a running node, the next boot uses the new version, and the server may be killed meanwhile`()
            throws
        {
            let mac = "52:54:00:00:00:02"
            try lab.roost("node", "add", "pc-2", "--mac", mac)
            let usual = try secondsToBoot(mac)
            let address = try lab.address(of: "pc-2")
            let sum = "echo 3 >/proc/sys/vm/drop_caches; cat /boot/* /usr/bin/busybox | md5sum"
            let before = try lab.ssh(address, sum)
            let identity = try lab.ssh(address, "cat /etc/machine-id")
            #expect(identity.count == 32)
            try publishSecondVersion()
            #expect(try lab.ssh(address, sum) == before)
            #expect(try lab.ssh(address, "test -e /etc/second-version || echo first") == "first")
            // The root is away for some seconds: reads wait, and get the same bytes.
            try lab.killServer()
            let reading = Thread.result { try self.lab.ssh(address, sum, timeout: 120) }
            try lab.waitUntil("the reading has begun", seconds: 20) {
                try BootLab.lab("exec", "ss", "-Htn", "state", "established", "dst", "\(address):22")
                    .contains(":22")
            }
            // From here on it has few descriptors, and even fewer that strangers can take.
            try lab.startServer(descriptors: 4_096)
            #expect(try reading.value() == before)
            try lab.powerOff("pc2")
            let flood = try Flood()
            try lab.waitUntil("the flood has come", seconds: 30) {
                lab.log("roost").contains("\(Flood.address) was limited: nbd")
            }
            let flooded = try secondsToBoot(mac)
            try checkLimits(usual: usual, flooded: flooded)
            flood.end()
            #expect(try lab.ssh(address, "cat /etc/second-version /etc/machine-id") == "2\n\(identity)")
            try lab.powerOff("pc2")
            try lab.roost("image", "rollback", "tiny")
        }

        /// Seconds until pc-2, which was just powered on, is ready.
        private func secondsToBoot(_ mac: String) throws -> Double {
            let start = Date()
            try lab.bootDirectly("pc2", mac: mac)
            try lab.waitForStage("ready", of: "pc-2")
            return Date().timeIntervalSince(start)
        }

        /// While one host requests everything, a machine boots within twice its usual time, and the log names the limited host.
        private func checkLimits(usual: Double, flooded: Double) throws {
            print("boot: \(usual) s as usual, \(flooded) s in a flood")
            // More than twice only by what other suites may take meanwhile.
            #expect(flooded < 2 * usual + Double(Pace.seconds(5)))
            let (log, one) = (lab.log("roost"), "\(Flood.address) was limited")
            for limit in [
                "\(one): nbd: at most 128 connections per address",
                "\(one): http: at most 128 connections per address",
                "was limited: http: at most 1000 requests a second per address",
                "\(one): tftp: at most 32 transfers per address",
                "\(one): center: at most 128 connections per address",
                "was limited: nbd: at most 583 connections of all addresses without a lease together",
            ] {
                #expect(log.contains(limit), "\(limit)")
            }
            #expect(
                log.contains("\(Flood.machines)")
                    && log.contains("was limited: dhcp: at most 10 messages a second"))
            #expect(try lab.roost("status").contains("limited now: \(Flood.address) (nbd: at most 128"))
            try BootLab.requireDocumented("status", "Status")
            try BootLab.requireDocumented("figures", "Figures")
            let metrics = try BootLab.run(
                "curl", ["-sf", "--unix-socket", BootLab.socket, "http://roost/metrics"])
            for plane in ["dhcp", "tftp", "http", "nbd", "center"] {
                let count = metrics.firstMatch(
                    of: try Regex("roost_limited_total\\{plane=\"\(plane)\"\\} ([0-9]+)"))
                #expect(Int(count?.output[1].substring ?? "0") ?? 0 > 0, "\(plane)")
            }
            try checkWithoutDescriptors()
        }

        /// The system itself gives the server no more descriptors: it waits until there are some.
        private func checkWithoutDescriptors() throws {
            let server = try lab.serverProcess()
            func limit(_ count: Int) throws {
                // As the server's user: changing another user's limits takes a capability that root does not have on every machine.
                let user = try BootLab.run("stat", ["-c", "--reuid=%u --regid=%g", "/proc/\(server)/task"])
                try BootLab.run(
                    "setpriv",
                    user.split(whereSeparator: \.isWhitespace).map(String.init) + [
                        "--clear-groups", "prlimit", "--pid", String(server), "--nofile=\(count):4096",
                    ])
            }
            /// Ticks of processor time, hundredths of a second.
            func spent() throws -> Int {
                let words =
                    try String(contentsOfFile: "/proc/\(server)/stat", encoding: .utf8)
                    .split(separator: ") ").last?.split(separator: " ") ?? []
                return words[11...12].compactMap { Int($0) }.reduce(0, +)
            }
            try limit(8)
            let health = Thread.result {
                try BootLab.lab("exec", "curl", "-sf", "-m", "60", "http://10.77.0.1/health")
            }
            try lab.waitUntil("the server says so", seconds: 20) {
                lab.log("roost").contains("no connection can be taken at this moment")
            }
            // What came before may still be worked on.
            try lab.waitUntil("it waits without work", seconds: 10) {
                let before = try spent()
                sleep(1)
                return try spent() - before < 90
            }
            try limit(4_096)
            #expect(try health.value() == "ok\n")
        }

        private func publishSecondVersion() throws {
            let root = try TinyRoot("\(BootLab.directory)/second")
            defer { root.remove() }
            try root.write("2\n", to: "etc/second-version")
            try lab.importImage("tiny", root.path)
            try lab.roost("image", "promote", "tiny@2")
        }

        @Test
        func
            `a boot stops at the requested step; a failing step gives its reason, reports itself, and follows the setting`()
            throws
        {
            let mac = "52:54:00:00:00:07"
            try lab.roost("node", "add", "pc-7", "--mac", mac)
            func set(_ words: String, onFailure: String) throws {
                try lab.roost(
                    "set", "--node", "pc-7", "kernel-arguments=mitigations=off \(words)",
                    "on-failure=\(onFailure)")
            }
            try set("roost.break=root", onFailure: "retry")
            try lab.bootDirectly(
                "pc7", mac: mac, ["--expect", "stopped before 30-root", "--expect", "# ", "--send", "exit"],
                expecting: [BootLab.handover])
            try lab.powerOff("pc7")
            // The server refuses such a word: people can type it at a loader all the same.
            let nonsense = ["--words", "roost.overlay=nonsense"]
            try set("", onFailure: "shell")
            try lab.bootDirectly(
                "pc7", mac: mac,
                nonsense + [
                    "--expect", "BOOT FAILED at step 30-root: .*mount", "--expect", "this is a shell",
                    "--expect", "# ", "--send", "exit",
                ], expecting: ["BOOT FAILED at step 30-root"])
            #expect(try lab.stages("pc-7").contains("failed"))
            #expect(try lab.roost("node", "show", "pc-7").contains("step 30-root: "))
            try lab.powerOff("pc7")
            try set("", onFailure: "reboot")
            try lab.bootDirectly(
                "pc7", mac: mac, nonsense,
                expecting: ["BOOT FAILED", "restarting in 10 seconds", "reboot: Restarting system"])
            try lab.powerOff("pc7")
        }

        @Test func `a node whose kernel is told to use DHCP does so, and its lease is kept`() throws {
            let mac = "52:54:00:00:00:08"
            try lab.roost("node", "add", "pc-8", "--mac", mac)
            try lab.roost(
                "set", "--node", "pc-8",
                "kernel-arguments=mitigations=off ip=dhcp roost.break=handover")
            try lab.bootDirectly(
                "pc8", mac: mac,
                [
                    "--expect", "stopped before 50-handover", "--expect", "# ", "--send",
                    "cat /run/roost/lease; exit",
                ],
                expecting: ["10.77.0.[0-9]+ 10.77.0.1 [0-9]+", BootLab.handover])
            #expect(try lab.roost("node", "show", "pc-8").contains(" by DHCP"))
            try lab.powerOff("pc8")
        }
    }
}
