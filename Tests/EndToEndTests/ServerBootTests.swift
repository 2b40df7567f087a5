import Foundation
import Testing

extension EndToEnd {
    /// Versions that the server's own host boots before they are shipped, because a page or a program asks.
    @Suite struct ServerBootTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        private func channels(of reference: String) throws -> [String] {
            let version = try lab.json("image", "show", reference) as? [String: Any]
            return version?["channels"] as? [String] ?? []
        }

        @Test func `a version is booted from its page, and promoted only when it has become ready`() throws {
            try lab.addAdministrator()
            let browser = try Browser(inLab: true)
            defer { browser.quit() }
            try browser.logIn(to: "https://10.77.0.1:8443/images")
            try browser.type("tested", into: "#channel-debian-1")
            try browser.click("form:has(#channel-debian-1) button[value=first]")
            try browser.waitFor("debian@1 → tested")
            // The console as it comes, and no machine of root's. The brackets keep the shell, which is root's, from being found.
            try browser.waitFor("Linux version", seconds: 60)
            let owner = try BootLab.run(
                "sh", ["-c", "ps -o user= -p $(pgrep -f '[n]etdev user,id=net' | head -1)"])
            #expect(owner.hasPrefix("nobody"))
            #expect(throws: (any Error).self) {
                try lab.roost("image", "boot-test", "debian@1", "--on-server")
            }
            try lab.waitUntil("the channel has moved", seconds: 180) {
                try channels(of: "debian@1").contains("tested")
            }
            try browser.waitFor("starting /sbin/init")
            try lab.waitUntil("the page knows, too", seconds: 20) { !browser.text.contains("End the test") }
            #expect(try browser.axeFindings() == [])
            try browser.screenshot("boot-test")
            let test = try lab.roost("image", "boot-test", "debian@1", "--last")
            #expect(test.contains("debian@1 passed") && test.contains("handover"))
            try BootLab.requireDocumented("builds", "Build")

            // Init finds no libraries.
            let root = try SmallRoot("\(BootLab.directory)/hollow", of: lab)
            defer { root.remove() }
            try lab.roost(
                "image", "import", "hollow", root.path, "--state-directory", BootLab.stateDirectory,
                "--cache",
                BootLab.cache)
            let failure = #expect(throws: CommandFailed.self) {
                try lab.roost("image", "promote", "hollow@1", "--to", "tested", "--boot-test", "--on-server")
            }
            #expect(failure?.output.contains("hollow@1 does not boot") == true)
            #expect(try lab.roost("image", "boot-test", "hollow@1", "--last").contains("Linux version"))
            #expect(!(try channels(of: "hollow@1")).contains("tested"))
            // Nothing is left of the machines.
            #expect(try !lab.roost("node", "list").contains("n02526f"))
            try lab.waitUntil("their files are gone", seconds: 20) {
                let names = try FileManager.default.contentsOfDirectory(atPath: NSTemporaryDirectory())
                return !names.contains { name in
                    FileManager.default.fileExists(atPath: NSTemporaryDirectory() + name + "/initramfs")
                }
            }
        }
    }
}
