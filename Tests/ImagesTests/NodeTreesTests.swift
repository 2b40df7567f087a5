import Fleet
import Foundation
import Glibc
import Linux
import Synchronization
import Testing

@testable import Images

@Suite(.enabled(if: geteuid() == 0, "only root makes the nodes' trees"))
struct NodeTreesTests {
    private let place = NSTemporaryDirectory() + "roost-trees-\(UUID())"
    private let digest = Fleet.Digest(of: Data("root".utf8))

    private func volume(_ image: String) throws -> Volume {
        Volume(
            node: try NodeName("pc-1"), kind: .tree, image: try ImageName(image), version: 1, digest: digest,
            byteCount: 0, createdAt: 0, generation: 1)
    }

    private func shell(_ script: String) throws {
        try Program("sh", package: "dash").run(["-euc", "cd \"$1\"; \(script)", "sh", place])
    }

    @Test
    func `a tree has its owners and setuid programs, no devices, and no user of this host can enter it`()
        throws
    {
        let files = FileManager.default
        let version = "\(place)/images/good/\(digest)"
        try files.createDirectory(atPath: version, withIntermediateDirectories: true)
        defer { try? files.removeItem(atPath: place) }
        try shell(
            """
            mkdir -p root/usr/bin root/dev; cp /bin/true root/usr/bin/su; chown 5:6 root/usr/bin/su
            chmod 4755 root/usr/bin/su; mknod -m 666 root/dev/sda b 8 0; mknod root/dev/pipe p
            mksquashfs root images/good/\(digest)/root.squashfs -quiet -no-progress
            mkdir canary trees images/linked images/piped images/piped/\(digest)
            cp images/good/\(digest)/root.squashfs canary/
            ln -s \(place)/canary images/linked/\(digest); ln -s \(place)/canary images/all
            mkfifo images/piped/\(digest)/root.squashfs
            """)
        let notes = Mutex<[String]>([])
        let trees = NodeTrees(directory: "\(place)/trees", images: ImageStore(directory: "\(place)/images")) {
            note in notes.withLock { $0.append(note) }
        }
        // Something that another user put in a version's place is neither followed nor waited for.
        for image in ["linked", "piped", "all"] {
            #expect(throws: (any Error).self, "\(image)") { try trees.make(volume(image)) }
        }
        #expect(try files.contentsOfDirectory(atPath: "\(place)/canary") == ["root.squashfs"])

        try trees.make(volume("good"))
        let tree = "\(place)/trees/pc-1/1"
        let program = try #require(FileStatus("\(tree)/usr/bin/su"))
        #expect(program.mode & 0o7777 == 0o4755 && program.user == 5 && program.group == 6)
        #expect(FileStatus("\(tree)/dev/sda") == nil && FileStatus("\(tree)/dev/pipe") != nil)
        #expect(notes.withLock(\.self).contains { $0.contains("pc-1") && $0.contains("dev/sda") })
        #expect((FileStatus("\(place)/trees/pc-1")?.mode ?? 0) & 0o777 == 0o700)
        let words = ["--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]
        #expect(throws: ProgramFailure.self) {
            try Program("setpriv", package: "util-linux").run(
                words + ["sh", "-c", "exec \(tree)/usr/bin/su"])
        }
        try trees.remove(NodeName("pc-1"))
        #expect(FileStatus("\(place)/trees/pc-1") == nil)
    }
}
