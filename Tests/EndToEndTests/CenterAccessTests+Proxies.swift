import Foundation
import Testing

/// nginx and HAProxy in front of a control center.
private final class Proxies {
    private static let programs = "\(BootLab.repository)/.build/proxies"

    let directory: String
    let port: Int
    let secondPort: Int
    private var running: [Background] = []

    init() throws {
        directory = NSTemporaryDirectory() + "roost-proxies-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        (port, secondPort) = (try CenterServer.freePort(), try CenterServer.freePort())
    }

    func stop() {
        running.removeAll()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Waits until the proxies forward connections on all of `ports`.
    func wait(for ports: [Int], of server: CenterServer) throws {
        for port in ports {
            try Pace.wait(20, until: "the proxy hands on", state: { self.log }) {
                (try? server.ask("GET", "https://127.0.0.1:\(port)/login").status) == 200
            }
        }
    }

    var log: String { (try? String(contentsOfFile: "\(directory)/log", encoding: .utf8)) ?? "" }

    private func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }

    /// HTTPS by nginx, which speaks HTTP to `place`, as in the guide.
    func startNginx(before place: String, certificate: String, key: String) throws {
        try write(
            "nginx.conf",
            """
            user root; daemon off; master_process off; pid \(directory)/pid; error_log stderr;
            events {}
            http {
              access_log off;
              client_body_temp_path \(directory)/body; proxy_temp_path \(directory)/proxy;
              fastcgi_temp_path \(directory)/fastcgi; uwsgi_temp_path \(directory)/uwsgi;
              scgi_temp_path \(directory)/scgi;
              server {
                listen 127.0.0.1:\(port) ssl;
                ssl_certificate \(certificate); ssl_certificate_key \(key);
                location / {
                  proxy_pass http://\(place);
                  proxy_set_header Host $http_host;
                  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                  proxy_set_header X-Forwarded-Proto $scheme;
                  proxy_set_header Forwarded "";
                }
              }
            }
            """)
        running.append(
            try Background(
                "\(Self.programs)/usr/sbin/nginx", ["-p", directory, "-c", "\(directory)/nginx.conf"],
                log: "\(directory)/log"))
    }

    /// Connections that HAProxy forwards unchanged from `source`: version 1 on `port`, version 2 on `secondPort`.
    func startHAProxy(before place: String, source: String) throws {
        try write(
            "haproxy.cfg",
            """
            defaults
              mode tcp
              timeout connect 10s
              timeout client 60s
              timeout server 60s
            listen first
              bind 127.0.0.1:\(port)
              server roost \(place) send-proxy source \(source)
            listen second
              bind 127.0.0.1:\(secondPort)
              server roost \(place) send-proxy-v2 check check-send-proxy source \(source)

            """)
        running.append(
            try Background(
                "\(Self.programs)/usr/sbin/haproxy", ["-db", "-f", "\(directory)/haproxy.cfg"],
                environment: ["LD_LIBRARY_PATH": "\(Self.programs)/usr/lib/x86_64-linux-gnu"],
                log: "\(directory)/log"))
    }
}

extension EndToEnd.Servers.CenterAccessTests {
    /// The answer to a log-in from `address` at one of `server`'s ports.
    private func logIn(
        _ server: CenterServer, at port: Int, from address: String, _ name: String, _ password: String
    ) throws -> CenterServer.Answer {
        try server.ask(
            "POST", "https://127.0.0.1:\(port)/login",
            extra: [
                "--interface", address, "--data-urlencode", "name=\(name)", "--data-urlencode",
                "password=\(password)",
            ])
    }

    @Test
    func `behind nginx clients have their own addresses, cookies are Secure, and events arrive at once`()
        throws
    {
        let plain = try CenterServer.freePort()
        let server = try CenterServer("  http: \"[::1]:\(plain)\"\n  proxies: [\"::1\"]")
        defer { server.stop() }
        try server.addAdministrator("ann", "admin")
        let proxies = try Proxies()
        defer { proxies.stop() }
        let keys = "\(server.directory)/state/center"
        try proxies.startNginx(
            before: "[::1]:\(plain)", certificate: "\(keys)/certificate.pem", key: "\(keys)/key.pem")
        try proxies.wait(for: [proxies.port], of: server)
        for number in 0..<31 {
            _ = try logIn(server, at: proxies.port, from: "127.0.0.66", "guess-\(number)", "wrong")
        }
        let closed = try logIn(server, at: proxies.port, from: "127.0.0.66", "ann", CenterServer.password)
        #expect(closed.status == 429)
        let opened = try logIn(server, at: proxies.port, from: "127.0.0.7", "ann", CenterServer.password)
        #expect(opened.status == 303, "\(opened) \(proxies.log)")
        let cookie = try #require(opened.headers.firstMatch(of: /Set-Cookie: (roost=[^;]+);([^\r]+)/))
        #expect(cookie.2.contains("; Secure"))
        #expect(opened.headers.contains("Strict-Transport-Security"))

        let heard = "\(proxies.directory)/events"
        let listener = try Background(
            "/usr/bin/curl",
            [
                "-sN", "--cacert", server.authority, "-H", "Cookie: \(cookie.1)",
                "https://127.0.0.1:\(proxies.port)/api/v1/events",
            ], log: heard)
        defer { listener.end() }
        // Repeated until one arrives: the listener may miss the first.
        var number = 0
        try Pace.wait(20, until: "an event is heard", state: { proxies.log }) {
            number += 1
            try server.roost("group", "add", "/room-\(number)")
            return try String(contentsOfFile: heard, encoding: .utf8).contains("event: configuration")
        }
    }

    @Test func `behind HAProxy the PROXY protocol names the client, and only the proxy may use it`()
        throws
    {
        let server = try CenterServer("  proxies: [127.0.0.9]\n  proxy-protocol: yes")
        defer { server.stop() }
        try server.addAdministrator("ann", "admin")
        let proxies = try Proxies()
        defer { proxies.stop() }
        try proxies.startHAProxy(before: "127.0.0.1:\(server.port)", source: "127.0.0.9")
        try proxies.wait(for: [proxies.port, proxies.secondPort], of: server)
        for (port, stranger) in [(proxies.port, "127.0.0.66"), (proxies.secondPort, "127.0.0.67")] {
            for _ in 0..<5 {
                #expect(try logIn(server, at: port, from: stranger, "ann", "wrong").status == 401)
            }
            #expect(try logIn(server, at: port, from: stranger, "ann", CenterServer.password).status == 429)
            let opened = try logIn(server, at: port, from: "127.0.0.7", "ann", CenterServer.password)
            #expect(opened.status == 303, "\(opened) \(proxies.log)")
            #expect(opened.headers.contains("__Host-roost="))
        }
        // Others connect without a header; a connection with one does not speak TLS.
        #expect(
            try logIn(server, at: server.port, from: "127.0.0.7", "ann", CenterServer.password).status == 303)
        let forged = """
            import socket
            s = socket.create_connection(('127.0.0.1', \(server.port)), 10)
            s.sendall(b'PROXY TCP4 127.0.0.7 127.0.0.1 1 2\\r\\n')
            try: print(s.recv(1000))
            except OSError: print(b"")
            """
        // A TLS alert at most, or the words for clients that speak plain HTTP.
        let answer = try BootLab.run("python3", ["-c", forged])
        #expect(answer.count < 80 || answer.contains("this port is for HTTPS only"), "\(answer)")
    }
}
