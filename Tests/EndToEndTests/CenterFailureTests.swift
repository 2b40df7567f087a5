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

        /// A server on a small disk that follows two files on another small one.
        private func followed(_ body: (CenterServer, _ state: String, _ files: String) throws -> Void) throws
        {
            let files = "\(NSTemporaryDirectory())roost-files-\(UUID())"
            let (fleet, kept) = ("\(files)/fleet.yaml", "\(files)/lts.conf")
            try FileManager.default.createDirectory(atPath: files, withIntermediateDirectories: true)
            try BootLab.run("mount", ["-t", "tmpfs", "-o", "size=256k,mode=755", "tmpfs", files])
            defer {
                _ = try? BootLab.run("umount", ["-l", files])
                try? FileManager.default.removeItem(atPath: files)
            }
            try Self.fleet(["a1"]).write(toFile: fleet, atomically: false, encoding: .utf8)
            try "[Default]\nXKBLAYOUT=de\n".write(toFile: kept, atomically: false, encoding: .utf8)
            var state = ""
            let server = try CenterServer(
                "fleet-files: [{path: \(fleet), source: office, prune: yes}]\nkept-files: [{path: \(kept)}]"
            ) { directory in
                state = "\(directory)/state"
                try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
                try BootLab.run("mount", ["-t", "tmpfs", "-o", "size=48m", "tmpfs", state])
            }
            defer {
                try? server.end()
                _ = try? BootLab.run("umount", ["-l", state])
                server.stop()
            }
            try body(server, state, files)
        }

        private static func fleet(_ names: [String]) -> String {
            "nodes:\n"
                + names.enumerated().map { number, name in
                    let mac = "52:54:00:00:\(10 + number / 90):\(10 + number % 90)"
                    return "  - name: \(name)\n    macAddresses: [\"\(mac)\"]\n"
                }.joined()
        }

        @Test
        func
            `files that are followed lose nothing on a full disk, be it the server's or their own, and count again when there is room`()
            throws
        {
            try followed { server, state, files in
                func fill(_ directory: String) throws {
                    try BootLab.run("sh", ["-c", "cat /dev/zero >\(directory)/filler 2>/dev/null || true"])
                }
                func nodes() throws -> Int {
                    try server.roost("node", "list", "-o", "name").split(separator: "\n").count
                }
                func shown() throws -> String {
                    try server.roost("source", "list") + server.roost("kept-file", "list")
                }
                /// Writes in place, as an editor does, and leaves what there is room for.
                func write(_ text: String, _ name: String) throws {
                    let source = "\(server.directory)/\(name)"
                    try text.write(toFile: source, atomically: false, encoding: .utf8)
                    try BootLab.run("sh", ["-c", "cat \(source) >\(files)/\(name) 2>/dev/null || true"])
                }
                #expect(try nodes() == 1)
                // The server's own disk: it says so, changes nothing, and tries again.
                try fill(state)
                let names = (1...400).map { "a\($0)" }
                try write(Self.fleet(names), "fleet.yaml")
                let comments = (0..<2_000).map { "# \($0) \(UUID())\n" }.joined()
                try write("[Default]\nXKBLAYOUT=fr\n\(comments)", "lts.conf")
                try Pace.wait(20, until: "both are refused", state: { server.log }) {
                    try shown().split(separator: "disk with the state directory is full").count == 3
                }
                #expect(try nodes() == 1)
                try FileManager.default.removeItem(atPath: "\(state)/filler")
                try Pace.wait(30, until: "both count", state: { server.log }) {
                    try nodes() == 400 && !shown().contains("refused")
                }
                // Their own disk: what it cut off does not count, though it can be read, nor when there is room again.
                try fill(files)
                let more = names.map { "\($0)-b" }
                try write(Self.fleet(names + more + more.map { "\($0)-c" }), "fleet.yaml")
                try write(
                    "[Default]\nXKBLAYOUT=it\n\(comments)\(comments)\(comments)[52:54:00:00:10:10]\nXKBLAYOUT=es\n",
                    "lts.conf")
                try Pace.wait(20, until: "both are refused", state: { server.log }) {
                    try shown().split(separator: "its disk is full").count == 3
                }
                try FileManager.default.removeItem(atPath: "\(files)/filler")
                usleep(1_000_000)
                #expect(try nodes() == 400)
                #expect(try shown().contains("its disk is full"))
                try write(Self.fleet(["a1", "a2"]), "fleet.yaml")
                try write("[Default]\nXKBLAYOUT=it\n", "lts.conf")
                try Pace.wait(20, until: "both count", state: { server.log }) {
                    try nodes() == 2 && !shown().contains("refused")
                }
            }
        }
    }
}
