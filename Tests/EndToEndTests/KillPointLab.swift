import Fleet
import Foundation
import Glibc
import Linux
import Sealing
import Services
import StoreSQLite
import Testing
import Wire

extension EndToEnd.Servers {
    /// Ends the program at its kill points, and examines what it left.
    struct KillPointLab {
        /// Groups of points that are reached together, by the prefixes of their names.
        enum Scenario: String, CaseIterable {
            case store = "store."
            case leases = "leases. deliveries."
            case firstStart = "center. keys. node-archive."
            case imports = "image.file. image.manifest. image.publish. modules."
            case removal = "image.remove."
            case copies = "image.adopt."
            case backup = "backup."
            case restore = "restore."
            case volumes = "volume."
            case trees = "tree. nfs."
            case takeOver = "state."
            case agents = "agent."

            /// Those of images, volumes and trees, which take as long as all others together.
            static let ofImages: [Scenario] = [.imports, .removal, .copies, .volumes, .trees]

            func covers(_ point: String) -> Bool {
                rawValue.split(separator: " ").contains { point.hasPrefix($0) }
            }
        }

        /// As the program itself lists them.
        static let points = Result {
            try BootLab.run(BootLab.roost, ["kill-points"]).split(separator: "\n").map(String.init)
        }
        /// A small root, which tests mark.
        static let root = Result {
            // The laboratory's directory, which is emptied when the next one is created.
            _ = try BootLab.shared.get()
            return try TinyRoot("\(BootLab.directory)/killed-root")
        }
        let directory = NSTemporaryDirectory() + "roost-kill-" + UUID().uuidString

        /// The points of a scenario; every fifteenth where a sample is enough (``Extent``). Each of a volume's continues with what the one
        /// before left.
        func points(of scenario: Scenario) throws -> [String] {
            let points = try Self.points.get().filter(scenario.covers)
            guard Extent.isSample, scenario != .volumes else { return points }
            return points.enumerated().filter { $0.offset % 15 == 0 }.map(\.element)
        }

        func kill(at scenario: Scenario) async throws {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            let points = try points(of: scenario)
            switch scenario {
            case .store: try await killStores(at: points)
            case .leases: try killJournals(at: points)
            case .firstStart: try killStarts(at: points)
            case .imports: try killImports(at: points)
            case .removal: try killRemovals(at: points)
            case .copies: try killCopies(at: points)
            case .backup: try killBackups(at: points)
            case .restore: try await killRestores(at: points)
            case .volumes: try killVolumes(at: points)
            case .trees: try killTrees(at: points)
            case .takeOver: try killTakeOvers(at: points)
            case .agents: try killAgents(at: points)
            }
        }

        // MARK: Processes

        /// Runs a program that has to end at `point`.
        ///
        /// - Returns: its output until then.
        @discardableResult
        func run(
            _ arguments: [String], killedAt point: String, program: String = BootLab.roost,
            environment: [String: String] = [:], input: String? = nil
        ) throws -> String {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: program)
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
                .merging(["ROOST_KILL_AT": point]) { $1 }
            let file = "\(directory)/output"
            try Data().write(to: URL(fileURLWithPath: file))
            let output = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
            process.standardOutput = output
            process.standardError = output
            process.standardInput = FileHandle.nullDevice
            if let input {
                try Data(input.utf8).write(to: URL(fileURLWithPath: "\(directory)/input"))
                process.standardInput = FileHandle(forReadingAtPath: "\(directory)/input")
            }
            try process.start()
            let end = process.waitForEnd()
            let said = try String(contentsOfFile: file, encoding: .utf8)
            guard end.isSignal, end.status == SIGKILL else {
                throw CommandFailed(
                    command: "come to \(point)", status: end.status,
                    output: String(said.suffix(2_000)))
            }
            return said
        }

        /// Runs ``KillPointChild``, which works in `place`.
        func runChild(_ place: String, killedAt point: String) throws {
            try run(
                ["--testing-library", "swift-testing", "--filter", "KillPointChild"], killedAt: point,
                program: "/proc/\(getpid())/exe",
                environment: ["ROOST_KILL_CHILD": place])
        }

        func names(in path: String) throws -> Set<String> {
            Set(try FileManager.default.contentsOfDirectory(atPath: path))
        }

        // MARK: Stores and journals

        private func killStores(at points: [String]) async throws {
            let base = "\(directory)/base"
            try await Commit.prepare(path: base)
            #expect(try names(in: directory) == ["base"])
            for commit in Commit.allCases {
                let path = "\(directory)/\(commit.rawValue)"
                try FileManager.default.copyItem(atPath: base, toPath: path)
                if commit == .schemaUp { try SchemaSteps.downgrade(path: path, to: SchemaSteps.latest - 1) }
                for step in Commit.Step.allCases {
                    let point = "\(commit.rawValue).\(step.rawValue)"
                    if Extent.isSample, !points.contains(point) { continue }
                    #expect(points.contains(point))
                    try runChild(path, killedAt: point)
                    try SchemaSteps.verify(path: path)
                    let isDone = try await commit.isDone(path: path)
                    #expect(isDone == nil || isDone == (step == .done), "\(point)")
                }
            }
        }

        private func killJournals(at points: [String]) throws {
            let before = Set(1...5)
            for point in points where point.hasPrefix("deliveries.") { try killDelivery(at: point) }
            for point in points where point.hasPrefix("leases.") {
                let path = "\(directory)/\(point)"
                do {
                    var journal = try LeaseJournal(path)
                    try journal.append(before.sorted().map(KillPointChild.lease))
                }
                try runChild(path, killedAt: point)
                func stored() throws -> Set<Int> {
                    let leases = try LeaseJournal.leases(at: path)
                    #expect(leases.allSatisfy { $0 == KillPointChild.lease(Int($0.address.rawValue)) })
                    return Set(leases.map { Int($0.address.rawValue) })
                }
                let left = try stored()
                // What was acknowledged earlier is there; what was being written may be.
                #expect(left == before || left == before.union([6]), "\(point)")
                var journal = try LeaseJournal(path)
                try journal.append([KillPointChild.lease(7)])
                #expect(try stored() == left.union([7]), "\(point)")
                #expect(try !names(in: directory).contains("\(point).new"))
            }
        }

        /// The key that a configuration goes to is on the disk before it goes: at the last point it is, and no other key gets one.
        private func killDelivery(at point: String) throws {
            let path = "\(directory)/\(point)"
            let isMade = point.hasPrefix("deliveries.append.")
            if isMade {
                var journal = try DeliveryJournal(path)
                try journal.append([KillPointChild.delivery(1), KillPointChild.delivery(2)])
            }
            try runChild(path, killedAt: point)
            func stored() throws -> Set<UInt64> {
                let deliveries = try DeliveryJournal.deliveries(at: path)
                #expect(
                    deliveries.allSatisfy { $0 == KillPointChild.delivery($0.machine.rawValue) }, "\(point)")
                return Set(deliveries.map(\.machine.rawValue))
            }
            let left = try stored()
            switch point {
            case "deliveries.append.write": #expect(left == [1, 2])
            case "deliveries.append.done": #expect(left == [1, 2, 3])
            default: #expect(isMade ? left.isSuperset(of: [1, 2]) : left.isEmpty, "\(point)")
            }
            var journal = try DeliveryJournal(path)
            try journal.append([KillPointChild.delivery(4)])
            #expect(try stored() == left.union([4]), "\(point)")
            #expect(try !names(in: directory).contains("\(point).new"))
        }

        // MARK: The first start

        /// Each start continues with what the one killed before it left, up to the next point.
        private func killStarts(at points: [String]) throws {
            let server = try CenterServer(starts: false)
            defer { server.stop() }
            let order = ["keys.", "node-archive.", "center."]
            let sorted = order.flatMap { prefix in
                points.filter { point in
                    point.hasPrefix(prefix) && order.first { point.hasPrefix($0) } == prefix
                }
            }
            #expect(sorted.count == points.count)
            for point in sorted {
                try server.startAgain(killedAt: point)
                try server.waitForKill(at: point)
            }
            try server.startAgain()
            #expect(try server.ask("GET", "/login").status == 200)
            #expect(
                try names(in: "\(server.directory)/state/center") == [
                    "agents.pem", "ca.pem", "ca-key.pem", "certificate.pem", "key.pem", "names",
                ])
            #expect(try names(in: "\(server.directory)/state/node").allSatisfy { $0.count == 69 })
        }

        // MARK: Backup and restore

        /// A state directory with one node.
        private func makeState(_ name: String) async throws -> String {
            let path = "\(directory)/\(name)"
            try FileManager.default.createDirectory(
                atPath: "\(path)/center", withIntermediateDirectories: true)
            try FileManager.default.createDirectory(
                atPath: "\(path)/store", withIntermediateDirectories: true)
            try Data(name.utf8).write(to: URL(fileURLWithPath: "\(path)/center/ca.pem"))
            // What backups are signed with: another server's for each.
            try FileManager.default.createDirectory(
                atPath: "\(path)/keys", withIntermediateDirectories: true)
            try Data(NodeSecrets().bytes).write(to: URL(fileURLWithPath: "\(path)/keys/nodes"))
            let store = try SQLiteStore(path: "\(path)/store/roost.sqlite")
            let node = Node(name: try NodeName(name), group: .site, macAddresses: [])
            _ = try await store.apply(
                store.snapshot().checking([.node(node.name, node)]), by: "test", what: "added")
            var journal = try LeaseJournal("\(path)/store/leases.journal")
            try journal.append([KillPointChild.lease(1)])
            return path
        }

        /// The node's name in a state directory, if the directory is consistent.
        private func content(of path: String) async throws -> String? {
            try SchemaSteps.verify(path: "\(path)/store/roost.sqlite")
            let nodes = try await SQLiteStore(path: "\(path)/store/roost.sqlite").snapshot().nodes
            guard let name = nodes.keys.first?.text,
                try String(contentsOfFile: "\(path)/center/ca.pem", encoding: .utf8) == name,
                try LeaseJournal.leases(at: "\(path)/store/leases.journal").count == 1
            else { return nil }
            return name
        }

        private func makeBackup(of state: String, _ file: String) throws {
            try passing(["backup", file, "--keys", "--state-directory", state])
        }

        private static let passphrase = "four words of it"

        /// Runs a command that needs the passphrase.
        private func passing(_ arguments: [String]) throws {
            try BootLab.run(
                "sh", ["-c", "printf '%s' \"$0\" | \"$@\"", Self.passphrase, BootLab.roost] + arguments)
        }

        private func killBackups(at points: [String]) throws {
            let state = "\(directory)/state"
            try FileManager.default.createDirectory(
                atPath: "\(state)/store", withIntermediateDirectories: true)
            _ = try SQLiteStore(path: "\(state)/store/roost.sqlite")
            for place in ["fresh", "over"] {
                try FileManager.default.createDirectory(
                    atPath: "\(directory)/\(place)", withIntermediateDirectories: true)
                let file = "\(directory)/\(place)/roost.tar.zst"
                if place == "over" { try makeBackup(of: state, file) }
                for point in points {
                    try run(["backup", file, "--state-directory", state], killedAt: point)
                    if FileManager.default.fileExists(atPath: file) {
                        try BootLab.run("tar", ["--zstd", "-tf", file])
                    } else {
                        #expect(place == "fresh" && !point.hasSuffix(".directory"))
                    }
                    try makeBackup(of: state, file)
                    #expect(try names(in: "\(directory)/\(place)") == ["roost.tar.zst"], "\(point)")
                    if place == "fresh" { try FileManager.default.removeItem(atPath: file) }
                }
            }
        }

        private func killRestores(at points: [String]) async throws {
            let (old, new) = (try await makeState("old"), try await makeState("new"))
            let backup = "\(directory)/new.tar.zst"
            try makeBackup(of: new, backup)
            let configuration = "\(directory)/roost.yaml"
            try Data("roles: [center]\ninterfaces: [lo]\nsocket: \(directory)/socket/api.sock\n".utf8)
                .write(to: URL(fileURLWithPath: configuration))
            for point in points {
                let state = "\(directory)/\(point)"
                try FileManager.default.copyItem(atPath: old, toPath: state)
                let arguments = ["restore", backup, "--state-directory", state]
                try run(arguments, killedAt: point, input: Self.passphrase)
                if FileManager.default.fileExists(atPath: "\(state)/unfinished-restore") {
                    let refusal = #expect(throws: CommandFailed.self) {
                        try BootLab.run(
                            "timeout",
                            [
                                "30", BootLab.roost, "serve", "--configuration", configuration,
                                "--state-directory", state,
                            ])
                    }
                    #expect(refusal?.output.contains("restore into") == true, "\(point)")
                } else {
                    #expect(try await content(of: state) == "old", "\(point)")
                }
                try passing(arguments)
                #expect(try await content(of: state) == "new", "\(point)")
                let kept = try names(in: state).filter { $0.hasPrefix("before-restore-") }
                #expect(kept.count == 1, "\(point): \(kept)")
                #expect(try await content(of: "\(state)/\(kept.first ?? "")") == "old", "\(point)")
                #expect(
                    try names(in: state).subtracting(kept) == [
                        "center", "images", "keys", "lock", "logs", "node", "store", "trees", "volumes",
                    ], "\(point)")
            }
        }

        // MARK: A state directory of an earlier server

        /// Each start continues with what the one killed before it left.
        private func killTakeOvers(at points: [String]) throws {
            let server = try CenterServer()
            defer { server.stop() }
            try server.roost("node", "add", "kept", "--mac", "52:54:00:00:0b:11")
            server.kill()
            let state = "\(server.directory)/state"
            for point in points {
                try BootLab.run("sh", ["-euc", "cd \"$1\"; mv store/* .; rmdir store", "sh", state])
                try server.startAgain(killedAt: point)
                try server.waitForKill(at: point)
                try server.startAgain()
                #expect(try server.roost("node", "list").contains("kept"), "\(point)")
                server.kill()
            }
        }
    }
}
