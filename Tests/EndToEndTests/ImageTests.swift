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
            for tenths in [2, 5, 10, 20, 40] {
                let seconds = "\(tenths / 10).\(tenths % 10)"
                #expect(throws: CommandFailed.self, "killed after \(seconds) s") {
                    try BootLab.run(
                        "timeout", ["--signal=KILL", seconds, BootLab.roost] + arguments,
                        environment: ["ROOST_SOCKET": BootLab.socket])
                }
                #expect(throws: CommandFailed.self) { try lab.roost("image", "show", "killed") }
            }
            let made = try BootLab.run(
                BootLab.roost, arguments, environment: ["ROOST_SOCKET": BootLab.socket])
            #expect(made.hasPrefix("killed@1 "))
            // What the killed ones left is gone: the version alone is there.
            let left = try FileManager.default.contentsOfDirectory(atPath: store)
            #expect(left.count == 1 && left.allSatisfy { $0.count == 64 })
        }
    }
}
