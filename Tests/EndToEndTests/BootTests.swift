import Foundation
import Testing

extension EndToEnd {
    /// Real firmware, a real loader, a real kernel: machines in QEMU that have nothing but a network card.
    @Suite struct BootTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        /// What the console shows when the image's own init starts.
        private static let handover = "roost: starting /sbin/init"
        /// edk2's own network driver and PXE instead of iPXE in the card's ROM: what real UEFI machines look like.
        private static let ownPXE = ["--firmware", "uefi", "--rom", "none"]

        @Test func `a BIOS machine boots by iPXE from NBD, is configured and ready, and boots alike again`()
            throws
        {
            let mac = "52:54:00:00:00:01"
            try lab.roost("group", "add", "/school")
            try lab.roost("node", "add", "pc-1", "--mac", mac, "--group", "/school")
            try lab.roost(
                "set", "--group", "/school", "time-zone=Europe/Lisbon",
                "files=/etc/motd=welcome to room 12,/opt/tool:755=#!/bin/sh")
            try lab.roost(
                "set", "--node", "pc-1",
                "root-password-hash=$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g."
            )
            try lab.boot("pc1", mac: mac, expecting: [Self.handover])
            try lab.waitForStage("ready", of: "pc-1")
            let stages = try lab.stages("pc-1")
            #expect(
                stages == [
                    "dhcp", "script", "kernel", "initramfs", "init", "network", "root", "configured",
                    "handover", "ready",
                ])
            let address = try lab.address(of: "pc-1")
            #expect(try lab.ssh(address, "hostname") == "pc-1")
            #expect(
                try lab.ssh(address, "stat -f -c %T /; cat /sys/block/nbd0/size").hasPrefix("overlayfs\n"))
            #expect(
                try lab.ssh(address, "cat /etc/motd; stat -c %a /opt/tool; readlink /etc/localtime")
                    == "welcome to room 12\n755\n/usr/share/zoneinfo/Europe/Lisbon")
            #expect(
                try lab.ssh(address, "grep -c '^root:.6.salt.' /etc/shadow; stat -c '%a %G' /etc/shadow")
                    == "1\n640 shadow")
            #expect(try lab.ssh(address, "grep pc-1 /etc/hosts").contains("127.0.1.1 pc-1"))
            let identity = try lab.ssh(address, "cat /etc/machine-id")
            #expect(identity.count == 32)
            // The running system has told what the initramfs could not see.
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
            // Not a «first boot», in which systemd enables whatever there is.
            #expect(try lab.ssh(address, "systemctl is-enabled systemd-networkd || true") == "disabled")
            try lab.powerOff("pc1")
            try lab.boot("pc1", mac: mac, expecting: [Self.handover])
            try lab.waitForStage("ready", of: "pc-1")
            #expect(try lab.address(of: "pc-1") == address)
            #expect(try lab.ssh(address, "cat /etc/machine-id") == identity)
            try lab.roost("node", "restart", "pc-1")
            try lab.waitUntil("it restarts", seconds: 60) {
                lab.console("pc1").contains("reboot: Restarting system")
            }
            #expect(throws: (any Error).self) { try lab.roost("node", "restart", "nobody") }
            try lab.powerOff("pc1")
        }

        @Test func `a machine that waits on its screen is approved on its page and boots`() throws {
            let mac = "52:54:00:00:00:77"
            try lab.addAdministrator()
            try lab.roost("set", "enrolment=quarantine")
            defer { _ = try? lab.roost("set", "--unset", "enrolment") }
            try lab.boot(
                "waiting", mac: mac,
                expecting: [
                    "waits for approval", "Code: ", "https://10.77.0.1:8443/machines", "Memory: 1024 MiB",
                ])
            defer { _ = try? lab.powerOff("waiting") }
            let browser = try Browser(inLab: true)
            defer { browser.quit() }
            try browser.logIn(to: "https://10.77.0.1:8443/machines")
            try browser.waitFor(mac)
            // The code on the page is the one on the screen.
            let code = try #require(lab.console("waiting").firstMatch(of: /Code: ([A-Z2-9]{4})/)?.1)
            #expect(browser.text.contains(code))
            try browser.screenshot("machines-waiting")
            let form = "form[action='/machines/\(mac)/approve']"
            try browser.type("lab-7", into: "\(form) input[name=name]")
            try browser.click("\(form) button")
            try browser.waitFor("Saved as revision")
            try lab.waitForStage("ready", of: "lab-7")
            // The page of the node follows without being loaded again.
            try browser.open("https://10.77.0.1:8443/nodes/lab-7")
            try browser.waitFor("handover")
            try browser.screenshot("node-booted")
            #expect(try lab.ssh(lab.address(of: "lab-7"), "hostname") == "lab-7")
            try browser.open("https://10.77.0.1:8443/wizard")
            try browser.waitFor("It is ready:")
            try browser.screenshot("wizard")
            #expect(try browser.axeFindings() == [])
        }

        @Test func `a root in memory needs no server any more, and one that does not fit comes by NBD`()
            throws
        {
            let mac = "52:54:00:00:00:7b"
            try lab.roost("node", "add", "memory", "--mac", mac)
            try lab.roost("set", "--node", "memory", "root-mode=ram")
            try lab.boot("memory", mac: mac, expecting: ["loading the root: ", Self.handover])
            defer { _ = try? lab.powerOff("memory") }
            try lab.waitForStage("ready", of: "memory")
            let address = try lab.address(of: "memory")
            #expect(try lab.ssh(address, "grep ' /run/roost/lower ' /proc/mounts").hasPrefix("/dev/loop"))
            #expect(try lab.ssh(address, "cat /sys/block/nbd0/size") == "0")
            func detail() throws -> String {
                let node = try lab.json("node", "show", "memory") as? [String: Any]
                let boots = node?["boots"] as? [[String: Any]]
                let entries = boots?.first?["entries"] as? [[String: Any]]
                return entries?.first { $0["stage"] as? String == "root" }?["detail"] as? String ?? ""
            }
            #expect(try detail().hasPrefix("ram debian@"))
            // With the server away and its own cache dropped, the node reads what it has never read.
            try lab.killServer()
            #expect(
                try lab.ssh(
                    address, "echo 3 >/proc/sys/vm/drop_caches; find /usr/share -type f | xargs cat | wc -c"
                )
                .isEmpty == false)
            try lab.startServer()
            try lab.powerOff("memory")
            try lab.boot(
                "memory", mac: mac, ["--mem", "300"],
                expecting: ["root mode ram: the root has .* going on by nbd", Self.handover])
            try lab.waitForStage("handover", of: "memory")
            #expect(try detail().contains("instead of ram"))
        }

        @Test func `a machine that waits behind Secure Boot shows the same`() throws {
            try lab.roost("set", "enrolment=quarantine")
            defer { _ = try? lab.roost("set", "--unset", "enrolment") }
            try lab.boot(
                "waiting", mac: "52:54:00:00:00:a7", ["--firmware", "uefi-sb", "--rom", "none"],
                expecting: ["waits for approval", "Code: ", "Memory: 1024 MiB", "Asking again"])
            try lab.powerOff("waiting")
            #expect(!lab.console("waiting").contains("error: "))
        }

        @Test func `a machine that waits is named and approved on its own screen`() throws {
            try lab.roost("group", "add", "/bench")
            try lab.roost("set", "enrolment=quarantine", "registration-pin=4711")
            defer { _ = try? lab.roost("set", "--unset", "enrolment", "--unset", "registration-pin") }
            // Without the PIN it is a wish, which the page has filled in.
            let wish = "http://10.77.0.1/node/52-54-00-00-00-7a/register?name=wished&group=/bench&pin=0000"
            #expect(try BootLab.lab("exec", "curl", "-s", wish).contains("noted"))
            #expect(!(try lab.roost("node", "list")).contains("wished"))
            for (query, answer) in [
                ("name=a%20b&group=/", "letters, digits"), ("name=x&group=/nowhere", "no such group"),
                ("name=x%0Aecho&group=/", "letters, digits"),
            ] {
                let path = "http://10.77.0.1/node/52-54-00-00-00-7a/register?\(query)"
                #expect(try BootLab.lab("exec", "curl", "-s", path).contains(answer))
            }
            try lab.boot(
                "typed", mac: "52:54:00:00:00:79",
                [
                    "--expect", "Press n to name it", "--key", "n", "--expect", "Name, then Enter", "--send",
                    "bench-1", "--expect", "Group, such as", "--send", "/bench", "--expect", "PIN", "--send",
                    "4711",
                ], expecting: ["Roost: noted", Self.handover])
            defer { _ = try? lab.powerOff("typed") }
            try lab.waitForStage("ready", of: "bench-1")
            #expect(try lab.ssh(lab.address(of: "bench-1"), "hostname") == "bench-1")
            let node = try lab.json("node", "show", "bench-1") as? [String: Any]
            #expect((node?["node"] as? [String: Any])?["group"] as? String == "/bench")
            // The server sees what its root does.
            #expect(((node?["root"] as? [String: Any])?["connections"] as? Int ?? 0) > 0)
            #expect(try lab.roost("history").contains("PIN at the machine"))
        }

        @Test func `what the kernel and the system log is on the server, and a crash is kept`() throws {
            let mac = "52:54:00:00:00:78"
            try lab.roost("node", "add", "talker", "--mac", mac)
            try lab.roost("set", "--node", "talker", "netconsole=yes")
            try lab.boot("talker", mac: mac, expecting: [Self.handover])
            defer { _ = try? lab.powerOff("talker") }
            try lab.waitForStage("ready", of: "talker")
            let address = try lab.address(of: "talker")
            // By syslog from the system, by netconsole from the kernel.
            try lab.ssh(address, "echo '<13>cron[5]: by syslog' >/dev/udp/10.77.0.1/514", timeout: 20)
            try lab.ssh(address, "echo '<2>by the kernel' >/dev/kmsg")
            func log() throws -> [String: Any] {
                try #require(try lab.json("node", "log", "talker") as? [String: Any])
            }
            func has(_ text: String) throws -> Bool {
                (try log()["lines"] as? [String])?.contains { $0.contains(text) } == true
            }
            try lab.waitUntil("syslog has arrived", seconds: 20) { try has("notice cron[5]: by syslog") }
            try lab.waitUntil("netconsole has arrived", seconds: 20) { try has("by the kernel") }
            // The machine dies of it: whoever asks by SSH gets no answer.
            _ = try? lab.ssh(
                address, "(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 & exit 0", timeout: 10)
            try lab.waitUntil("the crash is kept", seconds: 60) {
                let crashes = try log()["crashes"] as? [[String: Any]]
                return (crashes?.first?["text"] as? String)?.contains("sysrq triggered crash") == true
            }
        }

        @Test
        func
            `publishing leaves a running node alone and the next boot takes the new version; the server may be killed meanwhile`()
            throws
        {
            let mac = "52:54:00:00:00:02"
            try lab.roost("node", "add", "pc-2", "--mac", mac)
            try lab.boot("pc2", mac: mac, expecting: [Self.handover])
            try lab.waitForStage("ready", of: "pc-2")
            let address = try lab.address(of: "pc-2")
            let sum = "echo 3 >/proc/sys/vm/drop_caches; cat /usr/bin/* 2>/dev/null | sha256sum"
            let before = try lab.ssh(address, sum)
            try publishSecondVersion()
            #expect(try lab.ssh(address, sum) == before)
            #expect(try lab.ssh(address, "test -e /etc/second-version || echo first") == "first")
            // The root is away for some seconds: whoever reads waits, and gets the same bytes.
            try lab.killServer()
            let reading = Thread.result { try self.lab.ssh(address, sum, timeout: 120) }
            try lab.waitUntil("the reading has begun", seconds: 20) {
                try BootLab.lab("exec", "ss", "-Htn", "state", "established", "dst", "\(address):22")
                    .contains(":22")
            }
            try lab.startServer()
            #expect(try reading.value() == before)
            try lab.powerOff("pc2")
            try lab.boot("pc2", mac: mac, expecting: [Self.handover])
            try lab.waitForStage("ready", of: "pc-2")
            #expect(try lab.ssh(address, "cat /etc/second-version") == "2")
            try lab.powerOff("pc2")
            try lab.roost("image", "rollback", "debian")
        }

        private func publishSecondVersion() throws {
            let root = "\(BootLab.directory)/second"
            let images = try lab.json("image", "list") as? [[String: Any]] ?? []
            let digest = try #require(images.first?["digest"] as? String)
            try BootLab.run(
                "unsquashfs",
                ["-q", "-n", "-d", root, "\(BootLab.stateDirectory)/images/debian/\(digest)/root.squashfs"])
            try Data("2\n".utf8).write(to: URL(fileURLWithPath: "\(root)/etc/second-version"))
            try lab.roost(
                "image", "import", "debian", root, "--state-directory", BootLab.stateDirectory, "--cache",
                BootLab.cache)
            try lab.roost("image", "promote", "debian@2")
            try FileManager.default.removeItem(atPath: root)
        }

        @Test func `an unknown UEFI machine gets the signed chain and the site's image`() throws {
            try lab.boot(
                "pc3", mac: "52:54:00:00:00:03", Self.ownPXE, expecting: ["boots debian@1", Self.handover])
            #expect(
                try lab.stages("n525400000003").starts(with: [
                    "dhcp", "loader", "script", "kernel", "initramfs", "init",
                ]))
            try lab.powerOff("pc3")
        }

        @Test func `a UEFI machine boots by iPXE when its group wants that`() throws {
            try lab.roost("group", "add", "/ipxe")
            try lab.roost("set", "--group", "/ipxe", "loader=ipxe")
            try lab.roost("node", "add", "pc-4", "--mac", "52:54:00:00:00:04", "--group", "/ipxe")
            try lab.boot("pc4", mac: "52:54:00:00:00:04", Self.ownPXE, expecting: ["iPXE", Self.handover])
            try lab.powerOff("pc4")
        }

        @Test func `a UEFI machine boots by HTTP alone`() throws {
            let httpOnly = [
                "--qemu", "-fw_cfg", "--qemu", "name=opt/org.tianocore/IPv4PXESupport,string=n",
                "--qemu", "-fw_cfg", "--qemu", "name=opt/org.tianocore/IPv6PXESupport,string=n",
            ]
            try lab.boot(
                "pc5", mac: "52:54:00:00:00:05", Self.ownPXE + httpOnly, expecting: ["iPXE", Self.handover])
            try lab.powerOff("pc5")
        }

        @Test func `with Secure Boot on a machine boots the signed chain, and its kernel says so`() throws {
            try lab.boot(
                "pc6", mac: "52:54:00:00:00:06", ["--firmware", "uefi-sb", "--rom", "none"],
                expecting: ["[Ss]ecure boot enabled", Self.handover], timeout: 300)
            try lab.powerOff("pc6")
        }

        @Test
        func
            `a boot stops where it is asked to; a step that fails says so, reports itself, and does what was set`()
            throws
        {
            let mac = "52:54:00:00:00:07"
            try lab.roost("node", "add", "pc-7", "--mac", mac)
            func set(_ words: String, onFailure: String) throws {
                try lab.roost(
                    "set", "--node", "pc-7", "kernel-arguments=mitigations=off,\(words)",
                    "on-failure=\(onFailure)")
            }
            try set("roost.break=root", onFailure: "retry")
            try lab.boot(
                "pc7", mac: mac, ["--expect", "stopped before 30-root", "--expect", "# ", "--send", "exit"],
                expecting: [Self.handover])
            try lab.powerOff("pc7")
            try set("roost.overlay=nonsense", onFailure: "shell")
            try lab.boot(
                "pc7", mac: mac,
                [
                    "--expect", "BOOT FAILED at step 30-root: .*mount", "--expect", "this is a shell",
                    "--expect", "# ", "--send", "exit",
                ], expecting: ["BOOT FAILED at step 30-root"])
            #expect(try lab.stages("pc-7").contains("failed"))
            #expect(try lab.roost("node", "show", "pc-7").contains("step 30-root: "))
            try lab.powerOff("pc7")
            try set("roost.overlay=nonsense", onFailure: "reboot")
            try lab.boot(
                "pc7", mac: mac,
                expecting: ["BOOT FAILED", "restarting in 10 seconds", "reboot: Restarting system"])
            try lab.powerOff("pc7")
        }

        @Test func `the laboratory works in a user namespace, without rights over the machine`() throws {
            // The laboratory's own directory is the server's user's, who does not exist in there.
            let directory = NSTemporaryDirectory() + "roost-e2e-alone"
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let script = """
                set -e
                trap "$LAB down" EXIT
                $LAB up
                $LAB serve roost $ROOST serve --interface br0 --state-directory $LAB_DIR/state \
                    --socket $LAB_DIR/api.sock --node-program $NODE_PROGRAM --user root
                until grep -q ' ready: ' $LAB_DIR/log/roost.log; do sleep 0.1; done
                $LAB boot alone --timeout 60 --expect iPXE --expect 'Roost: .*no image'
                """
            try BootLab.run(
                "unshare", ["-Urnm", "bash", "-c", script],
                environment: [
                    "LAB": "\(BootLab.repository)/Lab/lab.sh", "LAB_DIR": directory,
                    "LAB_NS": "-",
                    "ROOST": BootLab.roost, "NODE_PROGRAM": BootLab.nodeProgram,
                ])
        }

        @Test func `a node whose kernel is told to ask by DHCP does so, and its lease is kept`() throws {
            let mac = "52:54:00:00:00:08"
            try lab.roost("node", "add", "pc-8", "--mac", mac)
            try lab.roost(
                "set", "--node", "pc-8",
                "kernel-arguments=mitigations=off,ip=dhcp,roost.break=handover")
            try lab.boot(
                "pc8", mac: mac,
                [
                    "--expect", "stopped before 50-handover", "--expect", "# ", "--send",
                    "cat /run/roost/lease; exit",
                ],
                expecting: ["10.77.0.[0-9]+ 10.77.0.1 [0-9]+", Self.handover])
            #expect(try lab.roost("node", "show", "pc-8").contains(" by DHCP"))
            try lab.powerOff("pc8")
        }
    }
}

extension Thread {
    /// Runs `body` on a thread of its own.
    static func result<T: Sendable>(_ body: @escaping @Sendable () throws -> T) -> Pending<T> {
        let pending = Pending<T>()
        detachNewThread { pending.finish(Result { try body() }) }
        return pending
    }

    final class Pending<T: Sendable>: @unchecked Sendable {
        // Sendable: the condition guards the result.
        private let condition = NSCondition()
        private var result: Result<T, any Error>?

        fileprivate func finish(_ result: Result<T, any Error>) {
            condition.lock()
            self.result = result
            condition.broadcast()
            condition.unlock()
        }

        func value() throws -> T {
            condition.lock()
            defer { condition.unlock() }
            while true {
                if let result { return try result.get() }
                condition.wait()
            }
        }
    }
}
