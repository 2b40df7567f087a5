import Foundation
import Testing

extension EndToEnd.Machines {
    /// Versions that the server's own host boots before their release, on request from a page or a program.
    @Suite struct ServerBootTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        private func channels(of reference: String) throws -> [String] {
            let version = try lab.json("image", "show", reference) as? [String: Any]
            return version?["channels"] as? [String] ?? []
        }

        /// Directories of machines that boot tests have started; interrupted runs may have left some.
        private func machineFiles() throws -> Set<String> {
            let names = try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory())
            return Set(
                names.filter {
                    FileManager.default.fileExists(atPath: NSTemporaryDirectory() + $0 + "/initramfs")
                })
        }

        @Test func `a version is booted from its page, and promoted only once it is ready`() throws {
            let before = try machineFiles()
            try lab.addAdministrator()
            let browser = try Browser(inLab: true)
            defer { browser.quit() }
            try browser.logIn(to: "https://10.77.0.1:8443/images")
            try browser.click("[popovertarget=actions-tiny-1]")
            try browser.type("tested", into: "#channel-tiny-1")
            try browser.click("form:has(#channel-tiny-1) button[value=first]")
            try browser.waitFor("tiny@1 → tested")
            // Console output while it arrives, and no machine owned by root.
            try browser.waitFor("Linux version", seconds: 60)
            let owner = try BootLab.run(
                "ps", ["-o", "user=", "-p", String(try #require(try lab.processes(of: "qemu-system").first))])
            #expect(owner.hasPrefix("nobody"))
            #expect(throws: (any Error).self) {
                try lab.roost("image", "boot-test", "tiny@1", "--on-server")
            }
            try lab.waitUntil("the channel has moved", seconds: 180) {
                try channels(of: "tiny@1").contains("tested")
            }
            try browser.waitFor("starting /sbin/init")
            try lab.waitUntil("the page knows, too", seconds: 20) { !browser.text.contains("End the test") }
            #expect(try browser.axeFindings() == [])
            try browser.screenshot("boot-test")
            let test = try lab.roost("image", "boot-test", "tiny@1", "--last")
            #expect(test.contains("tiny@1 passed") && test.contains("handover"))
            try BootLab.requireDocumented("builds", "Build")

            // Init finds no libraries.
            let root = try TinyRoot("\(BootLab.directory)/hollow")
            defer { root.remove() }
            try BootLab.run(
                "sh",
                [
                    "-euc", "cd \"$1\"; cp -f usr/bin/dropbear usr/bin/init; rm -r usr/lib/x86_64-linux-gnu",
                    "sh", root.path,
                ])
            try lab.importImage("hollow", root.path)
            let failure = #expect(throws: CommandFailed.self) {
                try lab.roost("image", "promote", "hollow@1", "--to", "tested", "--boot-test", "--on-server")
            }
            #expect(failure?.output.contains("hollow@1 does not boot") == true)
            #expect(try lab.roost("image", "boot-test", "hollow@1", "--last").contains("Linux version"))
            #expect(!(try channels(of: "hollow@1")).contains("tested"))
            // Nothing is left of the machines.
            #expect(try !lab.roost("node", "list").contains("n02526f"))
            try lab.waitUntil("their files are gone", seconds: 20) {
                try machineFiles().subtracting(before) == []
            }
        }
    }
}
