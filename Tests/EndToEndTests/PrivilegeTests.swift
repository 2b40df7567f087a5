import Foundation
import Glibc
import Testing

extension EndToEnd.Servers {
    /// An attacker has the server's user, and root acts: nothing outside the server's own files changes.
    @Suite struct PrivilegeTests {
        private static let user = "nobody"

        /// What must stay unchanged: a file and a directory owned by root, with a file in it.
        private struct Canary {
            let path: String

            init(in directory: String) throws {
                path = "\(directory)/canary"
                try BootLab.run(
                    "sh",
                    [
                        "-euc",
                        "mkdir -p \"$1/below\"; echo secret-of-root >\"$1/file\"; echo x >\"$1/below/file\"; chmod 600 \"$1/file\"",
                        "sh", path,
                    ])
            }

            func state() throws -> String {
                try BootLab.run(
                    "sh",
                    [
                        "-euc",
                        "find \"$1\" -printf '%p %y %m %U %G %s\\n' | sort; find \"$1\" -type f -exec sha256sum {} + | sort",
                        "sh", path,
                    ])
            }
        }

        /// A copy of a state directory, for servers that each begin with it.
        private struct OldState {
            let (state, copy): (String, String)

            init(_ state: String) throws {
                (self.state, copy) = (state, state + ".old")
                try BootLab.run("cp", ["-a", state, copy])
            }

            /// The state as it was.
            func placed() throws -> String {
                try BootLab.run("rm", ["-rf", state])
                try BootLab.run("cp", ["-a", copy, state])
                return state
            }
        }

        /// What a user can put in a name's place.
        private enum Trap: String, CaseIterable {
            case linkToFile, linkToDirectory, hardLink, pipe

            func set(_ path: String, _ canary: Canary) throws {
                try? FileManager.default.removeItem(atPath: path)
                switch self {
                case .linkToFile: try BootLab.run("ln", ["-s", "\(canary.path)/file", path])
                case .linkToDirectory: try BootLab.run("ln", ["-s", "\(canary.path)/below", path])
                case .hardLink: try BootLab.run("ln", ["\(canary.path)/file", path])
                case .pipe: try BootLab.run("mkfifo", [path])
                }
                if self != .hardLink { try BootLab.run("chown", ["-h", PrivilegeTests.user, path]) }
            }
        }

        private func asUser(_ script: String, in directory: String) throws -> String {
            try BootLab.run(
                "setpriv",
                [
                    "--reuid=\(Self.user)", "--regid=nogroup", "--clear-groups", "--", "sh", "-uc",
                    "cd \"$1\" || exit 9; \(script)", "sh", directory,
                ])
        }

        /// A state directory of earlier servers, whose user owned all of it.
        private func makeOldState(in directory: String) throws -> String {
            let state = "\(directory)/state"
            try BootLab.run(
                "sh",
                [
                    "-euc",
                    """
                    cd "$1"; mv store/* . 2>/dev/null || true
                    rm -rf store file-ends images/.building aside-*; chown -R "$2": images volumes logs center .
                    for name in ca-key.pem names; do
                      if [ -e center/$name ]; then chown root: center/$name; fi
                    done
                    chown -R root: node trees keys lock; chmod 755 images node trees center; chmod 700 .
                    """, "sh", state, Self.user,
                ])
            return state
        }

        @Test func `no thread of the server keeps a right of root's, and none can gain one`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            let pid = try #require(server.processIdentifier)
            let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task")
            #expect(threads.count > 3)
            let wanted = try [
                "Uid": BootLab.run("id", ["-u", Self.user]), "Gid": "65534", "CapEff": "0000000000000000",
                "CapPrm": "0000000000000000", "CapInh": "0000000000000000", "Groups": "", "NoNewPrivs": "1",
            ]
            for thread in threads {
                let status = try String(contentsOfFile: "/proc/\(pid)/task/\(thread)/status", encoding: .utf8)
                var found: [String: Set<String>] = [:]
                for line in status.split(separator: "\n") {
                    let (name, values) = (line.prefix { $0 != ":" }, line.drop { $0 != ":" }.dropFirst())
                    found[String(name)] = Set(values.split { $0 == "\t" || $0 == " " }.map(String.init))
                }
                for (name, value) in wanted {
                    let value = value.trimmingCharacters(in: .whitespacesAndNewlines)
                    #expect(found[name] == (value.isEmpty ? [] : [value]), "thread \(thread): \(name)")
                }
            }
            // The first thread only waits, and the signals reach the others.
            try BootLab.run("kill", ["-HUP", "\(pid)"])
            #expect(try server.ask("GET", "/login").status == 200)
            try server.end()
        }

        @Test func `a state directory owned by the server's user is taken over, with everything in it`()
            throws
        {
            let server = try CenterServer()
            defer { server.stop() }
            try server.roost("node", "add", "kept", "--mac", "52:54:00:00:0e:01")
            let authority = try String(contentsOfFile: server.authority, encoding: .utf8)
            try server.end()
            let state = try makeOldState(in: server.directory)
            // Images as systemd left them, when the unit had StateDirectory=.
            let image = "\(state)/images/of-root"
            try FileManager.default.createDirectory(
                atPath: "\(image)/version", withIntermediateDirectories: true)
            try server.startAgain()
            #expect(
                try BootLab.run("stat", ["-c", "%U", image, "\(image)/version"])
                    == "\(Self.user)\n\(Self.user)\n")
            #expect(try server.roost("node", "list").contains("kept"))
            #expect(try String(contentsOfFile: server.authority, encoding: .utf8) == authority)
            #expect(try server.ask("GET", "/login").status == 200)
            #expect(
                try !FileManager.default.contentsOfDirectory(atPath: state).contains { $0.hasPrefix("aside") }
            )
            try expectModes(of: state)
            let socket = "\(server.directory)/socket/api.sock"
            #expect(try BootLab.run("stat", ["-c", "%a %U", socket]) == "660 \(Self.user)\n")
            // Nothing is left that the user could replace.
            for script in [
                "touch x", "mv trees y", "mv images/.building y", "rm -rf keys", "ln -s / node/x",
                "cat keys/server",
                "cat center/ca-key.pem", "ls trees", "ls images/.building", "ls .",
            ] {
                #expect(throws: CommandFailed.self, "\(script)") { try asUser(script, in: state) }
            }
            _ = try asUser(
                "touch store/x volumes/x logs/x && mkdir images/x && cat center/key.pem >store/x", in: state)
        }

        /// No other user can read anything: neither through the path, nor by the file's own mode.
        private func expectModes(of state: String) throws {
            let top = try BootLab.run("stat", ["-c", "%a %U %G", state])
            #expect(top == "710 root nogroup\n", "\(top)")
            let open = try BootLab.run(
                "find",
                [
                    state, "-mindepth", "1", "!", "-path", "*/images/*", "!", "-path", "*/node/*", "-perm",
                    "/007",
                ])
            #expect(open == "", "\(open)")
            let given = try BootLab.run(
                "find", [state, "-maxdepth", "1", "-user", Self.user, "-printf", "%f\\n"])
            #expect(Set(given.split(separator: "\n")) == ["store", "logs", "volumes"])
            let foreign = try BootLab.run(
                "find",
                ["\(state)/keys", "\(state)/center", "\(state)/node", "\(state)/trees", "!", "-user", "root"])
            #expect(foreign == "")
        }

        @Test(arguments: [
            // Directories and files of root's, as the server finds them when it starts.
            [
                "center", "keys", "node", "trees", "images", "volumes", "logs", "store", "lock",
                "unfinished-restore", "restore-1",
            ],
            [
                "center/openssl.cnf.new", "center/ca.pem", "center/ca-key.pem", "center/names.new",
                "center/names", "center/key.pem", "center/key.pem.new",
                "center/.request-1", "images/.building", "images/debian",
            ],
        ])
        func `root neither follows nor waits for anything put in place of the server's files`(
            _ names: [String]
        ) throws {
            let server = try CenterServer()
            defer { server.stop() }
            try server.end()
            let old = try OldState(try makeOldState(in: server.directory))
            for trap in Trap.allCases {
                let canary = try Canary(in: server.directory)
                let state = try old.placed()
                for name in names { try trap.set("\(state)/\(name)", canary) }
                let before = try canary.state()
                try server.startAgain()
                #expect(try canary.state() == before, "\(trap)")
                #expect(try server.ask("GET", "/login").status == 200, "\(trap)")
                try server.end()
                #expect(try canary.state() == before, "\(trap)")
            }
        }

        @Test func `another object in place of the store is not a store, and the server does not start`()
            throws
        {
            let server = try CenterServer()
            defer { server.stop() }
            try server.end()
            let old = try OldState(try makeOldState(in: server.directory))
            for trap in Trap.allCases {
                let canary = try Canary(in: server.directory)
                let state = try old.placed()
                try trap.set("\(state)/roost.sqlite", canary)
                let before = try canary.state()
                let refusal = #expect(throws: CommandFailed.self, "\(trap)") { try server.startAgain() }
                #expect(
                    refusal?.output.contains("roost.sqlite is not a regular file") == true,
                    "\(refusal?.output ?? "")"
                )
                #expect(try canary.state() == before, "\(trap)")
            }
        }

        @Test(arguments: Extent.isSample ? [.linkToDirectory, .hardLink] : Trap.allCases)
        private func `nothing that the server's user puts into its own directories redirects root`(
            _ trap: Trap
        )
            throws
        {
            let server = try CenterServer()
            defer { server.stop() }
            let canary = try Canary(in: server.directory)
            let root = try TinyRoot("\(server.directory)/root")
            let state = "\(server.directory)/state"
            for image in ["built", "linked"] {
                try FileManager.default.createDirectory(
                    atPath: "\(state)/images/\(image)", withIntermediateDirectories: true)
                try BootLab.run("chown", [Self.user, "\(state)/images/\(image)"])
            }
            try trap.set("\(state)/images/linked", canary)
            for name in [
                "images/built/.building-1", "images/built/.removing", "store/copy-1", "store/leases.journal",
            ] {
                try trap.set("\(state)/\(name)", canary)
            }
            let before = try canary.state()
            func make(_ image: String) throws {
                try BootLab.run(
                    BootLab.roost,
                    [
                        "image", "import", image, root.path, "--state-directory", state, "--cache",
                        BootLab.cache,
                    ],
                    environment: ["ROOST_SOCKET": "\(server.directory)/socket/api.sock"])
            }
            try make("built")
            #expect(throws: CommandFailed.self) { try make("linked") }
            #expect(try canary.state() == before)
            // A backup contains what the user can read, and nothing of root's.
            let file = "\(server.directory)/backup"
            _ = try? BootLab.run(
                "timeout", ["60", BootLab.roost, "backup", file, "--state-directory", state])
            #expect(try canary.state() == before)
            if FileManager.default.fileExists(atPath: file) {
                let held = try BootLab.run(
                    "sh", ["-c", "zstd -dqc \"$1\" | grep -c secret-of-root || true", "sh", file])
                #expect(held == "0\n", "\(trap)")
            }
            try? FileManager.default.removeItem(atPath: "\(state)/store/leases.journal")
            // Instead of the database itself: root does not open it.
            try server.end()
            try trap.set("\(state)/store/roost.sqlite", canary)
            let again = try canary.state()
            for arguments in [["backup", "\(file)-2"], ["store-schema"]] {
                _ = try? BootLab.run(
                    "timeout", ["60", BootLab.roost] + arguments + ["--state-directory", state])
                #expect(try canary.state() == again, "\(arguments)")
            }
        }

        @Test func `only root can read a backup from its first byte, under an unpredictable name`()
            throws
        {
            let server = try CenterServer()
            defer { server.stop() }
            let place = "\(server.directory)/backups"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try BootLab.run("chmod", ["777", place])
            // Each check, and each file that ever existed.
            let script = """
                umask 000
                "$1" backup "$2/roost.tar.zst" --state-directory "$3" &
                pid=$!
                while kill -0 $pid 2>/dev/null; do
                  find "$2" "$3/images/.building" -mindepth 1 -type f -printf '%m %f\\n' 2>/dev/null
                done | sort -u
                wait $pid
                """
            let seen = try BootLab.run(
                "sh", ["-c", script, "sh", BootLab.roost, place, "\(server.directory)/state"])
            let lines = seen.split(separator: "\n").filter { $0.contains(" ") && $0.first?.isNumber == true }
            #expect(
                !lines.isEmpty && lines.allSatisfy { $0.hasPrefix("600 ") || $0.hasPrefix("640 ") }, "\(seen)"
            )
            #expect(lines.filter { $0.contains("roost.tar.zst") }.allSatisfy { $0.hasPrefix("600 ") })
            #expect(try BootLab.run("stat", ["-c", "%a %U", "\(place)/roost.tar.zst"]) == "600 root\n")
            // Another user's directory may already contain any name.
            try FileManager.default.removeItem(atPath: "\(place)/roost.tar.zst")
            let canary = try Canary(in: server.directory)
            let before = try canary.state()
            try BootLab.run("ln", ["-s", "\(canary.path)/file", "\(place)/roost.tar.zst"])
            try BootLab.run("ln", ["-s", "\(canary.path)/file", "\(place)/.roost.tar.zst.new-1"])
            try BootLab.run("chown", ["-hR", Self.user, place])
            try BootLab.run(
                BootLab.roost,
                ["backup", "\(place)/roost.tar.zst", "--state-directory", "\(server.directory)/state"])
            #expect(try canary.state() == before)
            #expect(
                try BootLab.run("stat", ["-c", "%a %F", "\(place)/roost.tar.zst"]) == "600 regular file\n")
        }

        @Test func `a directory with other content is not given away for the socket`() throws {
            let server = try CenterServer(starts: false)
            defer { server.stop() }
            let file = "\(server.directory)/roost.yaml"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try Data(text.replacing("/socket/api.sock", with: "/api.sock").utf8).write(
                to: URL(fileURLWithPath: file))
            let refusal = #expect(throws: CommandFailed.self) { try server.startAgain() }
            #expect(refusal?.output.contains("put the socket into a directory of its own") == true)
            #expect(try BootLab.run("stat", ["-c", "%U", server.directory]) == "root\n")
        }
    }
}
