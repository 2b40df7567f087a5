import Foundation
import Testing

extension EndToEnd.Systems {
    /// A new user's first hour.
    @Suite struct WizardTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        @Test func `the wizard leads from an empty server to a booted machine`() throws {
            let mac = "52:54:00:00:00:99"
            try lab.withEmptyServer {
                let line = lab.log("roost").split(separator: "\n").last { $0.hasPrefix("first log-in: ") }
                let link = try #require(line).dropFirst("first log-in: ".count)
                let browser = try Browser(inLab: true)
                defer { browser.quit() }
                try browser.open(String(link))
                try browser.type("ann", into: "#name")
                try browser.type(CenterServer.password, into: "#password")
                try browser.click("main form[action='/setup'] button")
                try browser.waitFor("Dashboard")

                try browser.open("https://10.77.0.1:8443/wizard")
                try browser.waitFor("br0")
                #expect(browser.text.contains("10.77.0.0/24"))
                try browser.click("input[value=quarantine]")
                try browser.press("Save")
                try browser.waitFor("Saved as revision")

                // The server itself may no longer build; its worker does, and the page updates.
                try browser.click("form[action='/images/build'] button")
                try browser.waitFor("running")
                try browser.screenshot("wizard-building")
                #expect(try lab.roost("image", "builds").contains("running"))
                try browser.waitFor("installing essential packages", seconds: 120)
                try browser.waitFor("The image debian is published.", seconds: 300)
                #expect(try browser.axeFindings() == [])
                let versions = try lab.json("image", "list") as? [[String: Any]]
                #expect(versions?.first?["image"] as? String == "debian")
                try browser.open("https://10.77.0.1:8443/images/builds/1")
                try browser.waitFor("debian@1")
                #expect(browser.text.contains("building bookworm"))
                #expect(try browser.axeFindings() == [])

                // The first machine appears by itself, is named, and boots.
                try browser.open("https://10.77.0.1:8443/wizard")
                try lab.boot("first", mac: mac, expecting: ["waits for approval", "Code: "])
                defer { _ = try? lab.powerOff("first") }
                try browser.waitFor("Name and approve")
                // By the keyboard alone: all that wait, and a pattern for their names.
                try browser.keys("gu")
                try browser.waitFor(mac)
                try browser.tab(to: "[data-select-all]")
                try browser.keys(" ")
                try browser.tab(backTo: "#pattern")
                try browser.keys("first-{1..9}" + Key.enter)
                try browser.waitFor("Saved as revision")
                try browser.open("https://10.77.0.1:8443/wizard")
                try browser.waitFor("first-1 is ready.", seconds: 240)
                // What an unknown machine gets was chosen above: nothing is left.
                try browser.waitFor("All set.")
                try browser.screenshot("wizard-done")
            }
        }

        @Test func `a cancelled or impossible build leaves nothing, and gives the reason`() throws {
            try lab.withEmptyServer {
                #expect(throws: CommandFailed.self) {
                    try lab.roost("image", "build", "debian", "--suite", "no-such-suite", "--on-server")
                }
                let builds = try lab.json("image", "builds") as? [[String: Any]]
                #expect(builds?.first?["state"] as? String == "failed")
                #expect((builds?.first?["failure"] as? String)?.isEmpty == false)
                // Nothing but names reaches the worker.
                for name in ["../etc", "a b", "-x"] {
                    #expect(throws: CommandFailed.self) {
                        try lab.roost("image", "build", "debian", "--suite=\(name)", "--on-server")
                    }
                }
                let socket = [
                    "--unix-socket", BootLab.socket, "-s", "-X", "POST", "-d", "{\"suite\": \"bookworm\"}",
                ]
                try BootLab.run("curl", socket + ["http://roost/api/v1/images/debian/builds"])
                try lab.waitUntil("mmdebstrap runs", seconds: 60) { try Self.isBuilding() }
                try lab.roost("image", "builds", "--cancel", "2")
                try lab.waitUntil("mmdebstrap has ended", seconds: 20) { try !Self.isBuilding() }
                #expect(try lab.roost("image", "builds").contains("cancelled"))
                #expect(try !BootLab.run("cat", ["/proc/mounts"]).contains(BootLab.ownCache))
                #expect(try lab.roost("image", "list").contains("no image yet"))
                // When the server ends, its build ends too.
                try BootLab.run("curl", socket + ["http://roost/api/v1/images/debian/builds"])
                try lab.waitUntil("mmdebstrap runs", seconds: 60) { try Self.isBuilding() }
                try lab.killServer()
                try lab.waitUntil("mmdebstrap has ended", seconds: 20) { try !Self.isBuilding() }
            }
        }

        /// Whether an mmdebstrap of the laboratory runs.
        private static func isBuilding() throws -> Bool {
            let processes = try BootLab.run("ps", ["-eo", "args"])
            return processes.split(separator: "\n").contains {
                $0.contains("mmdebstrap") && $0.contains(BootLab.ownCache)
            }
        }
    }
}
