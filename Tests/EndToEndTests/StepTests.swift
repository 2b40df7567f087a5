import Foundation
import Testing

extension EndToEnd.Machines {
    /// The steps of a node's configuration, carried out by a booting node with busybox as init.
    @Suite struct StepTests {
        private let lab: BootLab
        private let mac = "52:54:00:00:00:5e"

        init() throws { lab = try BootLab.shared.get() }

        @Test
        func `steps run in their phases and report how they ended, and one that fails can stop the boot`()
            throws
        {
            try lab.roost("node", "add", "stepper", "--mac", mac)
            try lab.roost(
                "set", "--node", "stepper",
                "commands=10-first=before-init -- echo first >/etc/first,"
                    + "20-fails=late retry=1 -- echo a reason; exit 7,"
                    + "30-early=init stop -- mount -a && cat /etc/first >/run/early,"
                    + "40-late=late 9s -- cat /run/early >/run/late,"
                    + "50-slow=late 1s -- sleep 60,90-end=shutdown -- true",
                "mounts=/mnt/scratch=tmpfs tmpfs size=1m,mode=0700", "modules=zram=load",
                "sysctl=net.ipv4.ip_forward=1", "groups=staff=1500",
                "users=ann=uid=1000 groups=staff home=/home/ann name=Ann", "dns-search=lab.example",
                "dns=10.77.0.1")
            try lab.bootDirectly("stepper", mac: mac)
            defer { _ = try? lab.powerOff("stepper") }
            try lab.waitForStage("ready", of: "stepper")
            try lab.waitUntil("its last steps are over", seconds: 60) {
                try lab.outcomes(of: "stepper")["command 50-slow"] != nil
            }
            try checkResults()
            let address = try lab.address(of: "stepper")
            let seen = try lab.ssh(
                address,
                """
                cat /run/late /proc/sys/net/ipv4/ip_forward
                awk '$2 == "/mnt/scratch" { print $3 }' /proc/mounts
                id -u ann; grep '^staff:' /etc/group; stat -c '%a %U' /home/ann
                head -n 1 /etc/resolv.conf
                ls -d /sys/module/zram; stat -c %a /run/roost/steps
                """)
            #expect(
                seen == """
                    first
                    1
                    tmpfs
                    1000
                    staff:x:1500:ann
                    700 ann
                    search lab.example
                    /sys/module/zram
                    700
                    """)
            try applyChanges(address)
            // Its init carries out the last step before it goes.
            _ = try? lab.ssh(address, "poweroff", timeout: 20)
            try lab.waitUntil("it has said good-bye", seconds: 60) {
                try lab.outcomes(of: "stepper")["command 90-end"] == "done"
            }
            try lab.powerOff("stepper")

            try lab.roost("set", "--node", "stepper", "commands+=15-stop=before-init stop -- echo no; exit 9")
            try lab.bootDirectly(
                "stepper", mac: mac,
                expecting: [
                    "BOOT FAILED at step 40-configuration: .*command 15-stop: it ended with status 9"
                ])
            try lab.waitUntil("the step is known", seconds: 30) {
                try lab.outcomes(of: "stepper")["command 15-stop"] == "failed"
            }
            #expect(try lab.outcomes(of: "stepper")["command 10-first"] == "done")
        }

        @Test func `an image with OpenRC carries out commands and files of all phases`() throws {
            let name = "openrc"
            let root = try TinyRoot("\(BootLab.directory)/openrc")
            defer { root.remove() }
            try BootLab.run("\(BootLab.repository)/Lab/openrc.sh", [root.path])
            try lab.importImage(name, root.path)
            try lab.roost("node", "add", name, "--mac", "52:54:00:00:00:5f")
            try lab.roost(
                "set", "--node", name, "image=openrc", "files=/etc/motd=from the server",
                "sysctl=net.ipv4.ip_forward=1",
                "commands=10-first=before-init -- echo first >/etc/first,"
                    + "20-early=init -- cat /etc/first >/run/early,30-late=-- cat /run/early >/run/late,"
                    + "90-end=shutdown -- true")
            try lab.bootDirectly(name, mac: "52:54:00:00:00:5f")
            defer { _ = try? lab.powerOff(name) }
            try lab.waitForStage("ready", of: name)
            try lab.waitUntil("its last step is over", seconds: 60) {
                try lab.outcomes(of: name)["command 30-late"] != nil
            }
            let outcomes = try lab.outcomes(of: name)
            for step in [
                "files", "command 10-first", "command 20-early", "sysctl values", "command 30-late",
            ] {
                #expect(outcomes[step] == "done", "\(step): \(outcomes[step] ?? "not reported")")
            }
            let address = try lab.address(of: name)
            let seen = try lab.ssh(address, "cat /run/late /proc/sys/net/ipv4/ip_forward /etc/motd")
            #expect(seen == "first\n1\nfrom the server")
            let started = try lab.ssh(address, "rc-status -a")
            #expect(started.contains("roost-steps-init") && started.contains("roost-steps-late"))
            _ = try? lab.ssh(address, "poweroff", timeout: 20)
            try lab.waitUntil("it has said good-bye", seconds: 60) {
                try lab.outcomes(of: name)["command 90-end"] == "done"
            }
        }

        /// Changes settings of the running node, and has it carry out what is safe.
        private func applyChanges(_ address: String) throws {
            try lab.roost(
                "set", "--node", "stepper", "sysctl=net.ipv4.ip_forward=0",
                "mounts+=/mnt/more=tmpfs tmpfs size=1m", "commands+=45-now=-- echo applied >/run/applied",
                "keymap=de")
            // It asks for orders every ten seconds.
            var shown = ""
            try lab.waitUntil("it has asked for orders", seconds: 30) {
                shown = (try? lab.roost("node", "apply", "stepper", "--dry-run")) ?? ""
                return !shown.isEmpty
            }
            #expect(shown.contains("at the next start") && shown.contains("command 45-now"))
            #expect(try lab.outcomes(of: "stepper")["command 45-now"] == nil)
            try BootLab.requireDocumented("nodes/stepper/apply", "StepChanges")
            try lab.roost("node", "apply", "stepper")
            try lab.waitUntil("it has carried out what changed", seconds: 60) {
                let outcomes = try lab.outcomes(of: "stepper")
                return outcomes["command 45-now"] == "done" && outcomes["mount /mnt/more"] == "done"
            }
            let seen = try lab.ssh(
                address,
                """
                cat /run/applied /proc/sys/net/ipv4/ip_forward
                awk '$2 == "/mnt/more" { print $3 }' /proc/mounts
                stat -c '%a %U' /run/roost/run-key
                """)
            #expect(seen == "applied\n0\ntmpfs\n600 root")
            // What the start told stays, and what waits is still shown.
            #expect(try lab.outcomes(of: "stepper")["command 40-late"] == "done")
            let left = try lab.roost("node", "apply", "stepper", "--dry-run")
            #expect(left.contains("keymap") && !left.contains("command 45-now"))
        }

        private func checkResults() throws {
            let outcomes = try lab.outcomes(of: "stepper")
            for name in [
                "host name", "hosts", "dns", "ssh host key", "time zone", "idle services", "groups", "users",
                "sysctl",
                "mounts",
                "command 10-first", "command 30-early", "module zram", "sysctl values", "command 40-late",
                "mount /mnt/scratch",
            ] {
                #expect(outcomes[name] == "done", "\(name): \(outcomes[name] ?? "not reported")")
            }
            #expect(outcomes["command 20-fails"] == "failed")
            #expect(outcomes["command 50-slow"] == "timed-out")
            // It has not been shut down yet.
            #expect(outcomes["command 90-end"] == nil)
            let text = try lab.roost("node", "steps", "stepper")
            #expect(text.contains("it ended with status 7\n  a reason\n"))
            #expect(text.contains("failed (2 attempts)"))
            #expect(text.contains("It comes from the setting commands (node stepper)"))
            try BootLab.requireDocumented("nodes/stepper/steps", "Steps")
            let figures = try BootLab.run(
                "curl", ["-sf", "--unix-socket", BootLab.socket, "http://roost/api/v1/figures"])
            #expect(figures.contains("step ‘command 20-fails’ failed: it ended with status 7, and 1 more"))
        }
    }
}

extension BootLab {
    /// How the steps of a node's last boot ended, by name; those that were not reported are left out.
    func outcomes(of node: String) throws -> [String: String] {
        let answer = try json("node", "steps", node) as? [String: Any]
        var outcomes: [String: String] = [:]
        for step in answer?["steps"] as? [[String: Any]] ?? [] {
            if let name = step["name"] as? String { outcomes[name] = step["outcome"] as? String }
        }
        return outcomes
    }

    /// The names of steps that failed in a node's last boot.
    func failedSteps(of node: String) throws -> [String] {
        try outcomes(of: node).filter { $0.value != "done" }.map(\.key).sorted()
    }
}
