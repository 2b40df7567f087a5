import Foundation
import Testing

@testable import Fleet
@testable import Images

/// Differences between two roots, with the real mksquashfs and unsquashfs.
@Suite final class RootContentsTests {
    private let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        .path

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Packs the result of running `script` in an empty directory.
    private func pack(_ name: String, _ script: String) throws -> String {
        let (root, squashfs) = ("\(directory)/\(name)", "\(directory)/\(name).squashfs")
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Program("sh", package: "dash").run(["-euc", "cd \"$1\"; \(script)", "sh", root])
        try Program("mksquashfs", package: "squashfs-tools").run(
            [root, squashfs, "-noappend", "-quiet", "-no-progress", "-all-root", "-all-time", "0"])
        return squashfs
    }

    @Test func `every kind of change is found, and nothing else`() throws {
        let base = """
            mkdir -p etc 'dir with space' same; echo one >etc/motd; echo keep >same/file; : >empty
            head -c 3000000 /dev/zero >zeros; head -c 700000 /dev/urandom >../large.$$; mv ../large.$$ large
            truncate -s 9M sparse; ln -s old link; ln -s 'back\\' slash; ln -s "x
            a R 0 644 0 0 1 1000" forged; ln same/file hard; echo x >setuid; chmod 755 setuid
            echo a >'dir with space/back\\\\slash'; printf b >"dir with space/line
            end"; echo gone >gone; mkfifo pipe
            """
        let first = try pack("first", base)
        let second = try pack(
            "second",
            """
            cp -a ../first/. .; echo two >etc/motd; ln -sfn new link; chmod 4755 setuid; rm gone
            echo c >>'dir with space/back\\\\slash'; printf B >"dir with space/line
            end"; mkdir new; printf x | dd of=large bs=1 seek=699999 conv=notrunc status=none
            """)
        let changes = try RootContents(of: first).changes(to: RootContents(of: second))
        let shown = changes.map { "\($0.name): \($0.before ?? "-") → \($0.after ?? "-")" }
        let file = "file 644 0:0"
        #expect(
            shown == [
                "/dir with space/back\\\\slash: \(file), 2 bytes → \(file), 4 bytes",
                "/end: \(file), 1 bytes → \(file), 1 bytes, other content",
                "/etc/motd: \(file), 4 bytes → \(file), 4 bytes, other content",
                "/gone: \(file), 5 bytes → -",
                "/large: \(file), 700000 bytes → \(file), 700000 bytes, other content",
                "/link: link to old → link to new",
                "/new: - → directory 755 0:0",
                "/setuid: file 755 0:0, 2 bytes → file 4755 0:0, 2 bytes",
            ])
        #expect(try RootContents(of: first).changes(to: RootContents(of: first)).isEmpty)
    }

    @Test func `all files are read, whatever pieces they arrive in`() throws {
        let squashfs = try pack(
            "pieces", "seq 1000 >a; : >b; seq 2000 >c; : >d; mkdir e; ln -s a f; ln c hard; printf x >z")
        var whole = Data()
        try Program("unsquashfs", package: "squashfs-tools").stream(
            ["-quiet", "-no-progress", "-pf", "/dev/stdout", squashfs]
        ) { whole.append($0) }
        let expected = try RootContents(of: squashfs).entries
        #expect(Set(expected.keys) == ["/", "a", "b", "c", "d", "e", "f", "hard", "z"])
        for size in [1, 7, 4_096] {
            var contents = RootContents()
            for start in stride(from: 0, to: whole.count, by: size) {
                try contents.take(whole[start..<min(start + size, whole.count)])
            }
            try contents.finish()
            #expect(contents.entries == expected)
        }
        #expect(throws: ImageLacks.self) {
            var contents = RootContents()
            try contents.take(whole.dropLast())
            try contents.finish()
        }
    }

    @Test func `a damaged root is an error, not a difference`() throws {
        let squashfs = try pack("damaged", "head -c 400000 /dev/urandom >../r; mv ../r r")
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: squashfs))
        try handle.truncate(atOffset: 1_000)
        try handle.close()
        #expect(throws: (any Error).self) { try RootContents(of: squashfs) }
    }
}
