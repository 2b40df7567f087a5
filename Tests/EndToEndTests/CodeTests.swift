import Foundation
import Testing

extension EndToEnd.Servers {
    /// The configuration as files: out of a server, into another, and watched.
    @Suite final class CodeTests {
        private let directory = NSTemporaryDirectory() + "roost-code-" + UUID().uuidString

        init() throws {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: directory) }

        private func text(_ name: String) throws -> String {
            try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
        }

        private func write(_ text: String, _ name: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
        }

        /// What a command that must fail said, and how it ended.
        private func refusal(_ server: CenterServer, _ words: String...) throws -> String {
            try BootLab.run(
                "sh", ["-c", "\"$@\" 2>&1; echo \"status $?\"", "sh", BootLab.roost] + words,
                environment: ["ROOST_SOCKET": "\(server.directory)/socket/api.sock"])
        }

        @Test func `the schema is one, takes all examples, and refuses what the server would`() throws {
            let schema = try BootLab.run(BootLab.roost, ["schema"])
            try write(schema, "schema.json")
            try write(
                "groups:\n  - path: /a\n    setings: {}\nrules:\n  - name: x\n    priority: many\n",
                "wrong.yaml")
            let examples = "\(BootLab.repository)/Examples"
            let files = try FileManager.default.contentsOfDirectory(atPath: examples).sorted()
                .map { "\(examples)/\($0)/roost.yaml" }
                .filter { FileManager.default.fileExists(atPath: $0) }
            #expect(files.count >= 3)
            let validate = """
                import json, sys
                import jsonschema_rs, yaml
                schema = json.load(open(sys.argv[1]))
                jsonschema_rs.meta.validate(schema)
                validator = jsonschema_rs.Draft202012Validator(schema)
                for name in sys.argv[2:]:
                    for error in validator.iter_errors(yaml.safe_load(open(name))):
                        print(name, error.instance_path, error.message)
                """
            let told = try BootLab.run(
                "env",
                [
                    "PYTHONPATH=\(BootLab.repository)/.build/python", "/usr/bin/python3", "-c", validate,
                    "\(directory)/schema.json",
                ] + files + ["\(directory)/wrong.yaml"])
            let lines = told.split(separator: "\n")
            #expect(lines.count == 2 && lines.allSatisfy { $0.contains("wrong.yaml") }, "\(told)")
            #expect(told.contains("setings") && told.contains("priority"))
        }

        @Test func `files come from a server, are changed, planned, applied, and refused`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            try server.roost("group", "add", "/school")
            try server.roost("set", "--group", "/school", "loader=ipxe")
            try server.roost("node", "add", "pc-1", "--mac", "52:54:00:00:01:01", "--group", "/school")
            let files = "\(directory)/fleet"
            try server.roost("export", "--output", files)
            #expect(try text("fleet/nodes.yaml").contains("  - name: pc-1\n    group: /school\n"))

            // What was exported changes nothing, and applying it remembers it.
            let same = try refusal(server, "plan", "-f", files)
            #expect(same.contains("nothing would change") && same.contains("status 0"), "\(same)")
            #expect(try server.roost("apply", "-f", files).contains("taken over"))
            #expect(try refusal(server, "diff", "-f", files) == "status 0\n")

            try write(
                """
                source: school
                nodes:
                  # By the window.
                  - name: pc-1
                    group: /school
                    macAddresses: ["52:54:00:00:01:01"]
                  - name: pc-2  # new
                    group: /school

                """, "fleet/nodes.yaml")
            try server.roost("source", "forget", "files")
            let plan = try refusal(server, "plan", "-f", files)
            #expect(plan.contains("add node pc-2") && plan.contains("status 2"), "\(plan)")
            #expect(try refusal(server, "diff", "-f", files).contains("+  - name: pc-2  # new\n"))
            try server.roost("apply", "-f", files)
            #expect(try server.roost("node", "list").contains("pc-2"))
            #expect(try server.roost("history").contains("school: 1 added"))
            #expect(try server.roost("source", "list").contains("school"))

            // Others change what was applied.
            try server.roost("set", "--group", "/school", "loader=grub")
            let conflict = try refusal(server, "plan", "-f", files)
            #expect(
                conflict.contains("groups.yaml:") && conflict.contains("settings.loader is grub by others")
                    && conflict.contains("status 4"), "\(conflict)")
            #expect(try refusal(server, "apply", "-f", files).contains("status 4"))
            #expect(try server.roost("get", "pc-1", "loader") == "grub\n")
            // Taken into the files, with their comments.
            try server.roost("export", "--output", files)
            #expect(try text("fleet/groups.yaml").contains("loader: grub"))
            #expect(try text("fleet/nodes.yaml").contains("  # By the window.\n"))
            try server.roost("apply", "-f", files)

            try write("source: school\n", "fleet/nodes.yaml")
            #expect(try refusal(server, "plan", "-f", files).contains("node pc-2 (--prune removes it)"))
            try server.roost("apply", "-f", files, "--prune")
            #expect(!(try server.roost("node", "list")).contains("pc-"))

            try write("nodes:\n  - name: pc-3\n    grup: /school\n", "fleet/nodes.yaml")
            let wrong = try refusal(server, "apply", "-f", files)
            #expect(wrong.contains("nodes.yaml:3: unknown key ‘grup’; did you mean ‘group’?"), "\(wrong)")
            #expect(wrong.contains("status 1"))
            try hooksAreFiles(server)
            try BootLab.run(
                "sh",
                [
                    "-euc", "\"$1\" schema | python3 -c 'import json, sys; json.load(sys.stdin)'", "sh",
                    BootLab.roost,
                ])
        }

        /// A web hook of a file sends what its secret says, and no export has that.
        private func hooksAreFiles(_ server: CenterServer) throws {
            try write(
                """
                import http.server, sys
                class Hook(http.server.BaseHTTPRequestHandler):
                    def do_POST(self):
                        body = self.rfile.read(int(self.headers['Content-Length']))
                        self.send_response(204); self.end_headers()
                        print(self.path, self.headers['Authorization'], self.headers['X-Roost-Signature'][:7], body.decode())
                        sys.stdout.flush()
                    def log_message(self, *a): pass
                server = http.server.HTTPServer(('127.0.0.1', 0), Hook)
                print(server.server_port); sys.stdout.flush()
                server.timeout = 30
                server.handle_request()
                """, "hook.py")
            let output = "\(directory)/hook.out"
            try Data().write(to: URL(fileURLWithPath: output))
            let receiver = Process()
            receiver.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
            receiver.arguments = ["\(directory)/hook.py"]
            receiver.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
            try receiver.start()
            defer { kill(receiver.processIdentifier, SIGKILL) }
            func lines() -> [Substring] {
                ((try? String(contentsOfFile: output, encoding: .utf8)) ?? "").split(separator: "\n")
            }
            try Pace.wait(20, until: "the receiver has a port", state: { "" }) { !lines().isEmpty }
            let address = "http://127.0.0.1:\(lines()[0])"
            for name in ["hook-key", "hook-token"] {
                try write("Bearer word-of-\(name)\n", name)
                try server.roost(
                    "secret", "add", name, "@\(directory)/\(name)", "--receiver", address)
            }
            try write(
                """
                source: hooks
                hooks:
                  - name: chat
                    url: \(address)/events
                    kinds: [configuration]
                    key: hook-key
                    authorization: hook-token
                """, "hooks.yaml")
            try server.roost("apply", "-f", "\(directory)/hooks.yaml")
            #expect(try refusal(server, "plan", "-f", "\(directory)/hooks.yaml").contains("status 0"))
            try server.roost("group", "add", "/hooked")
            try Pace.wait(
                20, until: "an event has come", state: { (try? server.roost("hook", "list")) ?? "" }
            ) {
                lines().count > 1
            }
            let came = lines().last ?? ""
            #expect(came.hasPrefix("/events Bearer word-of-hook-token sha256= {"), "\(came)")
            #expect(came.contains("configuration"))
            let export = try server.roost("export")
            #expect(export.contains("\"hook-token\"") && !export.contains("word-of"), "\(export)")
            try write(text("hooks.yaml").replacing("127.0.0.1", with: "127.0.0.2"), "moved.yaml")
            let moved = try refusal(server, "plan", "-f", "\(directory)/moved.yaml")
            #expect(moved.contains("moved.yaml:") && moved.contains("status 1"), "\(moved)")
            try server.roost("hook", "rm", "chat")
        }

        @Test func `a watched directory is the truth, and a mistake in it changes nothing`() throws {
            try write("groups:\n  - path: /lab\n    settings: {loader: ipxe}\n", "lab.yaml")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: directory)
            let server = try CenterServer("fleet-files: [{path: \(directory), source: lab, prune: yes}]")
            defer { server.stop() }
            #expect(try server.roost("group", "list").contains("/lab"))
            #expect(try server.roost("history").contains("source lab"))
            try write(
                "groups:\n  - path: /lab\n    settings: {loader: grub}\n  - path: /lab/one\n", "lab.yaml")
            try Pace.wait(10, until: "the change counts") {
                try server.roost("group", "list").contains("/lab/one")
            }
            try write("groups:\n  - path: /lab\n    settings: {lodaer: grub}\n", "lab.yaml")
            try Pace.wait(10, until: "the mistake is told") {
                try server.roost("status").contains("lab.yaml:3: there is no setting ‘lodaer’")
            }
            #expect(try server.roost("source", "list").contains("refused"))
            #expect(try server.roost("group", "list").contains("/lab/one"))
            try write("groups:\n  - path: /lab\n", "lab.yaml")
            try Pace.wait(10, until: "what is named no more is gone") {
                try !server.roost("group", "list").contains("/lab/one")
            }
            #expect(!(try server.roost("status")).contains("lodaer"))
        }
    }
}
