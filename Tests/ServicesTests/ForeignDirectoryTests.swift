import Foundation
import Glibc
import Linux
import Testing

@Suite struct ForeignDirectoryTests {
    private let place = NSTemporaryDirectory() + "roost-foreign-\(UUID())"

    private func withPlace(_ body: () throws -> Void) throws {
        let files = FileManager.default
        for name in ["own/below", "outside"] {
            try files.createDirectory(atPath: "\(place)/\(name)", withIntermediateDirectories: true)
        }
        defer { try? files.removeItem(atPath: place) }
        for name in ["own/file", "own/below/file", "outside/file"] {
            try Data(name.utf8).write(to: URL(fileURLWithPath: "\(place)/\(name)"))
        }
        try body()
    }

    @Test func `files below it are opened without following links, and anything else is refused`() throws {
        try withPlace {
            for (name, target) in [
                ("link", "file"), ("away", "../outside/file"), ("up", ".."),
                ("absolute", "\(place)/own/file"),
            ] { try #require(unsafe symlink(target, "\(place)/own/\(name)") == 0) }
            try #require(unsafe mkfifo("\(place)/own/pipe", 0o600) == 0)
            let directory = try ForeignDirectory("\(place)/own")
            for name in ["file", "below/file", "below/../file"] {
                #expect(try directory.file(name).byteCount() > 0, "\(name)")
            }
            for name in [
                "link", "away", "up/outside/file", "absolute", "../outside/file", "\(place)/own/file", "pipe",
                "below", "nothing",
            ] {
                #expect(throws: SystemError.self, "\(name)") { _ = try directory.file(name) }
            }
            #expect(throws: SystemError.self) { _ = try ForeignDirectory("\(place)/own/up") }
            #expect(throws: SystemError.self) { _ = try directory.directory("up", for: 0, 0) }
        }
    }

    @Test func `files get their place by a rename, and a new file is private to its maker`() throws {
        try withPlace {
            let directory = try ForeignDirectory("\(place)/own")
            let below = try directory.directory("new", for: geteuid(), getegid())
            try DurableFile.publish("\(place)/outside/file", as: "taken", in: below, at: .image)
            #expect(FileStatus("\(place)/own/new/taken")?.isFile == true)
            try #require(unsafe symlink("\(place)/outside/other", "\(place)/own/.x.new-1") == 0)
            #expect(throws: SystemError.self) { _ = try directory.makeFile(".x.new-1") }
            do {
                let file = try directory.makeFile(".x.new-2")
                #expect((FileStatus("\(place)/own/.x.new-2")?.mode ?? 0) & 0o777 == 0o600)
                directory.removeLeft(".x.new-")
                #expect(FileStatus("\(place)/own/.x.new-2") != nil, "its maker still works")
                try DurableFile.publish(file, named: ".x.new-2", as: "x", in: directory, at: .backup)
            }
            _ = try directory.makeFile(".x.new-3")
            directory.removeLeft(".x.new-")
            #expect(FileStatus("\(place)/own/.x.new-3") == nil)
            #expect(FileStatus("\(place)/own/x")?.isFile == true)
            #expect(FileStatus("\(place)/outside/other") == nil)
        }
    }
}
