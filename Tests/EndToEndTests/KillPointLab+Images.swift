import Foundation
import Glibc
import Testing

extension EndToEnd.Servers.KillPointLab {
    func arguments(_ root: String, in server: CenterServer) -> [String] {
        [
            "image", "import", "small", root, "--state-directory", "\(server.directory)/state", "--cache",
            "\(directory)/cache",
        ]
    }

    @discardableResult
    func importRoot(_ number: Int, in server: CenterServer) throws -> String {
        let root = try Self.root.get()
        try root.mark(number)
        return try BootLab.run(
            BootLab.roost, arguments(root.path, in: server),
            environment: ["ROOST_SOCKET": "\(server.directory)/socket/api.sock"])
    }

    func versions(in server: CenterServer) throws -> [[String: Any]] {
        let data = Data(try server.roost("image", "list", "--json").utf8)
        return try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
    }

    func numbers(in server: CenterServer) throws -> [Int] {
        try versions(in: server).compactMap { $0["number"] as? Int }.sorted()
    }

    func stored(in server: CenterServer) throws -> Set<String> {
        try names(in: "\(server.directory)/state/images/small")
    }

    /// The store contains what the server lists, and nothing else.
    func expectNoLeftovers(in server: CenterServer, _ point: String) throws {
        let digests = Set(try versions(in: server).compactMap { $0["digest"] as? String })
        #expect(try stored(in: server) == digests, "\(point)")
    }

    func killImports(at points: [String]) throws {
        let server = try CenterServer()
        defer { server.stop() }
        let root = try Self.root.get()
        var made = 0
        for (round, point) in points.enumerated() {
            try root.mark(round)
            // Module archives are cached when there is none yet.
            if point.hasPrefix("modules.") {
                try? FileManager.default.removeItem(atPath: "\(directory)/cache/modules")
            }
            try run(
                arguments(root.path, in: server), killedAt: point,
                environment: ["ROOST_SOCKET": "\(server.directory)/socket/api.sock"])
            let known = try numbers(in: server)
            #expect(known == Array(1..<known.count + 1) && known.count == made, "\(point)")
            // Each continues with what the one killed before it left; finished files are used from their place.
            guard point == "image.publish.directory" || point == points.last else { continue }
            #expect(try importRoot(round, in: server).hasPrefix("small@\(made + 1) "), "\(point)")
            made += 1
            try expectNoLeftovers(in: server, point)
            #expect(
                try names(in: "\(directory)/cache/modules").allSatisfy { $0.hasSuffix(".cpio") }, "\(point)")
        }
        try server.roost("image", "verify")
    }

    func killRemovals(at points: [String]) throws {
        let server = try CenterServer()
        defer { server.stop() }
        for number in 0...points.count { try importRoot(number, in: server) }
        try server.roost("image", "promote", "small@\(points.count + 1)")
        for (index, point) in points.enumerated() {
            server.kill()
            try server.startAgain(killedAt: point)
            _ = try? server.roost("image", "rm", "small@\(index + 1)")
            try server.waitForKill(at: point)
            try server.startAgain()
            #expect(try numbers(in: server) == Array(index + 2...points.count + 1), "\(point)")
            // Half-deleted files are removed by the next build.
            try importRoot(points.count, in: server)
            try expectNoLeftovers(in: server, point)
        }
        try server.roost("image", "verify")
    }

    func killCopies(at points: [String]) throws {
        let first = try CenterServer()
        defer { first.stop() }
        try first.addAdministrator("ann", "admin")
        let token = try first.token("ann", "replica", name: "school-2")
        let second = try CenterServer(
            """
            server-name: school-2
            image-sources:
              - url: \(first.base)
                token-file: \(first.directory)/token
                certificate: \(first.directory)/ca.pem
                images: [small]
                channels: [stable]
                every: 3600
            """, starts: false
        ) { _ in
            // The requesting server runs as a user other than root.
            try Data(token.utf8).write(to: URL(fileURLWithPath: "\(first.directory)/token"))
            try FileManager.default.copyItem(atPath: first.authority, toPath: "\(first.directory)/ca.pem")
            try BootLab.run("chmod", ["a+r", "\(first.directory)/token", "\(first.directory)/ca.pem"])
        }
        defer { second.stop() }
        try importRoot(0, in: first)
        // It looks for copies when it starts, and continues what the one killed before it left.
        for point in points {
            try second.startAgain(killedAt: point)
            try second.waitForKill(at: point)
        }
        try second.startAgain()
        try second.roost("image", "pull")
        #expect(try numbers(in: second) == [1])
        try expectNoLeftovers(in: second, "image.adopt.")
        try second.roost("image", "verify")
    }

    // MARK: Random moments

    /// The same seed gives the same moments: SplitMix64, with its constants.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }

    func killAtRandomMoments() throws {
        let given = ProcessInfo.processInfo.environment["ROOST_TEST_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: .min ... .max)
        print("kills at random moments: ROOST_TEST_SEED=\(seed)")
        var random = Seeded(state: seed)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let server = try CenterServer()
        defer { server.stop() }
        let root = try Self.root.get()
        // How long one takes on this machine, with the kernel's modules already packed.
        var microseconds: UInt64 = 0
        for round in -1...0 {
            let start = DispatchTime.now()
            try importRoot(round, in: server)
            microseconds = (DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) / 1_000
        }
        var acknowledged: Set<Int> = [1, 2]
        for round in 1...(Extent.isSample ? 2 : 10) {
            let moment = UInt32(UInt64.random(in: 0...microseconds, using: &random))
            let note = "ROOST_TEST_SEED=\(seed), round \(round)"
            try root.mark(round)
            let importer = Process()
            importer.executableURL = URL(fileURLWithPath: BootLab.roost)
            importer.arguments = arguments(root.path, in: server)
            importer.environment = ProcessInfo.processInfo.environment.merging([
                "ROOST_SOCKET": "\(server.directory)/socket/api.sock"
            ]) { $1 }
            let output = Pipe()
            importer.standardOutput = output
            importer.standardError = FileHandle.nullDevice
            try importer.start()
            usleep(moment)
            if round.isMultiple(of: 2) {
                server.kill()
                importer.waitForEnd()
                try server.startAgain()
            } else {
                Glibc.kill(importer.processIdentifier, SIGKILL)
                importer.waitForEnd()
            }
            let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            if said.hasPrefix("small@"), let number = Int(said.dropFirst(6).prefix { $0.isNumber }) {
                acknowledged.insert(number)
            }
            #expect(acknowledged.isSubset(of: try numbers(in: server)), "\(note)")
            do { try server.roost("image", "verify") } catch { Issue.record(error, "\(note)") }
        }
        #expect(try importRoot(11, in: server).hasPrefix("small@"))
        // If the server was killed before it learned of a version, that stays until it is published again.
        let digests = Set(try versions(in: server).compactMap { $0["digest"] as? String })
        let left = try stored(in: server)
        #expect(
            left.isSuperset(of: digests) && left.allSatisfy { $0.count == 64 },
            "ROOST_TEST_SEED=\(seed): \(left)")
    }
}
