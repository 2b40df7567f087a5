import Fleet
import Foundation
import Testing

@testable import RoostCommand

/// What `roost serve --check` says of the files that a configuration names.
@Suite struct ConfiguredFilesTests {
    private final class Directory {
        let path = NSTemporaryDirectory() + UUID().uuidString

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func file(_ name: String, _ text: String) throws -> String {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
            return "\(path)/\(name)"
        }
    }

    private let directory: Directory

    init() throws { directory = try Directory() }

    private func problems(_ text: String, now: Int = 1_800_000_000) throws -> [String] {
        Server.filesProblems(try ServerSettings(parsing: text, file: "roost.yaml"), now: now)
    }

    private func expect(_ words: String, of text: String, now: Int = 1_800_000_000) throws {
        let found = try problems(text, now: now)
        #expect(found.count == 1 && found[0].contains(words), "\(found)")
    }

    @Test func `a certificate is there, is readable, fits its key and is valid now`() throws {
        let certificates =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().path + "/Certificates"
        let (good, expired) = ("\(certificates)/good.pem", "\(certificates)/expired.pem")
        let key = "\(certificates)/key.pem"
        #expect(try problems("center: {certificate: \(good), key: \(key)}").isEmpty)
        try expect(
            "has expired at 2020-02-01T00:00:00Z: put a new one",
            of: "center: {certificate: \(expired), key: \(key)}")
        // A clock that was never set says nothing.
        #expect(try problems("center: {certificate: \(expired), key: \(key)}", now: 0).isEmpty)
        try expect("there is no file /nowhere/x", of: "center: {certificate: /nowhere/x, key: \(key)}")
        try expect("is not a certificate in PEM", of: "center: {certificate: \(key), key: \(key)}")
        try expect("is not a file", of: "center: {certificate: \(good), key: \(directory.path)}")
    }

    @Test func `a source of images has a token and an authority`() throws {
        let token = try directory.file("token", "roost_abc\n")
        let empty = try directory.file("empty", "\n")
        let source = "image-sources: [{url: 'https://one:8443', token-file: "
        #expect(try problems("\(source)\(token)}]").isEmpty)
        try expect("token-file: there is no file /nowhere/t", of: "\(source)/nowhere/t}]")
        try expect("has no token in it", of: "\(source)\(empty)}]")
        try expect(
            "certificate: \(token) is not a certificate", of: "\(source)\(token), certificate: \(token)}]")
    }

    @Test func `kept and watched files are read as the server reads them`() throws {
        let kept = try directory.file("lts.conf", "[default]\nX\n")
        let wrong = try directory.file("wrong.yaml", "nodes:\n  - name: pc-1\nnonsense: 1\n")
        try expect(
            "kept-files: /nowhere/lts.conf: it is not there", of: "kept-files: [{path: /nowhere/lts.conf}]")
        #expect(try !problems("kept-files: [{path: \(directory.path)/none}]").isEmpty)
        _ = kept
        try expect("unknown key ‘nonsense’", of: "fleet-files: [{path: \(wrong), source: git}]")
        try expect("there is no file", of: "fleet-files: [{path: /nowhere/x.yaml, source: git}]")
        try expect("minting-programs: there is no directory", of: "minting-programs: /nowhere/minting")
    }

    @Test func `nothing is written`() throws {
        _ = try problems("state-directory: \(directory.path)/state\nsocket: \(directory.path)/run/api.sock")
        let settings = try ServerSettings(
            parsing: "roles: [center]\nstate-directory: \(directory.path)/state", file: "roost.yaml")
        #expect(Server.rootsProblems(settings, .current).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
    }
}
