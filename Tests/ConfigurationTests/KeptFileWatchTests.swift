import Center
import Fleet
import Foundation
import Testing

@testable import RoostCommand

/// Looking at files that stay the truth: single ones, directories, and mounted ConfigMaps.
@Suite struct KeptFileWatchTests {
    private let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-kept-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    private func write(_ text: String, _ name: String) throws {
        let place = URL(fileURLWithPath: path(name))
        try FileManager.default.createDirectory(
            at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
    }

    private func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: path(name), withDestinationPath: target)
    }

    private func watch(_ name: String, _ dialect: LTSPVariableKind.Dialect? = nil) -> KeptFileWatch {
        KeptFileWatch([KeptFiles.Source(scope: .site, path: path(name), dialect: dialect)])
    }

    /// What was read since the last look: a change is taken when it is the same twice.
    private func changes(_ watch: KeptFileWatch) -> [KeptFileWatch.Reading] { watch.look() + watch.look() }

    private func lines(_ readings: [KeptFileWatch.Reading], _ name: String = "lts.conf") throws -> [String] {
        let file = try #require(readings.last).content.get()
        guard case .list(let lines)? = file.texts[name] else { return [] }
        return lines
    }

    private func error(_ readings: [KeptFileWatch.Reading]) -> String {
        guard let last = readings.last, case .failure(let error) = last.content else { return "" }
        return "\(error)"
    }

    @Test func `a file is read at the start, and again when it has changed`() throws {
        try write("[default]\nA = 1\n", "lts.conf")
        let watch = watch("lts.conf")
        #expect(try lines(watch.look(isFirst: true)) == ["[default]", "A = 1", ""])
        #expect(changes(watch).isEmpty)
        try write("[default]\nA = 2\n", "lts.conf")
        #expect(watch.look().isEmpty)
        #expect(try lines(watch.look()) == ["[default]", "A = 2", ""])
        #expect(changes(watch).isEmpty)
    }

    @Test func `links lead to nothing outside of a directory, and the source itself may be one`() throws {
        try write("A = 1\n", "secret/key")
        // Beside a file, and in a directory.
        try write("[default]\ninclude other.conf\n", "files/lts.conf")
        try link("files/other.conf", to: "../secret/key")
        #expect(error(watch("files/lts.conf").look(isFirst: true)).contains("leads out of the directory"))
        try FileManager.default.createDirectory(
            atPath: path("links"), withIntermediateDirectories: true)
        try link("links/lts.conf", to: path("secret/key"))
        #expect(error(watch("links").look(isFirst: true)).contains("leads out of the directory"))
        // One that was exchanged behind a name of a directory above.
        try link("links/sub", to: "../secret")
        try FileManager.default.removeItem(atPath: path("links/lts.conf"))
        try link("links/lts.conf", to: "sub/key")
        #expect(error(watch("links").look(isFirst: true)).contains("leads out of the directory"))
        // The administrator's own links.
        try link("named-lts.conf", to: "secret/key")
        #expect(try lines(watch("named-lts.conf").look(isFirst: true), "named-lts.conf") == ["A = 1", ""])
        try write("[default]\nA = 2\n", "real/lts.conf")
        try link("named", to: "real")
        #expect(try lines(watch("named").look(isFirst: true)) == ["[default]", "A = 2", ""])
    }

    @Test func `a ConfigMap whose data are exchanged is read again`() throws {
        try write("[default]\nA = 1\n", "map/..1/lts.conf")
        try link("map/..data", to: "..1")
        try link("map/lts.conf", to: "..data/lts.conf")
        for watch in [watch("map"), watch("map/lts.conf")] {
            #expect(try lines(watch.look(isFirst: true)).contains("A = 1"))
        }
        let both = [watch("map"), watch("map/lts.conf")]
        for watch in both { _ = watch.look(isFirst: true) }
        // As kubelet does: a new directory, a new link to it, and one rename.
        try write("[default]\nA = 2\n", "map/..2/lts.conf")
        try link("map/..data_tmp", to: "..2")
        #expect(unsafe rename(path("map/..data_tmp"), path("map/..data")) == 0)
        for watch in both { #expect(try lines(changes(watch)).contains("A = 2")) }
    }

    @Test func `included files are read beside the main one, and watched with it`() throws {
        try write("[default]\nA = 1\ninclude /etc/more.conf\n", "lts.conf")
        let watch = watch("lts.conf")
        let first = try #require(watch.look(isFirst: true).last).content.get()
        #expect(first.texts.keys.sorted() == ["lts.conf"])
        try write("[more]\nB = 1\n", "more.conf")
        #expect(try lines(changes(watch), "more.conf") == ["[more]", "B = 1", ""])
        try write("[more]\nB = 2\n", "more.conf")
        #expect(try lines(changes(watch), "more.conf") == ["[more]", "B = 2", ""])
    }

    @Test func `what cannot be read says why, and is read when it can be`() throws {
        let watch = watch("lts.conf")
        #expect(error(watch.look(isFirst: true)).contains("not there"))
        #expect(changes(watch).isEmpty)
        try write("[default]\nA = 1\n", "lts.conf")
        #expect(try lines(changes(watch)).contains("A = 1"))
        try FileManager.default.removeItem(atPath: path("lts.conf"))
        #expect(error(changes(watch)).contains("not there"))
    }

    @Test func `a directory has one of the two files, or the kind is named`() throws {
        try write("", "both/lts.conf")
        try write("[clients]\nA=1\n", "both/ltsp.conf")
        #expect(error(watch("both").look(isFirst: true)).contains("‘kind’"))
        let named = watch("both", .ltsp).look(isFirst: true)
        #expect(try named.last?.content.get().dialect == .ltsp)
        try write("", "none/other")
        #expect(error(watch("none").look(isFirst: true)).contains("no lts.conf"))
        try write("", "site.conf")
        #expect(error(watch("site.conf").look(isFirst: true)).contains("‘kind’"))
        try write("", "school-lts.conf")
        #expect(error(watch("school-lts.conf").look(isFirst: true)) == "")
    }

    @Test func `a pipe or a device is no file, and is not waited for`() throws {
        #expect(unsafe mkfifo(path("lts.conf"), 0o600) == 0)
        #expect(error(watch("lts.conf").look(isFirst: true)).contains("neither a file"))
        try link("zero-lts.conf", to: "/dev/zero")
        #expect(error(watch("zero-lts.conf").look(isFirst: true)).contains("neither a file"))
    }

    @Test func `a huge file is refused without being read`() throws {
        try write("", "lts.conf")
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path("lts.conf")))
        try handle.truncate(atOffset: 100 << 20)
        try handle.close()
        #expect(error(watch("lts.conf").look(isFirst: true)).contains("4 MiB"))
    }

    @Test(arguments: [
        ([0xFF, 0xFE, 0x5B, 0x00] as [UInt8], "lts.conf:1: it is UTF-16"),
        (Array("[default]\nA = 1\n\u{0}\n".utf8), "lts.conf:3: "),
        (Array("\u{FEFF}[default]\nA = 1\n".utf8), "lts.conf:1: "),
        (Array("[default]\r\nA = 1\r\n".utf8), "lts.conf:1: "),
        (Array("[a]\nLIKE = a\n".utf8), "lts.conf:2: "),
        (Array("[default]\nA = 1\ninclude gone.conf\n".utf8), "lts.conf:3: "),
    ])
    func `bad input is an error with file and line`(bytes: [UInt8], problem: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path("lts.conf")))
        let file = try #require(watch("lts.conf").look(isFirst: true).last).content.get()
        let first = file.file.problems.first(where: \.isError)?.description ?? ""
        #expect(first.hasPrefix(problem), "\(first)")
    }

    @Test func `a file that could not be saved is read again`() throws {
        try write("[default]\nA = 1\n", "lts.conf")
        let watch = watch("lts.conf")
        _ = watch.look(isFirst: true)
        watch.retry(.site)
        let later = (0..<50).flatMap { _ in watch.look() }
        #expect(later.count == 1)
    }

    @Test func `the configuration names them, each scope once`() throws {
        let settings = try ServerSettings(
            parsing: """
                kept-files:
                  - path: /etc/roost/lts.conf
                  - path: /config
                    image: debian
                    kind: ltsp.conf
                """, file: "roost.yaml")
        #expect(
            settings.keptFiles == [
                KeptFiles.Source(scope: .site, path: "/etc/roost/lts.conf"),
                KeptFiles.Source(scope: .image(try ImageName("debian")), path: "/config", dialect: .ltsp),
            ])
        #expect(ServerSettings().differencesThatNeedRestart(from: settings) == ["kept-files"])
        for text in [
            "kept-files: [{path: lts.conf}]", "kept-files: [{image: debian}]",
            "kept-files: [{path: /a}, {path: /b}]", "kept-files: [{path: /a, kind: x}]",
        ] {
            #expect(throws: (any Error).self, "\(text)") {
                try ServerSettings(parsing: text, file: "roost.yaml")
            }
        }
    }
}
