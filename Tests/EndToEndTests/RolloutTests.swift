import Foundation
import Testing

extension EndToEnd.Machines {
    /// Versions that are broken on purpose, on a real machine without anyone's help.
    @Suite struct RolloutTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        private static let mac = "52:54:00:00:00:7c"

        /// Publishes versions of `trial`: 1 is good, 2 panics, 3 comes up and is never ready, 4 is good again, 5 has no init.
        private func publish() throws {
            let root = try TinyRoot("\(BootLab.directory)/trial")
            defer { root.remove() }
            let inits = [nil, "exit 1", "mount -t proc proc /proc; while :; do sleep 60; done", nil, ""]
            for (index, script) in inits.enumerated() {
                let initPath = "\(root.path)/usr/bin/init"
                try BootLab.run("rm", ["-f", initPath])
                if let script, script != "" {
                    try root.write("#!/bin/sh\n\(script)\n", to: "usr/bin/init")
                    try BootLab.run("chmod", ["755", initPath])
                } else if script == nil {
                    try BootLab.run("ln", ["-s", "busybox", initPath])
                }
                try root.write("\(index + 1)\n", to: "etc/trial-version")
                try lab.importImage("trial", root.path, "--allow", "init")
            }
        }

        /// Waits until a roll-out is in `state`, and returns it.
        @discardableResult
        private func wait(_ id: Int, for state: String, seconds: Int = 300) throws -> [String: Any] {
            var rollout: [String: Any] = [:]
            try lab.waitUntil("roll-out \(id) is \(state)", seconds: seconds) {
                rollout = try lab.json("rollout", "show", String(id)) as? [String: Any] ?? [:]
                return rollout["state"] as? String == state
            }
            return rollout
        }

        private func channel() throws -> Int? {
            let versions = try lab.json("image", "show", "trial@stable") as? [String: Any]
            return versions?["number"] as? Int
        }

        /// Waits until the machine has booted a version by itself.
        private func waitForVersion(_ number: Int) throws {
            try lab.waitUntil("the machine runs trial@\(number)", seconds: 300) {
                guard let address = try? lab.address(of: "canary") else { return false }
                return (try? lab.ssh(address, "cat /etc/trial-version", timeout: 10)) == String(number)
            }
            try lab.waitForStage("ready", of: "canary")
        }

        /// Asks the machine to restart, and waits until its next boot has begun.
        private func restart(_ query: String = "canary") throws {
            func boot() throws -> String? {
                let node = try lab.json("node", "show", "canary") as? [String: Any]
                return (node?["boots"] as? [[String: Any]])?.first?["boot"] as? String
            }
            let last = try boot()
            try lab.roost("node", "restart", "--yes", query)
            try lab.waitUntil("the machine has started again", seconds: 120) { try boot() != last }
        }

        @Test
        func
            `versions that panic or never come up roll back by themselves, a good one continues, and the brake stops a loop`()
            throws
        {
            try publish()
            try lab.roost("group", "add", "/trial")
            try lab.roost("node", "add", "canary", "--mac", Self.mac, "--group", "/trial")
            try lab.roost("node", "add", "other", "--mac", "52:54:00:00:00:7d", "--group", "/trial")
            // The last one counts: twenty seconds are meant for people.
            try lab.roost("set", "--group", "/trial", "image=trial", "kernel-arguments=panic=2")
            defer { _ = try? lab.powerOff("canary") }

            // Booted before it is released: a version that panics is not promoted, with the reason; a good one passes.
            func bootTest(_ words: String...) throws -> String {
                try BootLab.lab(
                    ["exec", "env", "ROOST_SOCKET=\(BootLab.socket)", BootLab.roost] + words
                        + ["--state-directory", BootLab.stateDirectory])
            }
            #expect(throws: (any Error).self) {
                try bootTest("image", "promote", "trial@2", "--boot-test", "--within", "60")
            }
            #expect(try channel() == 1)
            let failed = try lab.roost("image", "boot-test", "trial@2", "--last")
            #expect(failed.contains("failed") && failed.contains("Attempted to kill init"))
            // An interrupted test ends its machine, and proves nothing about the version.
            let interrupted = try Terminal.run(
                [
                    "\(BootLab.repository)/Lab/lab.sh", "exec", "env", "ROOST_SOCKET=\(BootLab.socket)",
                    BootLab.roost, "image", "boot-test", "trial@1", "--state-directory",
                    BootLab.stateDirectory,
                ], environment: ["LAB_DIR": BootLab.directory, "LAB_NS": BootLab.namespace],
                [("  init", Terminal.interrupt), ("interrupted", "")])
            #expect(!interrupted.contains("passed"))
            try lab.waitUntil("its machine has ended", seconds: 20) {
                try lab.processes(of: "qemu-system").isEmpty
            }
            #expect(try !lab.roost("node", "list").contains("n02526f"))
            #expect(throws: (any Error).self) { try lab.roost("image", "boot-test", "trial@1", "--last") }
            let passed = try bootTest("image", "boot-test", "trial@1")
            #expect(passed.contains("trial@1 passed") && passed.contains("handover"))
            #expect(try !lab.roost("node", "list").contains("n02526f"))
            try BootLab.requireDocumented("images/trial/versions/1/boot-test", "BootTest")

            // A kernel panic.
            try lab.roost("node", "move", "other", "/")
            let began = try lab.roost(
                "image", "promote", "trial@2", "--canary", "/trial", "--success", "ready within 3m", "--for",
                "1h")
            #expect(began.contains("roll-out 1: 1 node to try trial@2"))
            try BootLab.requireDocumented("rollouts", "Rollout")
            try BootLab.requireDocumented("rollouts/1", "Rollout")
            #expect(throws: (any Error).self) { try lab.roost("image", "promote", "trial@3") }
            #expect(throws: (any Error).self) { try lab.roost("image", "rm", "trial@2") }
            #expect(
                try lab.roost("node", "explain", "canary").contains("canary of roll-out 1"))
            try lab.bootDirectly(
                "canary", mac: Self.mac, ["--reboots"],
                expecting: ["boots trial@2", "Attempted to kill init"])
            try waitForVersion(1)
            let panicked = try wait(1, for: "failed")
            #expect((panicked["reason"] as? String)?.hasPrefix("canary: it restarted before") == true)
            #expect(try channel() == 1)

            // It comes up, but never reports ready; the page starts the trial.
            try lab.addAdministrator()
            let browser = try Browser(inLab: true)
            defer { browser.quit() }
            try browser.logIn(to: "https://10.77.0.1:8443/images/trial/trial?version=3")
            try browser.waitFor("New roll-out")
            try browser.type("/trial", into: "#share")
            try browser.type("45", into: "#ready")
            try browser.press("Begin")
            try browser.waitFor("Roll-out 2: trial@3")
            try restart()
            try waitForVersion(1)
            try wait(2, for: "failed")
            try browser.waitFor("not ready within 45 s")
            try browser.screenshot("rollout-failed")
            #expect(try browser.axeFindings() == [])
            #expect(try channel() == 1)

            // A good one that is aborted: the canary keeps it until its next boot, which uses the good version.
            try lab.roost("image", "promote", "trial@4", "--canary", "/trial", "--for", "1h")
            try restart()
            try waitForVersion(4)
            try browser.open("https://10.77.0.1:8443/rollouts/3")
            try browser.waitFor("running")
            try browser.press("Abort")
            try browser.waitFor("aborted")
            try wait(3, for: "aborted")
            #expect(throws: (any Error).self) { try lab.roost("rollout", "resume", "3") }
            #expect(try channel() == 1)
            let next = try lab.roost("node", "explain", "canary")
            #expect(next.contains("trial@1") && !next.contains("canary of roll-out 3"))
            #expect(
                try lab.roost("node", "list", "outdated=yes", "booted=trial@4").contains("trial@4 → trial@1"))
            #expect(try lab.roost("node", "show", "canary").contains("trial@4; trial@1 at its next boot"))
            try browser.open("https://10.77.0.1:8443/nodes?q=outdated%3Dyes")
            try browser.waitFor("trial@4 → trial@1")
            try lab.roost("image", "promote", "trial@4", "--canary", "/trial")
            try lab.roost("rollout", "abort", "4")
            try wait(4, for: "aborted")
            try BootLab.requireDocumented("nodes/canary", "NodeDetail")

            // A good one continues to all nodes by itself.
            try lab.roost("image", "promote", "trial@4", "--canary", "100%", "--for", "5s")
            try lab.roost("rollout", "pause", "5")
            #expect(try !lab.roost("node", "explain", "canary").contains("canary of roll-out 5"))
            try lab.roost("rollout", "resume", "5")
            try restart()
            try waitForVersion(4)
            let succeeded = try wait(5, for: "succeeded")
            #expect(succeeded["reason"] as? String == "1 of 1 canaries became ready")
            #expect(try channel() == 4)
            #expect(try lab.roost("node", "list", "outdated=no").contains("canary"))
            #expect(
                try lab.roost("history").contains(
                    "roll-out 5 of trial@4 to stable succeeded: 1 of 1 canaries became ready"))

            // No init at all.
            try lab.roost("image", "promote", "trial@5", "--canary", "/trial")
            try restart("outdated=yes")
            let lacking = try wait(6, for: "failed")
            #expect(
                (lacking["reason"] as? String)?.contains("the image has no /sbin/init") == true, "\(lacking)")
            try waitForVersion(4)
            #expect(try channel() == 4)

            // Without a trial, one failed boot is allowed here: the next one uses the rescue image, and nothing persistent.
            try lab.roost(
                "set", "--node", "canary", "image=trial@2", "rescue-image=trial@1", "boot-brake=1",
                "root-mode=persistent", "volume-size=256M")
            try restart()
            try waitForVersion(1)
            let layers = try lab.ssh(lab.address(of: "canary"), "grep ' / overlay' /proc/mounts")
            #expect(layers.contains("upperdir=/run/roost/overlay"))
            #expect(try lab.roost("node", "list", "state=held").contains("held, ready"))
            #expect(try lab.roost("node", "show", "canary").contains("held after 1 failed boots"))
            try browser.open("https://10.77.0.1:8443/nodes?q=state%3Dheld")
            try browser.waitFor("held")
            try browser.waitFor("canary")
            try browser.open("https://10.77.0.1:8443/nodes/canary")
            try browser.waitFor("Held after 1 failed boots")
            #expect(
                try lab.roost("node", "explain", "canary").contains("rescue image"))
            try browser.press("Let it try again")
            try browser.waitFor("Last boot")
            #expect(try !lab.roost("node", "explain", "canary").contains("rescue image"))
        }
    }
}
