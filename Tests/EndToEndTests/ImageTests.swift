import Foundation
import Testing

extension EndToEnd.Servers {
    /// Versions in the store: compared, verified, pruned.
    @Suite struct ImageTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        @Test
        func `versions are compared, verified to the last byte, and pruned when nothing needs them`()
            throws
        {
            let root = "\(BootLab.directory)/compared"
            _ = try TinyRoot(root)
            defer { try? FileManager.default.removeItem(atPath: root) }
            // Three versions that differ in one file, and one package that is recorded as newer.
            for number in 1...3 {
                try Data("\(number)\n".utf8).write(to: URL(fileURLWithPath: "\(root)/etc/number"))
                if number == 3 {
                    try BootLab.run(
                        "sed",
                        [
                            "-i", "/^Package: kmod$/,/^$/s/^Version: .*/Version: 99-1/",
                            "\(root)/var/lib/dpkg/status",
                        ])
                }
                try lab.importImage("compared", root)
            }
            let difference = try lab.roost("image", "diff", "compared")
            #expect(difference.contains("2 → 3"))
            #expect(difference.contains("kmod") && difference.contains("99-1"))
            #expect(difference.contains("root.squashfs") && !difference.contains("modules.cpio"))
            #expect(try lab.roost("image", "diff", "compared@2", "--from", "2").contains("the same content"))

            #expect(try lab.roost("image", "verify", "compared@2").contains("compared@2 is good"))
            let versions = try lab.json("image", "list") as? [[String: Any]] ?? []
            let second = versions.first { $0["image"] as? String == "compared" && $0["number"] as? Int == 2 }
            let file =
                "\(BootLab.stateDirectory)/images/compared/\(try #require(second?["digest"] as? String))/root.squashfs"
            try BootLab.run(
                "sh", ["-c", "printf x | dd of=\(file) bs=1 seek=5000000 conv=notrunc 2>/dev/null"])
            #expect(throws: CommandFailed.self) { try lab.roost("image", "verify", "compared") }

            try lab.roost("image", "promote", "compared@1")
            try lab.roost("group", "add", "/pinned")
            try lab.roost("set", "--group", "/pinned", "image=compared@3")
            let plan = try lab.roost("image", "prune", "compared", "--keep", "0", "--plan")
            #expect(plan.contains("channel stable") && plan.contains("pinned by group /pinned"))
            #expect(plan.contains("compared@2  would be removed"), "\(plan)")
            try lab.roost("image", "prune", "compared", "--keep", "0")
            #expect(throws: CommandFailed.self) { try lab.roost("image", "show", "compared@2") }
            #expect(!FileManager.default.fileExists(atPath: file))
            #expect(try lab.roost("image", "verify", "compared").contains("compared@3 is good"))
        }
    }
}
