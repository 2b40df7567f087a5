import Foundation
import Glibc
import Linux
import Testing

/// Whether others could change a program before it runs.
@Suite final class OwnedPathTests {
    private let top: String

    init() throws {
        top = NSTemporaryDirectory() + "roost-owned-\(UUID())"
        for folder in ["dir", "dir/sub", "dir2"] {
            try FileManager.default.createDirectory(
                atPath: "\(top)/\(folder)", withIntermediateDirectories: true)
            #expect(unsafe chmod("\(top)/\(folder)", 0o755) == 0)
        }
        for file in ["dir/sub/program", "dir2/program"] {
            try Data("#!/bin/sh".utf8).write(to: URL(fileURLWithPath: "\(top)/\(file)"))
            #expect(unsafe chmod("\(top)/\(file)", 0o755) == 0)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: top) }

    private func path(_ name: String) throws -> OwnedPath {
        try #require(OwnedPath(resolving: "\(top)/\(name)"))
    }

    @Test func `a link is followed, and what is not there has no path`() throws {
        try FileManager.default.createSymbolicLink(
            atPath: "\(top)/link", withDestinationPath: "dir/sub/program")
        #expect(try path("link").path == path("dir/sub/program").path)
        #expect(OwnedPath(resolving: "\(top)/none") == nil)
    }

    @Test func `a directory of a longer name is another one`() throws {
        let program = try path("dir2/program")
        #expect(try program.isBelow(path("dir2")) && !program.isBelow(path("dir")))
        #expect(try !path("dir").isBelow(path("dir")))
    }

    @Test func `the first place is named that others may write to`() throws {
        let (program, folder) = (try path("dir/sub/program"), try path("dir"))
        #expect(program.changeable(upTo: folder) == nil)
        for (name, mode) in [("dir", 0o775), ("dir/sub", 0o757), ("dir/sub/program", 0o775)]
            as [(String, mode_t)]
        {
            #expect(unsafe chmod("\(top)/\(name)", mode) == 0)
            #expect(try program.changeable(upTo: folder) == path(name).path)
        }
    }

    @Test func `what is above the directory does not count`() throws {
        #expect(unsafe chmod(top, 0o777) == 0)
        #expect(try path("dir/sub/program").changeable(upTo: path("dir")) == nil)
    }

    @Test(.enabled(if: geteuid() == 0)) func `another user's file is changeable by that user`() throws {
        let program = try path("dir/sub/program")
        #expect(unsafe chown(program.path, 1, 1) == 0)
        #expect(try program.changeable(upTo: path("dir")) == program.path)
    }

    @Test func `a program is a plain file that may be run`() throws {
        let program = try path("dir/sub/program")
        #expect(program.isProgram)
        #expect(unsafe chmod(program.path, 0o644) == 0)
        #expect(!program.isProgram)
        #expect(try !path("dir").isProgram)
    }
}
