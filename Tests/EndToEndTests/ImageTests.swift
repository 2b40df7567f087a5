import Foundation
import Testing

extension EndToEnd {
    /// Publishing that is interrupted.
    @Suite struct ImageTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        private var store: String { "\(BootLab.stateDirectory)/images/killed" }

        @Test func `an import killed at any moment leaves no version, and the next one makes one`() throws {
            let images = try lab.json("image", "list") as? [[String: Any]] ?? []
            let digest = try #require(
                images.first { $0["image"] as? String == "debian" }?["digest"] as? String)
            let root = "\(BootLab.directory)/killed"
            try BootLab.run(
                "unsquashfs",
                ["-q", "-n", "-d", root, "\(BootLab.stateDirectory)/images/debian/\(digest)/root.squashfs"])
            defer { try? FileManager.default.removeItem(atPath: root) }
            let arguments = [
                "image", "import", "killed", root, "--state-directory", BootLab.stateDirectory, "--cache",
                BootLab.cache,
            ]
            for moment in ["] kernel ", "kernel modules", "packing the root", "root file system: "] {
                try killImport(arguments, at: moment)
                #expect(throws: CommandFailed.self) { try lab.roost("image", "show", "killed") }
            }
            let made = try BootLab.run(
                BootLab.roost, arguments, environment: ["ROOST_SOCKET": BootLab.socket])
            #expect(made.hasPrefix("killed@1 "))
            // What the killed ones left is gone: the version alone is there.
            let left = try FileManager.default.contentsOfDirectory(atPath: store)
            #expect(left.count == 1 && left.allSatisfy { $0.count == 64 })
        }

        /// Starts an import and kills it when its progress shows `moment`.
        private func killImport(_ arguments: [String], at moment: String) throws {
            let path = "\(BootLab.directory)/killed.log"
            #expect(FileManager.default.createFile(atPath: path, contents: nil))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: BootLab.roost)
            process.arguments = arguments
            process.environment = ProcessInfo.processInfo.environment.merging(["ROOST_SOCKET": BootLab.socket]
            ) { $1 }
            process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try process.run()
            try lab.waitUntil("the import says ‘\(moment)’", seconds: 30) {
                try String(contentsOfFile: path, encoding: .utf8).contains(moment)
            }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal, "killed at ‘\(moment)’")
        }
    }
}
