import Foundation
import Testing

extension EndToEnd.Systems {
    /// Images that are changed by hand, in a clone.
    @Suite struct ShellTests {
        private let lab: BootLab
        /// A cache of its own: leftovers in it are recognised by name.
        private static let cache = "\(BootLab.directory)/shell-cache"

        init() throws { lab = try BootLab.withDebian.get() }

        private func arguments(_ act: String, _ reference: String, _ command: [String] = []) -> [String] {
            [
                "image", act, reference, "--state-directory", BootLab.stateDirectory, "--cache",
                Self.cache,
            ] + (command.isEmpty ? [] : ["--"] + command)
        }

        @discardableResult
        private func shell(_ reference: String, _ command: String...) throws -> String {
            try BootLab.run(
                BootLab.roost, arguments("shell", reference, command),
                environment: ["ROOST_SOCKET": BootLab.socket])
        }

        private func versions() throws -> [[String: Any]] {
            let images = try lab.json("image", "list") as? [[String: Any]] ?? []
            return images.filter { $0["image"] as? String == "shell" }
        }

        private func root(_ number: Int) throws -> String {
            let version = try versions().first { $0["number"] as? Int == number }
            let digest = try #require(version?["digest"] as? String)
            return "\(BootLab.stateDirectory)/images/shell/\(digest)/root.squashfs"
        }

        private func names(_ number: Int) throws -> String {
            try BootLab.run("unsquashfs", ["-l", "-d", "", try root(number)])
        }

        /// Entries in the cache other than those that should stay.
        private func leftovers() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: Self.cache)
                .filter { !["debs", "modules"].contains($0) }
        }

        /// No mount, no loop device, no process.
        private func waitUntilNothingIsLeft(of process: String) throws {
            try lab.waitUntil("nothing is left", seconds: 20) {
                let loops = try BootLab.run("losetup", ["--all"])
                return (try? BootLab.run("pgrep", ["-fx", process])) == nil && !loops.contains("images/shell")
            }
            let mounts = try String(contentsOfFile: "/proc/mounts", encoding: .utf8)
            #expect(!mounts.contains("\(Self.cache)/root-"))
        }

        /// Works in a clone of `shell` at a terminal.
        private func atTerminal(_ command: [String], _ dialogue: [(awaited: String, typed: String)]) throws
            -> String
        {
            try Terminal.run(
                [BootLab.roost] + arguments("shell", "shell", command),
                environment: ["ROOST_SOCKET": BootLab.socket], dialogue)
        }

        @Test
        func
            `a clone becomes the next version if its command succeeds, is dropped otherwise, and leaves nothing behind`()
            throws
        {
            let images = try lab.json("image", "list") as? [[String: Any]] ?? []
            let digest = try #require(
                images.first { $0["image"] as? String == "debian" }?["digest"] as? String)
            try BootLab.run(
                BootLab.roost,
                [
                    "image", "import", "shell",
                    "\(BootLab.stateDirectory)/images/debian/\(digest)/root.squashfs", "--state-directory",
                    BootLab.stateDirectory, "--cache", Self.cache,
                ], environment: ["ROOST_SOCKET": BootLab.socket])

            // Inside the clone: devices, its own processes, host names, and services that do not start.
            let made = try shell(
                "shell", "sh", "-ec",
                """
                test -c /dev/null; test -r /proc/self/status; test -d /sys/kernel; test -s /etc/resolv.conf
                test "$(cat /proc/1/comm)" = sh; ! /usr/sbin/policy-rc.d; cat /proc/1/mounts
                apt-get update; apt-get install -y --no-install-recommends tree
                echo by hand >/etc/by-hand; rm /etc/motd; sleep 300 &
                """)
            #expect(made.contains("shell@2 "))
            // Its first process is this host's shell, which sees the image below the clone: no setuid programs, no devices.
            let lower = made.split(separator: "\n").map(String.init).filter {
                $0.contains("/lower squashfs ")
            }
            #expect(lower.count == 1 && lower.allSatisfy { $0.contains(" ro,nosuid,nodev,") }, "\(lower)")
            let inside = try names(2)
            #expect(inside.contains("/usr/bin/tree") && inside.contains("/etc/by-hand"))
            #expect(!inside.contains("/etc/motd") && !inside.contains("/etc/resolv.conf"))
            #expect(!inside.contains("policy-rc.d") && !inside.contains("/archives/tree"))
            let difference = try lab.roost("image", "diff", "shell@2")
            #expect(difference.contains("tree"))
            let contents = try lab.roost("image", "diff", "shell@2", "--contents")
            #expect(contents.contains(/\/etc\/by-hand +- +file 644 0:0, 8 bytes\n/))
            #expect(contents.contains(/\/etc\/motd +file 644 0:0, \d+ bytes +-\n/))
            #expect(!contents.contains("/etc/passwd "))
            #expect(try lab.roost("image", "show", "shell@2", "--json").contains("command in shell@1"))

            // Failures, and commands that change nothing, make no version.
            #expect(throws: CommandFailed.self) { try shell("shell", "sh", "-c", "echo x >/etc/x; exit 3") }
            try shell("shell@1", "true")
            try shell("shell@1", "sh", "-ec", "cp -a /etc/passwd /etc/new; mv /etc/new /etc/passwd")
            #expect(try versions().count == 2)
            // A new directory alone is a change, and so is its mode; a command that removed the resolver file loses nothing by that.
            #expect(
                try shell("shell@2", "sh", "-c", "mkdir -m 700 /srv/empty; rm /etc/resolv.conf").contains(
                    "shell@3 "))
            #expect(try names(3).contains("/srv/empty"))

            // Killed in the middle: no mount, no loop device, no process, and the next run removes what is left.
            let background = try Background(
                BootLab.roost, arguments("shell", "shell", ["sh", "-c", "echo started; sleep 1234"]),
                environment: ["ROOST_SOCKET": BootLab.socket], log: "\(BootLab.directory)/shell.log")
            try lab.waitUntil("the command runs", seconds: 60) {
                (try? BootLab.run("pgrep", ["-fx", "sleep 1234"])) != nil
            }
            background.end()
            try waitUntilNothingIsLeft(of: "sleep 1234")

            // At a terminal, Ctrl-C ends a command; in a shell it ends the running program, and leaving after a failure asks what to do.
            let interrupted = try atTerminal(
                ["sh", "-c", "echo x >/etc/x; echo begins; exec sleep 1235"],
                [("begins", Terminal.interrupt), ("status 130", "")])
            #expect(!interrupted.contains("shell@4"))
            try waitUntilNothingIsLeft(of: "sleep 1235")
            let refused = try atTerminal(
                [], [("# ", "test -t 0 && echo x >/etc/x; false\n"), ("# ", "exit\n"), ("[y/N] ", "n\n")])
            #expect(refused.contains("status 1: the clone is discarded"))
            #expect(try versions().count == 3)
            let kept = try atTerminal(
                [],
                [
                    // It starts as a separate program: an interrupt between fork and exec of a shell's child is lost.
                    ("# ", "echo typed >/etc/typed; sh -c 'echo begins; exec sleep 1236'\n"),
                    ("begins\r\n", Terminal.interrupt),
                    ("# ", "exit\n"), ("[y/N] ", "y\n"),
                ])
            #expect(kept.contains("status 130") && kept.contains("shell@4 "))
            try waitUntilNothingIsLeft(of: "sleep 1236")
            #expect(try names(4).contains("/etc/typed"))

            // One command updates everything; here everything is up to date.
            let upgraded = try BootLab.run(
                BootLab.roost, arguments("upgrade", "shell@4"), environment: ["ROOST_SOCKET": BootLab.socket])
            #expect(upgraded.contains("0 upgraded") || upgraded.contains("shell@5"))
            let left = try leftovers()
            #expect(left == [])
        }

        @Test(arguments: [(Terminal.interrupt, 130), (Terminal.hangUp, 129)])
        func `an interrupted import ends with its programs, and leaves nothing`(
            typed: String, status: Int
        ) throws {
            let images = try lab.json("image", "list") as? [[String: Any]] ?? []
            let digest = try #require(
                images.first { $0["image"] as? String == "debian" }?["digest"] as? String)
            let shown = try Terminal.run(
                [
                    BootLab.roost, "image", "import", "interrupted",
                    "\(BootLab.stateDirectory)/images/debian/\(digest)/root.squashfs", "--state-directory",
                    BootLab.stateDirectory, "--cache", Self.cache,
                ], environment: ["ROOST_SOCKET": BootLab.socket],
                [("packing the root", typed)])
            #expect(shown.contains("ended with \(status)\n"))
            #expect(typed == Terminal.hangUp || shown.contains("roost: interrupted: nothing was published"))
            #expect((try? BootLab.run("pgrep", ["-f", "mksquashfs.*/interrupted/"])) == nil)
            let left = try leftovers()
            #expect(left == [])
            #expect(try !lab.roost("image", "list").contains("interrupted"))
            let rest = "\(BootLab.stateDirectory)/images/interrupted"
            #expect((try? FileManager.default.contentsOfDirectory(atPath: rest)) ?? [] == [])
        }

        @Test func `an image whose links lead to the host's directories changes nothing there`() throws {
            let work = "\(BootLab.directory)/links"
            try FileManager.default.createDirectory(
                atPath: "\(work)/host", withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: work) }
            let root = try TinyRoot("\(work)/root")
            let name = "resolv.conf"
            try Data("the host's\n".utf8).write(to: URL(fileURLWithPath: "\(work)/host/\(name)"))
            try BootLab.run(
                "sh",
                [
                    "-euc",
                    """
                    cd "$1/root"; rm -r etc dev; ln -s "$1/host" etc
                    mkdir -p usr/bin var/cache/apt usr/sbin; ln -s "$1/host" var/cache/apt/archives; ln -s "$1/host" dev
                    for name in apt-get env true; do cp /bin/busybox usr/bin/$name; done; ln -s usr/bin bin
                    """, "sh", work,
                ])
            let packing = ["--state-directory", BootLab.stateDirectory, "--cache", Self.cache]
            let environment = ["ROOST_SOCKET": BootLab.socket]
            try BootLab.run(
                BootLab.roost, ["image", "import", "links", root.path] + packing, environment: environment)
            try BootLab.run(
                BootLab.roost, ["image", "shell", "links"] + packing + ["--", "/usr/bin/true"],
                environment: environment)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(work)/host") == [name])
            #expect(try String(contentsOfFile: "\(work)/host/\(name)", encoding: .utf8) == "the host's\n")
        }
    }
}
