import Foundation
import Testing

extension EndToEnd.Machines {
    /// Sizes that do not fit into 32 bits.
    @Suite struct LargeImageTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        /// The root and the packed image, with room for others.
        private static let neededByteCount = 14_000_000_000

        private static var freeByteCount: Int {
            let attributes = try? FileManager.default.attributesOfFileSystem(forPath: BootLab.repository)
            return (attributes?[.systemFreeSize] as? NSNumber)?.intValue ?? 0
        }

        /// Imports `root`, and returns the command's peak memory in kilobytes.
        private func importImage(_ name: String, _ root: String) throws -> Int {
            let script = """
                "$1" image import \(name) "$2" --state-directory "$3" --cache "$4" >/dev/null &
                while peak=$(awk '/^VmHWM:/ { print $2 }' /proc/$!/status 2>/dev/null) && [ -n "$peak" ]; do
                  most=$peak
                  sleep 0.1
                done
                wait $! && echo "$most"
                """
            let output = try BootLab.run(
                "sh", ["-c", script, "sh", BootLab.roost, root, BootLab.stateDirectory, BootLab.cache],
                environment: ["ROOST_SOCKET": BootLab.socket])
            return try #require(Int(output.trimmingCharacters(in: .whitespacesAndNewlines)))
        }

        @Test(.enabled(if: freeByteCount > neededByteCount, "14 GB of free disk are needed"))
        func
            `a root of more than four gibibytes is packed without much memory, verified, and read to its end`()
            throws
        {
            let root = "\(BootLab.directory)/large-root"
            defer { try? FileManager.default.removeItem(atPath: root) }
            try TinyRoot(root).add(mebibytes: 4_500, to: "srv/large")
            let end = try BootLab.run("sh", ["-c", "tail -c 1M '\(root)/srv/large' | sha256sum"])
            #expect(try importImage("large", root) < 300_000)
            try FileManager.default.removeItem(atPath: root)
            defer { _ = try? lab.roost("image", "rm", "large@1") }
            let version = try #require(try lab.json("image", "show", "large") as? [String: Any])
            let files = (version["manifest"] as? [String: Any])?["files"] as? [[String: Any]]
            let size = files?.first { $0["name"] as? String == "root.squashfs" }?["byteCount"] as? Int
            #expect(size ?? 0 > 4_700_000_000)
            try lab.roost("image", "verify", "large")

            let mac = "52:54:00:00:00:a1"
            try lab.roost("node", "add", "large-1", "--mac", mac)
            defer { _ = try? lab.roost("node", "rm", "large-1") }
            try lab.roost("set", "--node", "large-1", "image=large")
            try lab.bootDirectly("large1", mac: mac)
            defer { _ = try? lab.powerOff("large1") }
            try lab.waitForStage("ready", of: "large-1")
            let address = try lab.address(of: "large-1")
            let there = try lab.ssh(address, "tail -c 1048576 /srv/large | sha256sum", timeout: 120)
            #expect(there == end.trimmingCharacters(in: .whitespacesAndNewlines))
        }
    }
}
