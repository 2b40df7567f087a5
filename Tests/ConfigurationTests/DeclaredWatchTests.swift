import Center
import Fleet
import Foundation
import Glibc
import Linux
import Testing

@testable import RoostCommand

/// Looking at directories with files of the configuration, and at mounted ConfigMaps.
@Suite final class DeclaredWatchTests {
    private let directory: String

    init() throws {
        directory =
            FileManager.default.temporaryDirectory.appendingPathComponent("roost-watch-\(UUID())").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func write(_ text: String, _ name: String) throws {
        let path = "\(directory)/\(name)"
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    private func watch() throws -> DeclaredWatch {
        DeclaredWatch([WatchedFiles.Source(name: try SourceName("git"), path: directory)])
    }

    /// A change is taken when it is the same twice.
    private func keys(_ watch: DeclaredWatch) throws -> [String]? {
        let readings = watch.look() + watch.look()
        return try readings.last?.content.get().compactMap(\.keyText)
    }

    @Test func `files are read at the start, and again when one changes, comes or goes`() throws {
        try write("groups:\n  - path: /a\n", "a.yaml")
        let watch = try watch()
        #expect(try watch.look(isFirst: true).last?.content.get().count == 1)
        #expect(try keys(watch) == nil)
        try write("groups:\n  - path: /a\n  - path: /b\n", "a.yaml")
        #expect(try keys(watch) == ["/a", "/b"])
        try write("groups:\n  - path: /c\n", "more/c.yaml")
        #expect(try keys(watch) == ["/a", "/b", "/c"])
        try FileManager.default.removeItem(atPath: "\(directory)/a.yaml")
        #expect(try keys(watch) == ["/c"])
        watch.retry(try SourceName("git"))
        #expect((0..<40).contains { _ in !watch.look().isEmpty })
    }

    @Test func `a mounted ConfigMap is read when it is exchanged`() throws {
        try write("groups:\n  - path: /a\n", "..one/fleet.yaml")
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory)/..data", withDestinationPath: "..one")
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory)/fleet.yaml", withDestinationPath: "..data/fleet.yaml")
        let watch = try watch()
        #expect(try watch.look(isFirst: true).last?.content.get().map(\.keyText) == ["/a"])
        try write("groups:\n  - path: /b\n", "..two/fleet.yaml")
        try FileManager.default.removeItem(atPath: "\(directory)/..data")
        try FileManager.default.createSymbolicLink(
            atPath: "\(directory)/..data", withDestinationPath: "..two")
        #expect(try keys(watch) == ["/b"])
    }

    @Test func `what cannot be read is told, and an empty directory is no empty fleet`() throws {
        let watch = try watch()
        #expect(error(watch.look(isFirst: true)).contains("no file that ends with .yaml"))
        try write("nodes:\n  - nam: a\nnods:\n", "a.yaml")
        #expect(error(watch.look() + watch.look()).contains("a.yaml:3: unknown key ‘nods’"))
        try FileManager.default.removeItem(atPath: directory)
        #expect(error(watch.look() + watch.look()).contains("there is no file"))
    }

    @Test func `a file that is named by itself is taken, however busy its directory is`() throws {
        let path = "\(directory)/fleet.yaml"
        try write("groups:\n  - path: /a\n", "fleet.yaml")
        let watch = DeclaredWatch([WatchedFiles.Source(name: try SourceName("git"), path: path)])
        #expect(try watch.look(isFirst: true).last?.content.get().map(\.keyText) == ["/a"])
        func look() throws -> [DeclaredWatch.Reading] {
            try write("else", "\(UUID()).log")
            return watch.look()
        }
        try write("groups:\n  - path: /bb\n", "fleet.yaml")
        #expect(try (look() + look()).last?.content.get().compactMap(\.keyText) == ["/bb"])
        try FileManager.default.removeItem(atPath: path)
        #expect(try error(look() + look()).contains("there is no file"))
    }

    private func error(_ readings: [DeclaredWatch.Reading]) -> String {
        guard case .failure(let error)? = readings.last?.content else { return "" }
        return "\(error)"
    }

    private func error(_ watch: DeclaredWatch) -> String { error(watch.look() + watch.look()) }

    @Test func `a pipe blocks nothing, and a link out of the directory is not followed`() throws {
        let watch = try watch()
        try write("groups:\n  - path: /a\n", "a.yaml")
        #expect(try watch.look(isFirst: true).last?.content.get().count == 1)
        #expect(unsafe mkfifo("\(directory)/pipe.yaml", 0o600) == 0)
        #expect(error(watch).contains("pipe.yaml: this is not a file"))
        try FileManager.default.removeItem(atPath: "\(directory)/pipe.yaml")
        #expect(try keys(watch) == ["/a"])
        let outside = "\(directory)-outside"
        try Data("groups:\n  - path: /stolen\n".utf8).write(to: URL(fileURLWithPath: outside))
        defer { try? FileManager.default.removeItem(atPath: outside) }
        for target in [outside, "/dev/zero", "/etc/passwd"] {
            let link = "\(directory)/link.yaml"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
            let told = error(watch)
            #expect(told.contains("leads out of the directory") && !told.contains("root:"), "\(told)")
            try FileManager.default.removeItem(atPath: link)
            #expect(try keys(watch) == ["/a"])
        }
    }

    @Test func `huge files are not read, whatever a link says of their size, and nor are many of them`()
        throws
    {
        let watch = try watch()
        let link = "\(directory)/a.yaml"
        try write("", "big")
        try FileHandle(forWritingTo: URL(fileURLWithPath: "\(directory)/big")).truncate(atOffset: 100 << 20)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "big")
        #expect(error(watch).contains("more than 16 MiB"))
    }

    @Test func `what a full disk has cut off does not count, when there is room again and after a restart`()
        throws
    {
        let block = try blockByteCount()
        let (cut, text) = ("\(directory)/a.yaml", "groups:\n  - path: /a\n")
        let head = text + "#" + String(repeating: " ", count: block - text.utf8.count - 2)
        try write(head + "x", "a.yaml")
        #expect(try error(watch()).contains("a.yaml: it ends with a block of its disk"))
        // A server that starts knows nothing of before.
        #expect(try firstError(watch()).contains("in the middle of a line"))
        for whole in [head + "\n", head + "xy", head] {
            try write(whole, "a.yaml")
            #expect(try firstError(watch()).isEmpty)
        }
        // UTF-16, as Windows editors save it.
        for (encoding, isBig) in [(String.Encoding.utf16LittleEndian, false), (.utf16BigEndian, true)] {
            let line = String(repeating: "a", count: block / 2 - 2)
            let mark = Data(isBig ? [0xFE, 0xFF] : [0xFF, 0xFE])
            for end in ["\n", "b"] {
                let bytes = try #require((line + end).data(using: encoding))
                try (mark + bytes).write(to: URL(fileURLWithPath: cut))
                #expect((FullDisk.cut(of: cut, limit: 1 << 20) == nil) == (end == "\n"))
            }
        }
        #expect(
            FullDisk.cut(of: cut, limit: 100) == nil && FullDisk.cut(of: directory, limit: 1 << 20) == nil)
        try write("", "a.yaml")
        #expect(FullDisk.cut(of: cut, limit: 1 << 20) == nil)
        #expect(FullDisk.loss(of: cut)?.contains("empty") == true && FullDisk.loss(of: "/dev/null") == nil)
    }

    private func blockByteCount() throws -> Int {
        var disk = statvfs()
        try #require(unsafe statvfs(directory, &disk) == 0)
        return Int(disk.f_frsize)
    }

    private func firstError(_ watch: DeclaredWatch) -> String {
        guard case .failure(let error)? = watch.look(isFirst: true).last?.content else { return "" }
        return "\(error)"
    }

    @Test func `a file that has lost its text is no wish to remove its records`() throws {
        let watch = try watch()
        try write("groups:\n  - path: /a\n", "a.yaml")
        try write("groups:\n  - path: /b\n", "b.yaml")
        #expect(try keys(watch) == ["/a", "/b"])
        try write("", "b.yaml")
        #expect(error(watch).contains("b.yaml: the file is empty"))
        try write("# nothing now\n", "b.yaml")
        #expect(try keys(watch) == ["/a"])
        // Many at once, as a checkout makes them.
        for number in 0..<1_000 { try write("groups:\n  - path: /g\(number)\n", "many/\(number).yaml") }
        #expect(try keys(watch)?.count == 1_001)
    }

    @Test func `the configuration names them, each source once`() throws {
        let settings = try ServerSettings(
            parsing: """
                fleet-files:
                  - {path: /etc/roost/fleet, source: school, prune: yes}
                  - {path: /config/fleet.yaml, source: lab, overwrite: yes}
                """, file: "roost.yaml")
        #expect(
            settings.watchedFiles == [
                WatchedFiles.Source(name: try SourceName("school"), path: "/etc/roost/fleet", prunes: true),
                WatchedFiles.Source(
                    name: try SourceName("lab"), path: "/config/fleet.yaml", overwrites: true),
            ])
        #expect(ServerSettings().differencesThatNeedRestart(from: settings) == ["fleet-files"])
        for text in [
            "fleet-files: [{path: fleet, source: a}]", "fleet-files: [{path: /a}]",
            "fleet-files: [{source: a}]",
            "fleet-files: [{path: /a, source: a}, {path: /b, source: a}]",
            "fleet-files: [{path: /a, source: A b}]",
        ] {
            #expect(throws: (any Error).self, "\(text)") {
                try ServerSettings(parsing: text, file: "roost.yaml")
            }
        }
    }
}
