import Foundation
import Testing

extension EndToEnd.Servers {
    /// Two servers: versions are copied from one to the other, complete, signed, and with their names.
    @Suite struct ReplicationTests {
        private func publish(_ root: String, on server: CenterServer, signedBy key: String?) throws -> String
        {
            try BootLab.run(
                BootLab.roost,
                [
                    "image", "import", "copied", root, "--state-directory", "\(server.directory)/state",
                    "--cache", BootLab.cache,
                ] + (key.map { ["--sign", $0] } ?? []),
                environment: ["ROOST_SOCKET": "\(server.directory)/socket/api.sock"])
        }

        private func versions(on server: CenterServer) throws -> [[String: Any]] {
            let data = Data(try server.roost("image", "list", "--json").utf8)
            return try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
        }

        private func inode(_ path: String) throws -> Int? {
            try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        }

        @Test func `a version is copied, resumed after an interruption, verified, signed, and found again`()
            throws
        {
            let first = try CenterServer()
            defer { first.stop() }
            try first.addAdministrator("ann", "admin")
            let token = try first.token("ann", "replica", name: "school-2")
            let root = "\(first.directory)/root"
            // Large enough to be interrupted.
            try TinyRoot(root).add(mebibytes: 60, to: "srv/long")
            defer { try? FileManager.default.removeItem(atPath: root) }

            let key = "\(first.directory)/signing.key"
            let publicKey = try first.roost("image", "key", key).trimmingCharacters(
                in: .whitespacesAndNewlines)
            #expect(throws: CommandFailed.self) { try first.roost("image", "key", "/proc/none") }
            #expect(try publish(root, on: first, signedBy: key).hasPrefix("copied@1 "))
            try first.roost("image", "tag", "copied@1", "exam-2026")
            try first.roost("image", "set", "copied@1", "locale=pt_PT.UTF-8")
            let digest = try #require(try versions(on: first).first?["digest"] as? String)

            let second = try CenterServer(
                """
                image-keys: ["\(publicKey)"]
                server-name: school-2
                image-sources:
                  - url: \(first.base)
                    token-file: \(first.directory)/token
                    certificate: \(first.directory)/ca.pem
                    images: [copied]
                    channels: [stable]
                    limit: 8M
                    every: 5
                """
            ) { _ in
                // The requesting server runs as another user than root.
                try Data(token.utf8).write(to: URL(fileURLWithPath: "\(first.directory)/token"))
                try FileManager.default.copyItem(atPath: first.authority, toPath: "\(first.directory)/ca.pem")
                try BootLab.run("chmod", ["a+r", "\(first.directory)/token", "\(first.directory)/ca.pem"])
            }
            defer { second.stop() }

            // Killed in the middle, it continues where it was, with the same file. Corrupt data is fetched again.
            let partial = "\(second.directory)/state/images/copied/.pulling-\(digest)"
            func received() -> Int {
                let attributes = try? FileManager.default.attributesOfItem(atPath: "\(partial)/root.squashfs")
                return attributes?[.size] as? Int ?? 0
            }
            try Pace.wait(60, until: "the first part has come") { received() > 8 << 20 }
            #expect(try second.roost("image", "pull", "--status").contains(" %"))
            second.kill()
            let before = (byteCount: received(), inode: try inode("\(partial)/root.squashfs"))
            #expect(try !versions(on: first).isEmpty)
            let configuration = "\(second.directory)/roost.yaml"
            // From now on it checks only when told to: problems must not be repaired before they are seen.
            func configure(_ old: String, _ new: String) throws {
                let text = try String(contentsOfFile: configuration, encoding: .utf8)
                try Data(text.replacing(old, with: new).utf8).write(to: URL(fileURLWithPath: configuration))
            }
            try configure("limit: 8M", "limit: 900M")
            try configure("every: 5", "every: 3600")
            try second.startAgain()
            try second.roost("image", "pull")
            let copied = try #require(try versions(on: second).first)
            #expect(copied["digest"] as? String == digest)
            #expect(copied["tags"] as? [String] == ["exam-2026"])
            // Settings have no signature: a server with image-keys takes none.
            #expect(copied["settings"] == nil)
            #expect(try versions(on: first).first?["settings"] != nil)
            let file = "\(second.directory)/state/images/copied/\(digest)/root.squashfs"
            #expect(before.byteCount > 8 << 20)
            #expect(try inode(file) == before.inode)
            #expect(try second.roost("image", "verify").contains("copied@1 is good"))
            #expect(!FileManager.default.fileExists(atPath: partial))

            // Both know where it is.
            #expect(try second.roost("image", "where", "copied").contains("school-2 (this one)"))
            #expect(try second.roost("image", "where", "copied").contains(first.base))
            #expect(try first.roost("image", "where", "copied").contains("school-2"))

            // A version without a signature is not accepted, and the reason is given; once signed, it is copied, and stable moves with it.
            try Data("2\n".utf8).write(to: URL(fileURLWithPath: "\(root)/etc/number"))
            #expect(try publish(root, on: first, signedBy: nil).hasPrefix("copied@2 "))
            try first.roost("image", "promote", "copied@2")
            let refusal = #expect(throws: CommandFailed.self) { try second.roost("image", "pull") }
            #expect(refusal?.output.contains("image-keys") == true)
            #expect(try versions(on: second).count == 1)
            try first.roost("image", "sign", "copied@2", "--key", key)
            try second.roost("image", "pull")
            let stable = try versions(on: second).first {
                ($0["channels"] as? [String])?.contains("stable") == true
            }
            #expect(stable?["number"] as? Int == 2)

            // The publisher rolls back with a signed move; from then on the source alone cannot move the channel.
            func followed() throws -> Int? {
                try versions(on: second).first { ($0["channels"] as? [String])?.contains("stable") == true }?[
                    "number"] as? Int
            }
            try first.roost("image", "promote", "copied@1")
            let unsigned = #expect(throws: CommandFailed.self) { try second.roost("image", "pull") }
            #expect(unsigned?.output.contains("has to be signed") == true)
            #expect(try followed() == 2)
            try first.roost("image", "promote", "copied@1", "--sign", key)
            #expect(
                try first.roost("image", "show", "copied@1").contains(
                    "channel stable moved here by: \(publicKey)"))
            try second.roost("image", "pull")
            #expect(try followed() == 1)
            // The warning is separate from the output.
            let warned = try BootLab.run(
                "sh", ["-c", "\(BootLab.roost) image promote copied@2 2>&1"],
                environment: ["ROOST_SOCKET": "\(first.directory)/socket/api.sock"])
            #expect(warned.contains("earlier moves of stable were signed"))
            let forth = #expect(throws: CommandFailed.self) { try second.roost("image", "pull") }
            #expect(forth?.output.contains("not signed by a key of image-keys, as earlier ones were") == true)
            try first.roost("image", "promote", "copied@2", "--sign", key)
            try second.roost("image", "pull")
            #expect(try followed() == 2)

            // A replica's token reaches versions and its own status, and nothing else.
            for (method, path, status) in [
                ("GET", "/api/v1/images", 200), ("GET", "/api/v1/nodes", 403), ("GET", "/api/v1/status", 403),
                ("GET", "/api/v1/whoami", 403), ("PUT", "/api/v1/replicas/school-3", 403),
                ("PUT", "/api/v1/replicas/school-2", 204), ("POST", "/api/v1/replication", 403),
            ] {
                let body = method == "GET" ? nil : #"{"copies":[]}"#
                #expect(try first.ask(method, path, token: token, body: body).status == status, "\(path)")
            }

            // A corrupt file is detected, and fetched again.
            let third = "3\n"
            try Data(third.utf8).write(to: URL(fileURLWithPath: "\(root)/etc/number"))
            #expect(try publish(root, on: first, signedBy: key).hasPrefix("copied@3 "))
            let newest = try #require(try versions(on: first).last?["digest"] as? String)
            let wrong = "\(second.directory)/state/images/copied/.pulling-\(newest)"
            try FileManager.default.createDirectory(atPath: wrong, withIntermediateDirectories: true)
            let size = try #require(
                try FileManager.default.attributesOfItem(
                    atPath: "\(first.directory)/state/images/copied/\(newest)/root.squashfs")[.size] as? Int)
            try BootLab.run("truncate", ["-s", String(size), "\(wrong)/root.squashfs"])
            try BootLab.run("chown", ["-R", "nobody", wrong])
            try first.roost("image", "promote", "copied@3", "--sign", key)
            let damage = #expect(throws: CommandFailed.self) { try second.roost("image", "pull") }
            #expect(damage?.output.contains("does not match its manifest") == true)
            try second.roost("image", "pull")
            #expect(try second.roost("image", "verify", "copied@3").contains("copied@3 is good"))

            // It notices by itself.
            second.kill()
            try configure("every: 3600", "every: 5")
            try second.startAgain()
            try Data("4\n".utf8).write(to: URL(fileURLWithPath: "\(root)/etc/number"))
            #expect(try publish(root, on: first, signedBy: key).hasPrefix("copied@4 "))
            try first.roost("image", "promote", "copied@4", "--sign", key)
            try Pace.wait(60, until: "copied@4 has come") { try versions(on: second).count == 4 }
        }

        /// Of an image and a version: set, planned, shown, undone.
        private func checkSettings(on server: CenterServer) throws {
            try server.roost("node", "add", "pc-1", "--mac", "52:54:00:00:00:01")
            let plan = try server.roost("plan", "--image", "copied@1", "time-zone=Europe/Lisbon")
            #expect(plan.contains("pc-1") && plan.contains("image copied@1"))
            #expect(try server.roost("image", "settings", "copied").hasPrefix("no settings of its own"))
            try server.roost("image", "set", "copied@1", "time-zone=Europe/Lisbon")
            try server.roost("set", "--image", "copied", "locale=pt_PT.UTF-8")
            let shown = try server.roost("image", "settings", "copied")
            #expect(shown.contains("copied@1") && shown.contains("locale"))
            let origin = try server.roost("get", "pc-1", "time-zone", "--origin")
            #expect(origin.contains("Europe/Lisbon") && origin.contains("image copied@1"))
            for reference in ["copied@stable", "copied@9", "other"] {
                #expect(throws: CommandFailed.self) {
                    try server.roost("image", "set", reference, "locale=C.UTF-8")
                }
            }
            #expect(throws: CommandFailed.self) { try server.roost("image", "set", "copied", "image=copied") }
            #expect(try server.roost("history").contains("settings of image copied changed"))
            try server.roost("undo")
            #expect(try !server.roost("get", "pc-1", "locale").contains("pt_PT"))
            #expect(try server.roost("get", "pc-1", "time-zone").contains("Europe/Lisbon"))
            try server.roost("image", "set", "copied@1", "--unset", "time-zone")
        }

        @Test func `tags protect their version, keep prunes old ones, and undo restores a tag`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            let root = "\(server.directory)/root"
            _ = try TinyRoot(root)
            defer { try? FileManager.default.removeItem(atPath: root) }
            for number in 1...2 {
                try Data("\(number)\n".utf8).write(to: URL(fileURLWithPath: "\(root)/etc/number"))
                #expect(try publish(root, on: server, signedBy: nil).hasPrefix("copied@\(number) "))
            }
            try checkSettings(on: server)
            try server.roost("image", "tag", "copied@1", "golden.1")
            let refused = #expect(throws: CommandFailed.self) {
                try server.roost("image", "tag", "copied@2", "golden.1")
            }
            #expect(refused?.output.contains("tags do not move") == true)
            let held = #expect(throws: CommandFailed.self) { try server.roost("image", "rm", "copied@1") }
            #expect(held?.output.contains("channel stable") == true)
            try server.roost("image", "promote", "copied@golden.1")
            #expect(throws: CommandFailed.self) {
                try server.roost("image", "promote", "copied@2", "--to", "golden.1")
            }

            // Version 1 is tagged, 2 was stable and is the rollback target, 3 has no reference, 4 is the newest.
            try server.roost("image", "promote", "copied@2")
            try server.roost("image", "promote", "copied@1")
            try server.roost("image", "keep", "copied", "1")
            for number in 3...4 {
                try Data("\(number)\n".utf8).write(to: URL(fileURLWithPath: "\(root)/etc/number"))
                #expect(try publish(root, on: server, signedBy: nil).hasPrefix("copied@\(number) "))
            }
            #expect(try versions(on: server).compactMap { $0["number"] as? Int } == [1, 2, 4])
            #expect(try server.roost("image", "prune", "copied", "--plan").contains("would roll back to it"))

            try server.roost("image", "tag", "--remove", "copied", "golden.1")
            #expect(throws: CommandFailed.self) { try server.roost("image", "show", "copied@golden.1") }
            let history = try server.roost("history", "--json")
            let revisions =
                try JSONSerialization.jsonObject(with: Data(history.utf8)) as? [[String: Any]] ?? []
            let removal = revisions.first { ($0["what"] as? String)?.contains("golden.1 removed") == true }
            try server.roost("undo", String(try #require(removal?["number"] as? Int)))
            #expect(try server.roost("image", "show", "copied@golden.1").contains("copied@1"))

            // From the day that signatures are required, no channel moves to a version without one, in any way.
            let key = "\(server.directory)/signing.key"
            let publicKey = try server.roost("image", "key", key).trimmingCharacters(
                in: .whitespacesAndNewlines)
            server.kill()
            let configuration = "\(server.directory)/roost.yaml"
            let text = try String(contentsOfFile: configuration, encoding: .utf8)
            try Data((text + "\nimage-keys: [\"\(publicKey)\"]\n").utf8).write(
                to: URL(fileURLWithPath: configuration))
            try server.startAgain()
            for words in [
                ["promote", "copied@4"], ["promote", "copied@4", "--canary", "5%"], ["rollback", "copied"],
            ] {
                let refusal = #expect(throws: CommandFailed.self) {
                    try BootLab.run(
                        BootLab.roost, ["image"] + words,
                        environment: ["ROOST_SOCKET": "\(server.directory)/socket/api.sock"])
                }
                #expect(
                    refusal?.output.contains("has no signature of a key in image-keys") == true, "\(words)")
            }
            let unsigned = #expect(throws: CommandFailed.self) {
                try publish(root, on: server, signedBy: nil)
            }
            #expect(unsigned?.output.contains("only versions that are signed") == true)
            #expect(unsigned?.output.contains("packing the root") == false)
            try server.roost("image", "sign", "copied@4", "--key", key)
            try server.roost("image", "promote", "copied@4")
        }
    }
}
