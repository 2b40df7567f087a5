import Foundation
import Testing

extension EndToEnd.Servers {
    /// The control center as people use it: a real Chromium on its pages, other programs on its API.
    @Suite struct CenterTests {
        /// A separate server with the administrator `ann`, logged in with a browser.
        func loggedIn(_ configuration: String = "", _ body: (CenterServer, Browser) throws -> Void) throws {
            let server = try CenterServer(configuration)
            defer { server.stop() }
            try server.addAdministrator("ann", "admin")
            let browser = try Browser()
            defer { browser.quit() }
            try logIn(browser, server, "ann")
            try body(server, browser)
        }

        private func logIn(_ browser: Browser, _ server: CenterServer, _ name: String) throws {
            try browser.logIn(to: server.base + "/login", as: name)
            try browser.waitFor("Dashboard")
        }

        @Test func `the link of the first run creates the first administrator, once`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            let link = try #require(server.setupLink)
            let browser = try Browser()
            defer { browser.quit() }
            try browser.open(server.base + "/")
            try browser.waitFor("Log in to Roost")
            try browser.open(link)
            try browser.type("ann", into: "#name")
            try browser.type("short", into: "#password")
            try browser.run("document.querySelector('#password').minLength = 0")
            try browser.press("Create the administrator")
            try browser.waitFor("a few words are best")
            try browser.type("ann", into: "#name")
            try browser.type(CenterServer.password, into: "#password")
            try browser.press("Create the administrator")
            try browser.waitFor("Dashboard")
            try browser.press("Log out")
            try browser.waitFor("Log in to Roost")
            #expect(try server.ask("GET", link).status == 403)
            try logIn(browser, server, "ann")
        }

        @Test func `a group is edited with its what-if, seen in the past, and undone`() throws {
            try loggedIn { server, browser in
                try server.roost("group", "add", "/school")
                for number in 1...3 {
                    try server.roost(
                        "node", "add", "pc-\(number)", "--mac", "52:54:00:00:01:0\(number)", "--group",
                        "/school")
                }
                // Revisions have whole seconds, so the earlier state must be in another one.
                let second = Int(Date().timeIntervalSince1970)
                while Int(Date().timeIntervalSince1970) <= second { usleep(20_000) }
                let before = String(second)
                try browser.open(server.base + "/groups?path=/school&tab=settings")
                try browser.choose("ipxe", in: "#value-loader")
                try browser.press("What would change?")
                try browser.waitFor("3 nodes would change")
                #expect(browser.text.contains("pc-2"))
                #expect(try !server.roost("get", "pc-1", "loader").contains("ipxe"))
                try browser.screenshot("plan")
                try browser.press("Save")
                try browser.waitFor("Saved as revision")
                #expect(try server.roost("get", "pc-1", "loader") == "ipxe\n")
                #expect(try server.roost("get", "pc-1", "loader", "--at", before) == "auto\n")
                #expect(throws: (any Error).self) {
                    try server.roost("node", "explain", "pc-1", "--at", "1d")
                }
                let explained = try server.roost("node", "explain", "pc-1", "--at", before)
                #expect(explained.contains("enrolled in /school"))
                try browser.open(server.base + "/nodes/pc-1?tab=settings")
                try browser.waitFor("group /school")
                try browser.screenshot("node")
                try browser.open(server.base + "/nodes/pc-1?at=1s")
                try browser.waitFor("As it was at")
                try browser.open(server.base + "/history")
                try browser.click("//tr[td[contains(., 'settings of group /school changed')]]//a")
                try browser.press("Undo this revision")
                try browser.waitFor("Saved as revision")
                #expect(try server.roost("get", "pc-1", "loader") == "auto\n")
            }
        }

        @Test func `nodes are added, searched, edited in bulk, and imported from CSV`() throws {
            try loggedIn { server, browser in
                try browser.open(server.base + "/nodes")
                try browser.run("document.querySelectorAll('details').forEach((one) => one.open = true)")
                try browser.type(
                    "n1,52:54:00:00:02:01\nn2,52:54:00:00:02:02\nn10,52:54:00:00:02:0a,,10.77.0.10,lab",
                    into: "#csv")
                try browser.click("form[action='/nodes/csv'] button")
                try browser.waitFor("3 nodes would change")
                try browser.press("Save")
                try browser.waitFor("Saved as revision")
                try browser.open(server.base + "/nodes?q=n%5B1-9%5D")
                try browser.waitFor("2 nodes")
                #expect(!browser.text.contains("n10"))
                try browser.click("#all")
                try browser.choose("add tag", in: "#act")
                try browser.type("small", into: "#value")
                try browser.press("What would change?")
                try browser.waitFor("2 nodes would change")
                try browser.press("Save")
                try browser.waitFor("small")
                #expect(try server.roost("node", "list", "tag=small").split(separator: "\n").count == 3)
                try browser.type("nonsense = 1", into: "#q")
                try browser.press("Search")
                try browser.waitFor("there is no attribute")
            }
        }

        @Test func `a group is moved on its page, and nodes are added on the command line`() throws {
            try loggedIn { server, browser in
                try server.roost("group", "add", "/school")
                try server.roost("group", "add", "/school/room-1")
                let file = "\(server.directory)/nodes.csv"
                try Data("name,mac,group\nn1,52:54:00:00:04:01,/school/room-1\nn2,52:54:00:00:04:02\n".utf8)
                    .write(to: URL(fileURLWithPath: file))
                #expect(try server.roost("node", "import", "--plan", file).contains("2 nodes would change"))
                #expect(try server.roost("node", "import", file).contains("2 nodes added, revision"))
                try browser.open(server.base + "/groups?path=/school&tab=settings")
                try browser.type("/college", into: "#new-path")
                try browser.press("What would change?")
                try browser.waitFor("/college/room-1")
                try browser.press("Save")
                try browser.waitFor("Saved as revision")
                #expect(try server.roost("node", "show", "n1").contains("/college/room-1"))
                try server.roost("group", "move", "/college", "/school")
                #expect(try server.roost("group", "list").contains("/school/room-1"))
            }
        }

        @Test func `a backup of a running server restores the same server elsewhere`() throws {
            let server = try CenterServer()
            try server.addAdministrator("ann", "admin")
            let token = try server.token("ann")
            try server.roost("group", "add", "/school")
            try server.roost("node", "add", "pc-1", "--mac", "52:54:00:00:01:01", "--group", "/school")
            let (state, file) = (
                "\(server.directory)/state", NSTemporaryDirectory() + "roost-\(UUID()).tar.zst"
            )
            defer { try? FileManager.default.removeItem(atPath: file) }
            func passing(_ passphrase: String, _ arguments: String...) throws {
                try BootLab.run(
                    "sh",
                    ["-c", "printf '%s' \"$0\" | \"$@\"", passphrase, BootLab.roost] + arguments
                        + ["--state-directory", state])
            }
            let hash = "$6$salt$never-in-clear"
            try server.roost("set", "--node", "pc-1", "root-password-hash=\(hash)")
            let hosts = try server.roost("node", "known-hosts")
            // A stolen backup: no keys, and no secret in clear.
            try BootLab.run(BootLab.roost, ["backup", file, "--state-directory", state])
            let listing = try BootLab.run("tar", ["--zstd", "-tf", file])
            #expect(!listing.contains("keys") && !listing.contains("center"), "\(listing)")
            #expect(
                try BootLab.run(
                    "sh", ["-c", "tar --zstd -xOf \"$0\" | grep -a -c never-in-clear || true", file]) == "0\n"
            )
            #expect(throws: CommandFailed.self) { try passing("short", "backup", "--keys", file) }
            let passphrase = "four words of it"
            try passing(passphrase, "backup", "--keys", file)
            #expect(
                try BootLab.run(
                    "sh", ["-c", "tar --zstd -xOf \"$0\" | grep -a -c 'PRIVATE KEY' || true", file]) == "0\n")
            try server.roost("node", "add", "later", "--mac", "52:54:00:00:01:02")
            #expect(throws: CommandFailed.self, "a server uses it") {
                try BootLab.run(BootLab.roost, ["restore", file, "--state-directory", state])
            }
            _ = try server.token("ann", name: "revoked")
            let early = "\(file).early"
            defer { try? FileManager.default.removeItem(atPath: early) }
            try BootLab.run(BootLab.roost, ["backup", early, "--state-directory", state])
            try server.roost("token", "rm", "2")
            try server.addAdministrator("bob", "admin")
            try server.end()
            let told = try BootLab.run(
                "sh",
                ["-c", "\"$@\" 2>&1", "sh", BootLab.roost, "restore", early, "--state-directory", state])
            #expect(told.contains("tokens that were revoked stay so: revoked (ann)"), "\(told)")
            for bad in ["/dev/null", "/etc/passwd", "\(file).none"] {
                #expect(throws: CommandFailed.self) {
                    try BootLab.run(BootLab.roost, ["restore", bad, "--state-directory", state])
                }
            }
            let refusal = #expect(throws: CommandFailed.self) {
                try passing("another one of it", "restore", file)
            }
            #expect(refusal?.output.contains("not the passphrase") == true, "\(refusal?.output ?? "")")
            // In the archive, and in the code behind it.
            let whole = try Data(contentsOf: URL(fileURLWithPath: file))
            let changed = "\(file).changed"
            defer { try? FileManager.default.removeItem(atPath: changed) }
            for place in [whole.count / 2, whole.count - 1] {
                var bytes = whole
                bytes[place] ^= 1
                try bytes.write(to: URL(fileURLWithPath: changed))
                let refusal = #expect(throws: CommandFailed.self) {
                    try passing(passphrase, "restore", changed)
                }
                #expect(refusal?.output.contains("changed") == true, "\(refusal?.output ?? "")")
            }
            try (whole + [0]).write(to: URL(fileURLWithPath: changed))
            let unsigned = #expect(throws: CommandFailed.self) { try passing(passphrase, "restore", changed) }
            #expect(unsigned?.output.contains("is not signed") == true, "\(unsigned?.output ?? "")")
            // As on another host, which has its own keys.
            try FileManager.default.removeItem(atPath: "\(state)/keys")
            try FileManager.default.removeItem(atPath: "\(state)/center")
            let unknown = #expect(throws: CommandFailed.self) {
                try BootLab.run(
                    BootLab.roost, ["restore", "--without-keys", file, "--state-directory", state])
            }
            #expect(unknown?.output.contains("leave out --without-keys") == true, "\(unknown?.output ?? "")")
            try BootLab.run(
                BootLab.roost, ["restore", "--without-keys", "--unsigned", file, "--state-directory", state])
            try passing(passphrase, "restore", file)
            try server.startAgain()
            defer { server.stop() }
            let nodes = try server.roost("node", "list")
            #expect(nodes.contains("pc-1") && !nodes.contains("later"))
            #expect(try server.roost("node", "known-hosts") == hosts)
            // Its authority, administrators and tokens are the ones that clients know.
            #expect(try server.ask("GET", "/api/v1/nodes/pc-1", token: token).status == 200)
            #expect(try server.roost("history").contains("node pc-1 added"))
        }

        /// All pages; every fourteenth where a sample is enough.
        private static let pages = [
            "/", "/nodes", "/nodes/pc-1", "/nodes/pc-1?tab=boots", "/nodes/pc-1?tab=settings",
            "/nodes/pc-1?tab=hardware", "/nodes/pc-1?tab=log", "/nodes/pc-1?tab=history", "/find?q=pc",
            "/nodes/pc-1/restart", "/groups?path=/school&tab=settings", "/groups?path=/school&tab=history",
            "/machines", "/groups", "/groups?path=/school", "/rules", "/images",
            "/volumes", "/rollouts", "/images/debian/settings", "/images/debian/prune", "/nodes/pc-1/apply",
            "/secrets", "/secrets/password", "/kept-files", "/boards", "/networks/edit",
            "/images/debian/trial?version=1", "/images/debian/difference?contents=yes",
            "/leases", "/networks", "/boots", "/history", "/history/1", "/administrators", "/tokens",
            "/settings", "/wizard",
            "/hooks", "/files", "/desktops", "/desktops/servers", "/desktops/servers/ts-1",
            "/desktops/server?name=ts-1", "/desktops/pool?name=room", "/desktops/place?user=ann&node=pc-1",
            "/desktops/log-ins", "/desktops/sessions", "/desktops/accounts", "/desktops/account",
            "/desktops/accounts/import",
            "/desktops/agents", "/secrets?new=yes", "/rules?new=yes", "/tokens?new=yes", "/hooks?new=yes",
            "/boards?new=yes",
        ].enumerated().filter { !Extent.isSample || $0.offset % 14 == 0 }.map(\.element)

        @Test(arguments: pages) func `every page is accessible, on every screen`(path: String) throws {
            let tour = try Self.tour.get()
            let (server, browser) = (tour.server, tour.browser)
            try browser.resize(1_280, 900)
            try browser.open(server.base + path)
            #expect(try browser.axeFindings() == [])
            #expect(browser.title.hasSuffix("Roost"))
            try browser.screenshot("page\(path.replacing("/", with: "-").replacing("?", with: "-"))")
            try browser.resize(390, 800)
            #expect(!browser.scrollsSideways)
            if Extent.isSample { return }
            #expect(try browser.axeFindings() == [])
            try browser.resize(1_280, 900)
            // Only colours differ then.
            try browser.prefersDark(true)
            #expect(try browser.axeFindings(rules: ["color-contrast"]) == [])
            if path == "/" { try browser.screenshot("page-dark") }
            try browser.prefersDark(false)
        }

        /// One server and browser for the tour of all pages.
        private static let tour: Result<UncheckedTour, any Error> = Result { try makeTour() }

        private static func makeTour() throws -> UncheckedTour {
            let server = try CenterServer()
            try server.addAdministrator("ann", "admin")
            try server.roost("group", "add", "/school")
            try server.roost("node", "add", "pc-1", "--mac", "52:54:00:00:01:01", "--group", "/school")
            try server.roost("set", "--group", "/school", "loader=ipxe", "kernel-arguments=quiet")
            try server.roost("rule", "add", "small", "memory < 2 GiB", "overlay-size=25%")
            try server.roost(
                "server", "add", "ts-1", "10.77.0.21", "--group", "/school", "--tag", "room", "--limit", "40",
                "--weight", "1.5", "--hours", "mon-sun 00:00-24:00")
            try server.roost(
                "pool", "add", "room", "--group", "/school", "--level", "tag:room", "--protocol", "rdp")
            try server.roost("server", "drain", "ts-1", "--restart")
            try server.roost("set", "--group", "/school", "pool=room")
            try server.roost("secret", "mint", "password", "password", "--arm", "each-boot")
            try server.importTwoVersions()
            let browser = try Browser()
            atexit { try? CenterTests.tour.get().browser.quit() }
            try browser.logIn(to: server.base + "/login", as: "ann")
            try browser.waitFor("Dashboard")
            return UncheckedTour(server: server, browser: browser)
        }

        private struct UncheckedTour: @unchecked Sendable {
            // Sendable: the tests of the suite run one after the other.
            var server: CenterServer
            var browser: Browser
        }
    }
}
