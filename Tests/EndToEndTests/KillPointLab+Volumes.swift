import Fleet
import Foundation
import Glibc
import Testing

extension EndToEnd.Servers.KillPointLab {
    // MARK: Volumes

    private static let mac = "52:54:00:00:0b:01"

    /// A server that boots machines, and one persistent machine, with an address from another DHCP server.
    private struct VolumeServer {
        let server: CenterServer
        let machine: Neighbour
        let http: Int
        let nbd: Int
        /// Its end of the cable to the machine.
        private static let address = "10.78.\(BootLab.lane).1"

        init() throws {
            machine = try Neighbour(
                "kept", mac: mac, address: "10.78.\(BootLab.lane).2", server: Self.address)
            (http, nbd) = (try CenterServer.freePort(), try CenterServer.freePort())
            server = try CenterServer(
                "http: {port: \(http)}\nnbd: {port: \(nbd)}", roles: "center, http, nbd",
                interface: machine.cable)
        }

        /// What a machine does at the start of a boot; it needs its volume then.
        ///
        /// - Returns: the boot's name; nil when the volume is not there yet.
        func boot() throws -> String? {
            let script = try machine.run(
                ["curl", "-sf", "-m", "10", "http://\(Self.address):\(http)/node/\(mac)/boot.ipxe"])
            return script.split { $0 == " " || $0.isNewline }.first { $0.hasPrefix("roost.boot=") }
                .map { String($0.dropFirst(11)) }
        }

        /// Boots until the volume is there.
        func bootWithVolume(_ isGood: ([String: Any]) -> Bool = { _ in true }) throws -> String {
            for _ in 0..<200 {
                if let boot = try boot(), let volume = try? volume(), isGood(volume) { return boot }
                usleep(50_000)
            }
            throw CommandFailed(command: "boot with the volume", status: 1, output: server.log)
        }

        func volume() throws -> [String: Any] {
            let data = Data(try server.roost("volume", "show", "keep", "--json").utf8)
            return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
        }

        var directory: String { "\(server.directory)/state/volumes/keep" }

        /// Without «writeback» each write would be forced to the disk, and a flush would have nothing to do.
        @discardableResult
        func qemu(_ boot: String, _ acts: String...) throws -> String {
            let words = acts.flatMap { ["-c", $0] }
            let output = try machine.run(
                [
                    "timeout", "30", "qemu-io", "-t", "writeback", "-f", "raw",
                    "nbd://\(Self.address):\(nbd)/volume/keep/\(boot)",
                ] + words)
            guard !output.contains("failed"), !output.contains("rror") else {
                throw CommandFailed(command: "qemu-io", status: 1, output: output)
            }
            return output
        }

        /// The bytes in 64 KiB of the first volume, from that MiB on.
        func bytes(_ mebibyte: UInt64) throws -> Set<UInt8> {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "\(directory)/1.ext4"))
            try file.seek(toOffset: mebibyte << 20)
            return Set(try file.read(upToCount: 64 << 10) ?? Data())
        }

        /// All files of the node except its snapshots.
        func names() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: directory).filter {
                $0 != "snapshots" && !$0.hasSuffix(".swap")
            }.sorted()
        }

        /// The volume's file is a valid file system, and nothing else is there.
        func expectWhole(_ generation: Int, _ point: String) throws {
            // What an interrupted reset already created waits for the next one.
            #expect(
                try names().filter { $0 != "\(generation + 1).key" } == ["\(generation).ext4"], "\(point)")
            let snapshots =
                (try? FileManager.default.contentsOfDirectory(atPath: "\(directory)/snapshots")) ?? []
            #expect(snapshots.allSatisfy { $0.hasSuffix(".ext4") }, "\(point)")
            try BootLab.run("e2fsck", ["-f", "-n", "\(directory)/\(generation).ext4"])
        }
    }

    func killVolumes(at points: [String]) throws {
        let place = try VolumeServer()
        let server = place.server
        defer { server.stop() }
        try importRoot(0, in: server)
        try server.roost("node", "add", "keep", "--mac", Self.mac)
        try server.roost(
            "set", "--node", "keep", "image=small", "root-mode=persistent", "volume-size=64M",
            "volume-encryption=false")
        var reached: Set<String> = []
        // Each server continues with what the one killed before it left.
        func each(_ prefix: String, _ act: (String) throws -> Void) throws {
            for point in points where point.hasPrefix(prefix) {
                reached.insert(point)
                server.kill()
                try server.startAgain(killedAt: point)
                try act(point)
                try server.waitForKill(at: point)
            }
        }
        // These requests kill the server, and so they fail.
        func cut(_ act: () throws -> Void) { _ = try? act() }
        try each("volume.make.") { point in
            #expect(throws: CommandFailed.self, "\(point)") { try place.volume() }
            cut { _ = try place.boot() }
        }
        try server.startAgain()
        let boot = try place.bootWithVolume()
        try place.expectWhole(1, "volume.make.")
        // Beyond the used part of the empty file system.
        try place.qemu(boot, "write -P 17 40M 64k", "flush")
        let kept = "read -P 17 40M 64k"
        try each("volume.data.") { _ in
            let boot = try place.bootWithVolume()
            cut { try place.qemu(boot, "write -P 18 48M 64k") }
        }
        try each("volume.hole.") { _ in
            let boot = try place.bootWithVolume()
            try place.qemu(boot, kept, "write -P 18 48M 64k", "flush")
            cut { try place.qemu(boot, "write -z -u 48M 64k") }
        }
        try each("volume.flush.") { point in
            // Read directly, not through the server: qemu-io flushes when it closes.
            #expect(try place.bytes(40) == [17], "\(point)")
            #expect(try place.bytes(48) == (point.hasSuffix(".sync") ? [18] : [19]), "\(point)")
            let boot = try place.bootWithVolume()
            // Nothing is acknowledged before it is on the disk.
            #expect(throws: CommandFailed.self, "\(point)") {
                try place.qemu(boot, "write -P 19 48M 64k", "flush")
            }
        }
        func snapshots() throws -> [String] {
            let all = try place.volume()["snapshots"] as? [[String: Any]] ?? []
            return all.compactMap { $0["name"] as? String }
        }
        try each("volume.snapshot.") { point in
            try place.expectWhole(1, point)
            #expect(try snapshots().isEmpty, "\(point)")
            cut { try server.roost("volume", "snapshot", "keep", "copy") }
        }
        try each("volume.restore.") { point in
            #expect(try snapshots() == ["copy"], "\(point)")
            // Not acknowledged: it is unchanged.
            try place.qemu(try place.bootWithVolume(), kept)
            try waitUntilClosed(place)
            try place.expectWhole(1, point)
            cut { try server.roost("volume", "restore", "keep", "copy") }
        }
        try server.startAgain()
        try place.qemu(try place.bootWithVolume(), kept)
        try waitUntilClosed(place)
        try server.roost("volume", "restore", "keep", "copy")
        try place.expectWhole(2, "volume.restore.")
        try server.roost("set", "--node", "keep", "volume-size=80M")
        try each("volume.grow.") { _ in
            let byteCount = try place.volume()["byteCount"] as? Int
            #expect(byteCount == 64 << 20)
            cut { _ = try place.boot() }
        }
        try server.startAgain()
        try place.qemu(try place.bootWithVolume { $0["byteCount"] as? Int == 80 << 20 }, kept)
        try waitUntilClosed(place)
        try place.expectWhole(2, "volume.grow.")
        // Encrypted from the next reset on: the key is written before the file, and the former one is deleted after the record.
        try server.roost("set", "--node", "keep", "volume-encryption=true")
        try each("volume.key.") { point in
            #expect(try place.volume()["isEncrypted"] as? Bool == false, "\(point)")
            try place.expectWhole(2, point)
            cut { try server.roost("volume", "reset", "keep") }
        }
        try server.startAgain()
        try server.roost("volume", "reset", "keep")
        var generation = 3
        for point in points where point.hasPrefix("volume.key-erase.") {
            #expect(try place.names() == ["\(generation).ext4", "\(generation).key"], "\(point)")
            try each(point) { _ in cut { try server.roost("volume", "reset", "keep") } }
            try server.startAgain()
            generation += 1
        }
        #expect(try place.names() == ["\(generation).ext4", "\(generation).key"])
        try server.roost("volume", "rm", "keep")
        #expect(!FileManager.default.fileExists(atPath: place.directory))
        #expect(reached == Set(points))
    }

    private func waitUntilClosed(_ place: VolumeServer) throws {
        for _ in 0..<200 {
            if try place.volume()["openConnections"] as? Int == 0 { return }
            usleep(20_000)
        }
    }

    // MARK: Trees

    func killTrees(at points: [String]) throws {
        let server = try CenterServer()
        defer { server.stop() }
        try importRoot(0, in: server)
        let digest = try #require(try versions(in: server).first?["digest"] as? String)
        let volume = Volume(
            node: try NodeName("pc-1"), kind: .tree, image: try ImageName("small"), version: 1,
            digest: try #require(Digest(digest)), byteCount: 0, createdAt: 1, generation: 1)
        let (trees, exports) = ("\(directory)/trees", "\(directory)/exports.conf")
        let make =
            "{\"make\":{\"_0\":\(String(decoding: try JSONEncoder().encode(volume), as: UTF8.self))}}\n"
        let export = "{\"export\":{\"networks\":[],\"clients\":[]}}\n"
        let arguments = [
            "nfs-worker", "--images", "\(server.directory)/state/images", "--trees", trees, "--server",
            "ganesha", "--file", exports, "--pid-file", "\(directory)/none",
        ]
        for point in points {
            let isTree = point.hasPrefix("tree.")
            try? FileManager.default.removeItem(atPath: trees)
            try? FileManager.default.removeItem(atPath: exports)
            try run(arguments, killedAt: point, input: isTree ? make : export)
            if isTree {
                #expect(
                    FileManager.default.fileExists(atPath: "\(trees)/pc-1/1") == point.hasSuffix(".directory")
                )
            }
            // The exports are written, and there is no server to notify.
            let order = isTree ? make : export
            let answer = try BootLab.run(
                "sh", ["-c", "printf '%s' \"$0\" | \"$@\"", order, BootLab.roost] + arguments)
            #expect(answer.contains(isTree ? "{}" : "NFS-Ganesha is not running"), "\(point): \(answer)")
            if isTree {
                #expect(try names(in: "\(trees)/pc-1") == ["1"], "\(point)")
                let number = try String(contentsOfFile: "\(trees)/pc-1/1/etc/number", encoding: .utf8)
                #expect(number == "0\n")
            } else {
                #expect(try String(contentsOfFile: exports, encoding: .utf8).hasSuffix("}\n"), "\(point)")
                #expect(!FileManager.default.fileExists(atPath: "\(exports).new"), "\(point)")
            }
        }
    }
}
