import Foundation
import Glibc
import Linux
import Testing

@testable import RoostCommand

/// Files that a full disk has cut off behind the end of a line, where nothing in them shows it.
@Suite struct FileEndsTests {
    private let directory: String

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "roost-ends-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    private func write(_ text: String, _ name: String = "a.yaml") throws -> String {
        let path = "\(directory)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func lines(_ byteCount: Int) -> String {
        (0..<byteCount / 16).map { "- n: pc-\(10_000 + $0)" }.map {
            $0.padding(toLength: 15, withPad: " ", startingAt: 0) + "\n"
        }
        .joined()
    }

    @Test
    func `a file that ends with a block and otherwise than before may be cut off, also after a restart`()
        throws
    {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var disk = statvfs()
        try #require(unsafe statvfs(directory, &disk) == 0)
        let block = Int(disk.f_frsize)
        let path = try write(lines(block + 160))
        let ends = KnownEnds(in: directory)
        ends.remember([path])
        // A server that starts knows what the last one has read.
        let known = KnownEnds.read(in: directory)
        #expect(known == ends.now && known[path] != nil)
        func cut(_ text: String) throws -> Bool {
            FullDisk.cut(of: try write(text), limit: 1 << 30, known: known) != nil
        }
        // Of what was there, and of what was to be longer.
        #expect(try cut(lines(block)))
        #expect(try cut("# new\n" + String(repeating: " ", count: 9) + "\n" + lines(block - 16)))
        #expect(try cut(lines(2 * block)))
        // Whole ones: of another length, or with the end that they had.
        #expect(try !cut(lines(block) + "#\n"))
        #expect(try !cut(lines(block - 16)))
        let end = String(lines(block + 160).suffix(64))
        #expect(try !cut(String(lines(block).dropLast(64)) + end))
        // Nothing is known of others.
        #expect(FullDisk.cut(of: try write(lines(block), "b.yaml"), limit: 1 << 30, known: known) == nil)
    }

    /// Of those that end with a block, and otherwise than before.
    @Test
    func
        `a file that people have changed keeps the lines that it ended with, and one that is cut off lost them`()
        throws
    {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let text = lines(1_600)
        let ends = KnownEnds(in: directory)
        ends.remember([try write(text)])
        let known = KnownEnds.read(in: directory)
        func keeps(_ text: String) throws -> Bool { known.keepsLines(of: try write(text)) }
        #expect(try keeps(text) && keeps(text + "- n: another\n") && keeps("# first\n\n" + text))
        #expect(
            try keeps(String(text.dropLast(16)) + "- n: pc-changed\n")
                && keeps(text.replacing("\n", with: "\r\n")))
        #expect(try !keeps(String(text.dropLast(32))) && !keeps(String(text.prefix(512))) && !keeps(""))
        #expect(try !known.keepsLines(of: write(text, "b.yaml")))
        // One line alone is not kept by another one.
        ends.remember([try write("- n: pc-1\n", "c.yaml")])
        #expect(try !ends.now.keepsLines(of: write("- n: pc-2\n", "c.yaml")))
    }

    @Test func `what is remembered is read whole, or not at all`() throws {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        var ends = FileEnds()
        ends.remember(FileEnds.End(bytes: 7), of: "/etc/roost/roost.yaml")
        ends.remember(FileEnds.End(bytes: 0xFFFF_FFFF, lines: [1, 0xFF]), of: "/srv/a file/ü.yaml")
        ends.remember(FileEnds.End(bytes: 1), of: "/a\nb")
        #expect(FileEnds(parsing: ends.text) == ends && ends["/a\nb"] == nil)
        for count in 0..<ends.text.utf8.count {
            #expect(
                FileEnds(parsing: String(decoding: ends.text.utf8.prefix(count), as: UTF8.self)) == FileEnds()
            )
        }
        #expect(KnownEnds.read(in: directory) == FileEnds())
    }
}
