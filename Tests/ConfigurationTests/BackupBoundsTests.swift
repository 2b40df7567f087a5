import Commands
import Foundation
import Linux
import Testing

@testable import RoostCommand

/// Backups that fill a disk, or hold what root must not unpack: nothing of them is written.
@Suite struct BackupBoundsTests {
    private let directory = NSTemporaryDirectory() + "roost-bounds-\(UUID().uuidString)"
    private let files = FileManager.default

    init() throws {
        try files.createDirectory(atPath: "\(directory)/out", withIntermediateDirectories: true)
    }

    private var path: String { "\(directory)/backup.tar.zst" }

    private func end() { try? files.removeItem(atPath: directory) }

    /// Writes a file whose archive has these bytes.
    private func write(_ bytes: [UInt8]) throws {
        let plain = "\(directory)/plain"
        try Data(bytes).write(to: URL(fileURLWithPath: plain))
        let zstd = FilterProgram(
            "/usr/bin/zstd", ["--quiet", "--force", plain, "-o", path], environment: [:])
        let result = try zstd.run(input: [], secondLimit: 30, outputLimit: 1 << 10)
        try #require(result.status == 0)
    }

    /// What is said of the file, with so much room; it is the same for the look at it and for unpacking it.
    private func excess(room: Int) throws -> String {
        let bounds = BackupBounds(room: room, reason: "as the test says")
        let first = #expect(throws: BackupBounds.Excess.self) {
            var looked = bounds
            _ = try BackupArchive.survey(path, &looked)
        }
        let second = #expect(throws: BackupBounds.Excess.self) {
            try BackupArchive.unpack(path, ["-C", "\(directory)/out"], bounds)
        }
        #expect(first == second)
        return first?.text ?? ""
    }

    private var unpacked: [String] { (try? files.contentsOfDirectory(atPath: "\(directory)/out")) ?? [] }

    @Test func `a file of a tebibyte is refused by its header`() throws {
        defer { end() }
        var tar = HandMadeTar()
        tar.add("./roost.sqlite", byteCount: 1 << 40)
        // Its content has not come when it is refused.
        try write(tar.bytes)
        let said = try excess(room: 10 << 30)
        #expect(said == "unpacks to more than 10240 MiB, as the test says")
        #expect(unpacked.isEmpty)
    }

    @Test func `many files that are small alone are refused together`() throws {
        defer { end() }
        var tar = HandMadeTar()
        for number in 0..<200 { tar.add("images/\(number)", [UInt8](repeating: 0, count: 100_000)) }
        try write(tar.archive)
        var bounds = BackupBounds(room: 1 << 30, reason: "")
        _ = try BackupArchive.survey(path, &bounds)
        #expect((20_000_000..<25_000_000).contains(bounds.byteCount) && !bounds.hasKeys)
        #expect(try excess(room: bounds.byteCount - 1).contains("unpacks to more than"))
        #expect(unpacked.count <= 1)
        _ = try BackupArchive.unpack(path, ["-C", "\(directory)/out"], bounds.asFound)
        #expect(unpacked == ["images"])
    }

    @Test func `a file that grew after the first look is not unpacked beyond that`() throws {
        defer { end() }
        var tar = HandMadeTar()
        tar.add("./roost.sqlite", [1])
        try write(tar.archive)
        var bounds = BackupBounds(diskOf: directory)
        _ = try BackupArchive.survey(path, &bounds)
        tar.add("./more", [UInt8](repeating: 0, count: 50_000))
        try write(tar.archive)
        let excess = #expect(throws: BackupBounds.Excess.self) {
            try BackupArchive.unpack(path, ["-C", "\(directory)/out"], bounds.asFound)
        }
        #expect(excess?.text.contains("is being changed") == true)
        #expect(!unpacked.contains("more"))
    }

    @Test func `empty files without end are refused by their number`() throws {
        defer { end() }
        var bounds = BackupBounds(room: .max, reason: "")
        var tar = HandMadeTar()
        for _ in 0..<1_000 { tar.add("images/a") }
        for _ in 0..<BackupBounds.entryLimit / 1_000 { try bounds.read(tar.bytes) }
        let excess = #expect(throws: BackupBounds.Excess.self) { try bounds.read(tar.bytes) }
        #expect(excess?.text.contains("more than 100000 files") == true)
    }

    @Test func `files that are read as a whole have their own limits`() throws {
        for (name, byteCount) in [("keys.sealed", 17 << 20), (".//BACKUP", 65_537)] {
            var (bounds, tar) = (BackupBounds(room: .max, reason: ""), HandMadeTar())
            tar.add(name, byteCount: byteCount)
            let excess = #expect(throws: BackupBounds.Excess.self) { try bounds.read(tar.bytes) }
            #expect(excess?.text.contains("at most") == true, "\(name)")
        }
        var (bounds, tar) = (BackupBounds(room: .max, reason: ""), HandMadeTar())
        tar.add("images/BACKUP", [UInt8](repeating: 0, count: 70_000))
        tar.add("./keys.sealed", [1])
        try bounds.read(tar.archive)
        #expect(bounds.hasKeys)
        try bounds.requireEnd()
    }

    @Test(arguments: ["/etc/cron.d/x", "images/../../x", "..", "./../x"])
    func `a name that leads elsewhere is refused, with the name`(name: String) throws {
        defer { end() }
        var tar = HandMadeTar()
        tar.add(name, [1])
        try write(tar.archive)
        #expect(try excess(room: 1 << 30).contains("has ‘\(name)’"))
        #expect(unpacked.isEmpty)
    }

    @Test(arguments: ["1", "2", "3", "4", "6", "S", "x"])
    func `links, devices, pipes and holes are refused, with the name as text`(kind: Character) throws {
        defer { end() }
        var tar = HandMadeTar()
        tar.add("images/\u{1B}[31ma", kind: kind)
        try write(tar.archive)
        let said = try excess(room: 1 << 30)
        #expect(said.contains("has ‘images/") && !said.contains("\u{1B}"), "\(said)")
        #expect(unpacked.isEmpty)
    }

    @Test func `an archive that is cut, or goes on behind its end, is damaged`() throws {
        defer { end() }
        var tar = HandMadeTar()
        tar.add("./roost.sqlite", [1])
        for bytes in [tar.bytes, Array(tar.bytes.dropLast()), tar.archive + tar.archive, []] {
            try write(bytes)
            #expect(throws: BackupArchive.Doubt.isDamaged, "\(bytes.count) bytes") {
                try BackupArchive.unpack(
                    path, ["-C", "\(directory)/out"], BackupBounds(room: 1 << 30, reason: ""))
            }
        }
    }
}
