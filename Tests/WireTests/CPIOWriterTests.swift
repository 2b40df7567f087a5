import Foundation
import Testing
import Wire

/// Archives for the kernel, read back by another program.
@Suite struct CPIOWriterTests {
    private func archive() -> [UInt8] {
        var archive = CPIOWriter()
        archive.addFile("a/b/file", mode: 0o640, data: Array("hello".utf8))
        archive.addDirectory("a/own", mode: 0o700)
        archive.addDirectory("a/own", mode: 0o755)
        archive.addSymbolicLink("a/link", to: "b/file")
        archive.addFile("empty", data: [])
        archive.addCharacterDevice("dev/console", mode: 0o600, major: 5, minor: 1)
        archive.finish()
        return archive.bytes
    }

    @Test func `equal entries are equal bytes, in whole blocks, and each begins at a multiple of four`() {
        let bytes = archive()
        #expect(bytes == archive() && bytes.count.isMultiple(of: 512))
        let magic = Array("070701".utf8)
        let starts = bytes.indices.filter { Array(bytes[$0...].prefix(6)) == magic }
        #expect(starts.allSatisfy { $0.isMultiple(of: 4) })
        // a, a/b, the file, a/own once, the link, empty, dev, the device, the end.
        #expect(starts.count == 9)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/cpio")))
    func `cpio lists it as it was written`() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID()).cpio")
        defer { try? FileManager.default.removeItem(at: path) }
        try Data(archive()).write(to: path)
        let list = Process()
        list.executableURL = URL(fileURLWithPath: "/usr/bin/cpio")
        list.arguments = ["-itv", "--quiet"]
        list.standardInput = try FileHandle(forReadingFrom: path)
        let output = Pipe()
        list.standardOutput = output
        try list.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        list.waitUntilExit()
        let lines = text.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            return "\(words.first ?? "") \(words.dropFirst(8).joined(separator: " "))"
        }
        #expect(
            lines.filter { !$0.hasPrefix("c") } == [
                "drwxr-xr-x a", "drwxr-xr-x a/b", "-rw-r----- a/b/file", "drwx------ a/own",
                "lrwxrwxrwx a/link -> b/file", "-rw-r--r-- empty", "drwxr-xr-x dev",
            ])
        #expect(text.contains("crw-------") && text.contains("5,   1") && text.contains("dev/console"))
    }
}
