import Foundation
import Testing

extension EndToEnd.Servers {
    /// Permissions over HTTPS, and what hostile clients can reach.
    @Suite struct CenterAccessTests {
        private let server: CenterServer
        private let tokens: [String: String]

        /// One server with an administrator for each role, for all tests of the suite.
        private static let shared = Result {
            let server = try CenterServer()
            try server.addAdministrator("ann", "admin")
            for role in ["operator", "helpdesk", "auditor"] { try server.addAdministrator(role, role) }
            try server.roost("group", "add", "/school")
            try server.roost("group", "add", "/office")
            try server.roost("node", "add", "pc-1", "--mac", "52:54:00:00:03:01", "--group", "/school")
            try server.roost("node", "add", "desk-1", "--mac", "52:54:00:00:03:02", "--group", "/office")
            try server.addAdministrator("teacher", "operator@/school")
            var tokens: [String: String] = [:]
            for name in ["ann", "operator", "helpdesk", "auditor", "teacher"] {
                tokens[name] = try server.token(name)
            }
            return (server, tokens)
        }

        init() throws { (server, tokens) = try Self.shared.get() }

        /// `RoleMatrixTests` requests every route with every role, without a network. These tests show that the server itself behaves the
        /// same.
        @Test(arguments: [
            ("GET", "/api/v1/nodes", nil, 401), ("GET", "/api/v1/nodes", "wrong", 401),
            ("GET", "/api/v1/nodes", "helpdesk", 200), ("GET", "/api/v1/revisions", "helpdesk", 403),
            ("GET", "/api/v1/revisions", "auditor", 200), ("POST", "/api/v1/groups", "auditor", 403),
            ("GET", "/api/v1/administrators", "operator", 403),
            ("GET", "/api/v1/administrators", "ann", 200), ("POST", "/api/v1/replication", "teacher", 403),
            ("DELETE", "/api/v1/nodes/desk-1", "teacher", 403), ("GET", "/history", "helpdesk", 403),
            ("GET", "/nodes/desk-1", "teacher", 403), ("GET", "/nodes/pc-1", "teacher", 200),
        ])
        func `permissions over HTTPS match the role matrix`(
            method: String, path: String, name: String?, status: Int
        ) throws {
            let token = name.map { tokens[$0] ?? "roost_\($0)" }
            let body = method == "POST" ? #"{"path":"/forbidden"}"# : nil
            #expect(try server.ask(method, path, token: token, body: body).status == status)
        }

        @Test(arguments: [("/", nil), ("/nodes/pc-1", nil), ("/history/1", "roost_wrong")])
        func `pages send visitors without a log-in to the log-in page`(path: String, token: String?) throws {
            let answer = try server.ask("GET", path, token: token, extra: ["-H", "Accept: text/html"])
            #expect(answer.status == 303)
            #expect(answer.headers.contains("Location: /login?back="))
            #expect(try server.ask("GET", path, token: token).status == 401)
        }

        @Test func `a role in one group reaches nothing in another`() throws {
            let teacher = tokens["teacher"]
            func change(_ edit: String) throws -> Int {
                try server.ask("POST", "/api/v1/changes", token: teacher, body: "{\"edits\":[\(edit)]}")
                    .status
            }
            #expect(try change(#"{"settings":{"target":"/school","set":{"loader":"ipxe"}}}"#) == 200)
            #expect(try change(#"{"settings":{"target":"/office","set":{"loader":"ipxe"}}}"#) == 403)
            #expect(try change(#"{"settings":{"target":"/","set":{"loader":"ipxe"}}}"#) == 403)
            #expect(try change(#"{"settings":{"target":"desk-1","set":{"loader":"ipxe"}}}"#) == 403)
            #expect(try change(#"{"removeNode":"desk-1"}"#) == 403)
            // Neither by moving one's own node out nor another's in.
            #expect(
                try change(
                    #"{"node":{"name":"pc-1","group":"/office","macAddresses":["52:54:00:00:03:01"]}}"#)
                    == 403)
            #expect(
                try change(
                    #"{"node":{"name":"desk-1","group":"/school","macAddresses":["52:54:00:00:03:02"]}}"#)
                    == 403)
            #expect(try change(#"{"rule":{"name":"all","priority":0,"condition":"","settings":{}}}"#) == 403)
            #expect(try server.ask("GET", "/api/v1/nodes/desk-1", token: teacher).status == 403)
            let list = try server.ask("GET", "/api/v1/nodes", token: teacher).body
            #expect(list.contains("pc-1") && !list.contains("desk-1"))
            #expect(try !server.ask("GET", "/api/v1/groups", token: teacher).body.contains("office"))
            let history = try server.ask("GET", "/api/v1/revisions?limit=1000", token: teacher).body
            #expect(history.contains("node pc-1 added") && !history.contains("desk-1"))
            let plan = #"{"edits":[{"settings":{"target":"/office","set":{"loader":"ipxe"}}}]}"#
            #expect(try server.ask("POST", "/api/v1/plan", token: teacher, body: plan).status == 403)
        }

        @Test func `a lost role is lost in existing tokens as well`() throws {
            try server.addAdministrator("leaver", "operator")
            let token = try server.token("leaver")
            #expect(try server.ask("GET", "/api/v1/revisions", token: token).status == 200)
            try server.roost("admin", "add", "leaver", "helpdesk")
            #expect(try server.ask("GET", "/api/v1/revisions", token: token).status == 403)
            try server.roost("admin", "rm", "leaver")
            #expect(try server.ask("GET", "/api/v1/nodes", token: token).status == 401)
        }

        @Test func `two writers do not overwrite each other`() throws {
            let admin = tokens["ann"]
            let answer = try server.ask("GET", "/api/v1/nodes/pc-1", token: admin)
            let tag = try #require(answer.headers.firstMatch(of: /(?i)etag: (\S+)/)?.1)
            let body =
                #"{"name":"pc-1","group":"/school","macAddresses":["52:54:00:00:03:01"],"tags":["mine"]}"#
            func put() throws -> Int {
                try server.ask(
                    "PUT", "/api/v1/nodes/pc-1", token: admin, body: body, extra: ["-H", "If-Match: \(tag)"]
                ).status
            }
            #expect(try put() == 200)
            #expect(try put() == 412)
        }

        // MARK: Browsers

        /// Logs in with curl and returns the cookie and the session's CSRF token.
        private func session(_ name: String) throws -> (cookie: String, token: String) {
            let answer = try server.ask(
                "POST", "/login",
                extra: [
                    "--data-urlencode", "name=\(name)", "--data-urlencode",
                    "password=\(CenterServer.password)",
                ])
            let cookie = try #require(answer.headers.firstMatch(of: /Set-Cookie: (__Host-roost=[^;]+)/)?.1)
            let page = try server.ask(
                "GET", "/", extra: ["-H", "Cookie: \(cookie)", "-H", "Accept: text/html"])
            let token = try #require(page.body.firstMatch(of: /data-csrf="([^"]+)"/)?.1)
            return (String(cookie), String(token))
        }

        @Test func `a form without the session's token changes nothing`() throws {
            let (cookie, token) = try session("ann")
            func add(_ name: String, _ csrf: String?) throws -> Int {
                var fields = ["--data-urlencode", "parent=/", "--data-urlencode", "name=\(name)"]
                if let csrf { fields += ["--data-urlencode", "csrf=\(csrf)"] }
                return try server.ask("POST", "/groups/add", extra: ["-H", "Cookie: \(cookie)"] + fields)
                    .status
            }
            #expect(try add("forged", nil) == 403)
            #expect(try add("forged", "wrong") == 403)
            #expect(try add("honest", token) == 303)
            let other = try session("operator").token
            #expect(try add("forged", other) == 403)
            let groups = try server.roost("group", "list")
            #expect(groups.contains("honest") && !groups.contains("forged"))
            // The same for the API with a browser's cookie.
            let body = #"{"path":"/forged"}"#
            #expect(
                try server.ask("POST", "/api/v1/groups", body: body, extra: ["-H", "Cookie: \(cookie)"])
                    .status == 403)
        }

        @Test func `five wrong passwords lock the name for that address, even with the right one`() throws {
            try server.addAdministrator("victim", "auditor")
            func logIn(_ password: String) throws -> Int {
                try server.ask(
                    "POST", "/login",
                    extra: ["--data-urlencode", "name=victim", "--data-urlencode", "password=\(password)"]
                ).status
            }
            #expect(try logIn(CenterServer.password) == 303)
            for _ in 0..<5 { #expect(try logIn("wrong password") == 401) }
            #expect(try logIn(CenterServer.password) == 429)
            // Others can still log in.
            _ = try session("ann")
        }

        @Test func `names that look like scripts stay text`() throws {
            let script = "<script>document.title='broken'</script>"
            let admin = tokens["ann"]
            func change(_ settings: String) throws -> Int {
                let body = """
                    {"edits":[{"settings":{"target":"/office","set":{\(settings)}}}],"summary":"\(script)"}
                    """
                return try server.ask("POST", "/api/v1/changes", token: admin, body: body).status
            }
            #expect(try change(#""files":{"/etc/motd":"\#(script)"}"#) == 200)
            // A loader would obey these.
            #expect(try change(#""kernel-arguments":["a=<img/src=x/onerror=document.title=1>"]"#) == 422)
            let browser = try Browser()
            defer { browser.quit() }
            try browser.logIn(to: server.base + "/login", as: "ann")
            try browser.waitFor("Dashboard")
            for path in [
                "/groups?path=/office", "/nodes/desk-1", "/history", "/nodes?q=\(script)",
                "/login?back=\(script)",
            ] {
                try browser.open(server.base + path)
                #expect(browser.title.hasSuffix("Roost"), "\(path)")
            }
            #expect(browser.text.contains("Log in to Roost"))
        }

        // MARK: Hostile clients

        @Test(arguments: [
            ("/../etc/passwd", 404), ("/assets/../../etc/passwd", 404),
            ("/assets/%2e%2e/%2e%2e/etc/passwd", 404),
            ("/nodes/%2e%2e%2fetc", 401), ("/api/v1/nodes/%zz", 401), ("/%00", 404),
        ])
        func `path traversal leads nowhere`(path: String, status: Int) throws {
            #expect(try server.ask("GET", path, extra: ["--path-as-is"]).status == status)
        }

        @Test func `bodies that are too large or not JSON are refused, and the server stays up`() throws {
            let admin = tokens["ann"]
            let large = "\(server.directory)/large"
            try BootLab.run("env", ["truncate", "-s", "20M", large])
            let answer = try server.ask(
                "POST", "/api/v1/changes", token: admin,
                extra: ["-H", "Content-Type: application/json", "--data-binary", "@\(large)"])
            #expect(answer.status == 413)
            for body in ["", "[]", "{\"edits\":{}}", "\u{FF}", String(repeating: "[", count: 100_000)] {
                let status = try server.ask("POST", "/api/v1/changes", token: admin, body: body).status
                #expect(status == 422, "\(body.prefix(20))")
            }
            // Without a log-in the limit is lower.
            let form = "name=ann&password=\(String(repeating: "x", count: 20_000))"
            let posted = try server.ask(
                "POST", "/login",
                extra: ["-H", "Content-Type: application/x-www-form-urlencoded", "--data-binary", form])
            #expect(posted.status == 413)
            #expect(try server.ask("GET", "/api/v1/status", token: admin).status == 200)
        }

        @Test func `other users of the host cannot read the state`() throws {
            let seen = try BootLab.run(
                "sh",
                [
                    "-c",
                    "setpriv --reuid=daemon --regid=daemon --clear-groups find '\(server.directory)/state' -mindepth 1 2>&1 || true",
                ])
            #expect(seen.contains("Permission denied") && !seen.contains("sqlite"), "\(seen)")
        }

        @Test func `slow and malformed clients are disconnected`() throws {
            let script = """
                import socket, ssl, sys, time
                context = ssl.create_default_context(cafile=sys.argv[2])
                def connect():
                    raw = socket.create_connection(('127.0.0.1', int(sys.argv[1])), timeout=20)
                    return context.wrap_socket(raw, server_hostname='127.0.0.1')
                slow = [connect() for _ in range(100)]
                for one in slow: one.sendall(b'GET / HT')
                crooked = [b'GET / HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\n',
                           b'POST /login HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: -1\\r\\n\\r\\n',
                           b'POST /login HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1\\r\\nContent-Length: 2\\r\\n\\r\\nab',
                           b'GET / HTTP/1.1\\r\\nHost: a\\r\\nA: ' + b'x' * 200000 + b'\\r\\n\\r\\n',
                           b'GET /login HTTP/1.1\\r\\n\\r\\n',
                           b'GET /login HTTP/1.1\\r\\nHost: a\\r\\nHost: b\\r\\n\\r\\n',
                           b'\\x00' * 1000]
                for bytes in crooked:
                    one = connect(); one.sendall(bytes)
                    answer = one.recv(4096)
                    print(answer[:12].decode('latin1') or 'closed')
                """
            let answers = try BootLab.run(
                "env", ["/usr/bin/python3", "-c", script, String(server.port), server.authority]
            ).split(separator: "\n")
            #expect(answers.count == 7)
            for answer in answers { #expect(!answer.contains("200") && !answer.contains(" 5"), "\(answer)") }
            #expect(try server.ask("GET", "/login").status == 200)
        }

        @Test func `health needs no authentication, metrics do, and a Prometheus client reads them`() throws {
            #expect(try server.ask("GET", "/healthz").body == "ok\n")
            #expect(try server.ask("GET", "/readyz").status == 200)
            #expect(try server.ask("GET", "/metrics").status == 401)
            let metrics = try server.ask("GET", "/metrics", token: tokens["auditor"])
            #expect(metrics.status == 200)
            let file = "\(server.directory)/metrics"
            try Data(metrics.body.utf8).write(to: URL(fileURLWithPath: file))
            let parse = """
                import sys
                from prometheus_client.parser import text_string_to_metric_families as parse
                print(len(list(parse(open(sys.argv[1]).read()))))
                """
            let families = try BootLab.run(
                "env",
                ["PYTHONPATH=\(BootLab.repository)/.build/python", "/usr/bin/python3", "-c", parse, file])
            #expect(Int(families.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 >= 8)
            #expect(metrics.body.contains("roost_nodes{state=\"unseen\"} 2"))
            // Every series of the dashboard is there, or appears with the first boot.
            let dashboard = try String(
                contentsOfFile: "\(BootLab.repository)/Packaging/grafana/roost.json", encoding: .utf8)
            let later = ["roost_boot_seconds", "roost_boot_stage_seconds", "roost_root_connections"]
            for match in dashboard.matches(of: /(roost_[a-z_]+|process_[a-z_]+)\{/)
            where !later.contains(String(match.1)) {
                #expect(
                    metrics.body.contains("\n\(match.1)") || metrics.body.hasPrefix("\(match.1)"),
                    "\(match.1)")
            }
        }

        @Test func `a web hook gets events, signed, and repeated until it answers`() throws {
            let script = """
                import hashlib, hmac, http.server, json, sys
                class Hook(http.server.BaseHTTPRequestHandler):
                    count = 0
                    def do_POST(self):
                        body = self.rfile.read(int(self.headers['Content-Length']))
                        Hook.count += 1
                        # The first delivery is refused, so that it must be repeated.
                        self.send_response(500 if Hook.count == 1 else 204); self.end_headers()
                        print(json.dumps({'time': self.headers['X-Roost-Time'], 'body': body.decode(),
                              'signature': self.headers['X-Roost-Signature'], 'number': self.headers['X-Roost-Delivery']}))
                        sys.stdout.flush()
                    def log_message(self, *a): pass
                server = http.server.HTTPServer(('127.0.0.1', 0), Hook)
                print(server.server_port); sys.stdout.flush()
                server.timeout = 30
                for _ in range(2): server.handle_request()
                """
            let output = "\(server.directory)/hook.out"
            try Data(script.utf8).write(to: URL(fileURLWithPath: "\(server.directory)/hook.py"))
            try Data().write(to: URL(fileURLWithPath: output))
            let receiver = Process()
            receiver.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
            receiver.arguments = ["\(server.directory)/hook.py"]
            receiver.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
            try receiver.start()
            defer { kill(receiver.processIdentifier, SIGKILL) }
            func lines() -> [String] {
                ((try? String(contentsOfFile: output, encoding: .utf8)) ?? "").split(separator: "\n").map(
                    String.init)
            }
            func wait(_ count: Int) throws {
                try Pace.wait(
                    20, until: "\(count) deliveries have come",
                    state: {
                        "\(lines()) \(server.log.suffix(1500)) \((try? server.roost("hook", "list")) ?? "")"
                    }
                ) { lines().count >= count }
            }
            try wait(1)
            let secret = try server.roost(
                "hook", "add", "http://127.0.0.1:\(lines()[0])/", "--kind", "configuration"
            )
            .trimmingCharacters(in: .whitespacesAndNewlines)
            try server.roost("group", "add", "/hooked")
            try wait(3)
            struct Delivery: Decodable { var time, body, signature, number: String }
            let deliveries = try lines().dropFirst().map {
                try JSONDecoder().decode(Delivery.self, from: Data($0.utf8))
            }
            #expect(deliveries[0].number == deliveries[1].number)
            #expect(deliveries[1].body.contains("\"kind\":\"configuration\""))
            let check =
                "import hmac,sys;print('sha256='+hmac.new(sys.argv[1].encode(),sys.argv[2].encode(),'sha256').hexdigest())"
            let wanted = try BootLab.run(
                "env", ["python3", "-c", check, secret, "\(deliveries[1].time).\(deliveries[1].body)"])
            #expect(wanted.trimmingCharacters(in: .whitespacesAndNewlines) == deliveries[1].signature)
            #expect(try server.roost("hook", "list").contains("204"))
            try server.roost("hook", "rm", "1")
        }

        // MARK: External checkers

        @Test func `schemathesis finds no 500 and no undocumented answer`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            try server.addAdministrator("ann", "admin")
            try server.roost("group", "add", "/school")
            try server.roost("node", "add", "pc-1", "--mac", "52:54:00:00:03:01", "--group", "/school")
            // Two versions under the name that the document uses as its example.
            try server.importTwoVersions()
            try server.roost("image", "tag", "debian@2", "golden")
            let token = try server.token("ann")
            // Requests that can remove the checker's own rights come last: undoing the revision of its token does, too.
            let own = ["putAdministrator", "deleteAdministrator", "deleteToken", "undo"]
            try judge(server, token, own.map { "--exclude-operation-id \($0)" } + ["--exclude-path /events"])
            // Each of its starts takes seconds.
            if Extent.isSample { return }
            try judge(server, token, own.map { "--include-operation-id \($0)" })
        }

        /// Runs schemathesis; its complaints become the error.
        private func judge(_ server: CenterServer, _ token: String, _ selection: [String]) throws {
            let report = "\(server.directory)/schemathesis"
            // The boundaries of every parameter are most of the requests.
            let (phases, count) = Extent.isSample ? ("examples", 1) : ("examples,coverage,fuzzing", 5)
            let checks = "not_a_server_error,status_code_conformance,content_type_conformance"
            try BootLab.run(
                "env",
                [
                    "PYTHONPATH=\(BootLab.repository)/.build/python", "sh", "-c",
                    """
                    /usr/bin/python3 -m schemathesis.cli run '\(server.base)/api/v1/openapi.yaml' \
                    --url '\(server.base)/api/v1' -H 'Authorization: Bearer \(token)' --tls-verify '\(server.authority)' \
                    --checks \(checks),response_schema_conformance,response_headers_conformance \
                    \(selection.joined(separator: " ")) --phases \(phases) --max-examples \(count) --seed 1 \
                    --no-color --generation-database none --request-timeout 20 > \(report) 2>&1 \
                    || { tail -c 3500 \(report); exit 1; }
                    """,
                ])
        }
    }
}
