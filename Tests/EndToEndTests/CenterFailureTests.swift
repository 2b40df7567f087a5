import Foundation
import Testing

extension EndToEnd.Servers {
    /// The control center when the machine under it fails.
    @Suite struct CenterFailureTests {
        @Test
        func `acknowledged changes survive a kill, and none is half done`()
            throws
        {
            let server = try CenterServer()
            defer { server.stop() }
            var acknowledged = 0
            for round in 1...4 {
                let script = """
                    for i in $(seq \(round)0001 \(round)9999); do
                      curl -sf -m 5 --unix-socket \(server.directory)/socket/api.sock -X PUT -d "{\\"name\\": \\"n$i\\", \\"macAddresses\\": []}" \
                        http://roost/api/v1/nodes/n$i >/dev/null || exit
                      echo n$i
                    done
                    """
                let log = "\(server.directory)/acknowledged"
                let changes = try Background("/bin/sh", ["-c", script], log: log)
                func names() throws -> [String] {
                    try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").map(String.init)
                }
                try Pace.wait(20, until: "20 changes were acknowledged") { try names().count >= 20 * round }
                server.kill()
                changes.end()
                let known = try names()
                acknowledged += known.count
                try #require(known.count >= 20 * round)
                try server.startAgain()
                let nodes = Set(
                    try server.roost("node", "list").split(separator: "\n").compactMap {
                        $0.split(separator: " ").first.map(String.init)
                    })
                for name in known { #expect(nodes.contains(name), "\(name) was acknowledged") }
                // The last change may have been stored without its client getting an answer.
                let count = nodes.count { $0.hasPrefix("n") && $0.count == 6 }
                #expect((acknowledged...acknowledged + round).contains(count))
                acknowledged = count
                // Each has its revision, with before and after: all can be undone.
                let newest = try #require(
                    try server.roost("history").split(separator: "\n").dropFirst().first)
                let number = try #require(newest.split(separator: " ").first)
                try server.roost("undo", String(number))
                acknowledged -= 1
            }
        }

        @Test
        func `a full disk refuses changes, says so, loses nothing, and changes resume when there is room`()
            throws
        {
            var mounted = ""
            let server = try CenterServer { directory in
                mounted = "\(directory)/state"
                try FileManager.default.createDirectory(atPath: mounted, withIntermediateDirectories: true)
                try BootLab.run("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", mounted])
            }
            defer {
                try? server.end()
                _ = try? BootLab.run("umount", [mounted])
                server.stop()
            }
            try server.addAdministrator("ann", "admin")
            try server.roost("node", "add", "before", "--mac", "52:54:00:00:06:01")
            try BootLab.run("sh", ["-c", "cat /dev/zero >\(mounted)/filler 2>/dev/null || true"])
            var refusal = ""
            // The journal has some room of its own at first.
            for index in 0..<300 where refusal.isEmpty {
                do { try server.roost("group", "add", "/g\(index)") } catch { refusal = "\(error)" }
            }
            #expect(refusal.contains("is full"), "\(refusal)")
            let groups = try server.roost("group", "list")
            #expect(try server.roost("node", "list").contains("before"))
            #expect(try server.ask("GET", "/login").status == 200)
            let token = try? server.token("ann")
            #expect(token == nil)
            try FileManager.default.removeItem(atPath: "\(mounted)/filler")
            #expect(try server.roost("group", "list") == groups)
            try server.roost("group", "add", "/after")
            #expect(try server.token("ann").hasPrefix("roost_"))
            try server.end()
            try server.startAgain()
            #expect(try server.roost("group", "list").contains("/after"))
            #expect(try server.roost("node", "list").contains("before"))
        }
    }
}
