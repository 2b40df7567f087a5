import Foundation
import Testing

extension EndToEnd.Servers.CenterAccessTests {
    @Test func `a renewed certificate is used without a restart`() throws {
        let server = try CenterServer()
        defer { server.stop() }
        func shown() throws -> String {
            try BootLab.run(
                "env",
                [
                    "sh", "-c",
                    "openssl s_client -connect 127.0.0.1:\(server.port) </dev/null 2>/dev/null | openssl x509 -noout -serial",
                ])
        }
        let (before, authority) = (try shown(), try String(contentsOfFile: server.authority, encoding: .utf8))
        // As after a move: it names other hosts than the server's.
        let names = "\(server.directory)/state/center/names"
        try Data("elsewhere".utf8).write(to: URL(fileURLWithPath: names))
        server.reload()
        try Pace.wait(50, until: "another certificate is shown", state: { String(server.log.suffix(800)) }) {
            try shown() != before
        }
        #expect(try server.ask("GET", "/login").status == 200)
        #expect(try String(contentsOfFile: server.authority, encoding: .utf8) == authority)
        #expect(
            try BootLab.run("stat", ["-c", "%a %U", "\(server.directory)/state/center/key.pem"])
                == "640 root\n")
    }
}
