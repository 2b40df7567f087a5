import Foundation
import Linux
import Testing
import Wire

/// What is believed of a tar archive that anyone may have written.
@Suite struct TarReaderTests {
    private func entries(of bytes: [UInt8], pieces: Int = .max) throws -> (
        all: [TarReader.Entry], isWhole: Bool
    ) {
        var (reader, all, rest) = (TarReader(), [TarReader.Entry](), bytes[...])
        while !rest.isEmpty {
            let piece = rest.prefix(pieces)
            try reader.read(Array(piece)) { all.append($0) }
            rest = rest.dropFirst(piece.count)
        }
        return (all, reader.isComplete)
    }

    private static let long = "images/\(String(repeating: "a", count: 150))/kernel"

    private static var sample: HandMadeTar {
        var tar = HandMadeTar()
        tar.add("./", kind: "5")
        tar.add("./BACKUP", Array("note".utf8))
        tar.add("exact", [UInt8](repeating: 1, count: 1_024))
        tar.addLong(long, [1])
        tar.add("name", [2], prefix: "of/ustar")
        tar.add("empty")
        return tar
    }

    @Test(arguments: [1, 7, 511, 512, 513, 4_096, .max])
    func `entries are the same in whatever pieces they come`(pieces: Int) throws {
        let (all, isWhole) = try entries(of: Self.sample.archive, pieces: pieces)
        #expect(all.map(\.name) == ["./", "./BACKUP", "exact", Self.long, "of/ustar/name", "empty"])
        #expect(all.map(\.byteCount) == [0, 4, 1_024, 1, 1, 0])
        #expect(all.map(\.isDirectory) == [true, false, false, false, false, false])
        #expect(isWhole)
    }

    @Test func `an archive that GNU tar wrote is read as tar lists it`() throws {
        let directory = NSTemporaryDirectory() + "roost-tar-\(UUID().uuidString)"
        let files = FileManager.default
        defer { try? files.removeItem(atPath: directory) }
        let deep = "\(directory)/\(String(repeating: "d", count: 90))/\(String(repeating: "e", count: 90))"
        try files.createDirectory(atPath: deep, withIntermediateDirectories: true)
        for (number, name) in ["a", "bé c", "d\ne"].enumerated() {
            try Data(count: number * 700).write(to: URL(fileURLWithPath: "\(deep)/\(name)"))
        }
        func tar(_ words: String) throws -> [UInt8] {
            try FilterProgram(
                "/bin/sh", ["-c", "tar \(words)", directory],
                environment: ["LC_ALL": "C", "PATH": "/usr/bin:/bin"]
            )
            .run(input: [], secondLimit: 20, outputLimit: 1 << 20).output
        }
        let archive = try tar("--format=gnu -cf - -C \"$0\" .")
        let listed = try tar("--format=gnu -cf - -C \"$0\" . | tar --quoting-style=literal -tf -")
        let (all, isWhole) = try entries(of: archive)
        #expect(all.map(\.name).joined(separator: "\n") + "\n" == String(decoding: listed, as: UTF8.self))
        #expect(all.map(\.byteCount).sorted().suffix(2) == [700, 1_400] && isWhole)
    }

    @Test func `an archive without its end is not whole`() throws {
        let bytes = Self.sample.bytes
        for count in [0, 100, 512, 1_000, bytes.count, bytes.count + 512] {
            let cut = (bytes + [UInt8](repeating: 0, count: 512)).prefix(count)
            #expect(try !entries(of: Array(cut)).isWhole, "\(count)")
        }
    }

    @Test(arguments: ["1", "2", "3", "4", "6", "7", "S", "x", "g", "K", "M", "V", "D", "\u{0}", "A"])
    func `what is neither a file nor a directory is an error, with its name`(kind: Character) {
        var tar = HandMadeTar()
        tar.add("before", [1])
        tar.addLong(Self.long, kind: kind)
        #expect(throws: TarReader.Mistake.isForeign(name: Self.long)) { try entries(of: tar.archive) }
    }

    @Test func `what tar could read in another way is an error`() {
        func archive(_ make: (inout HandMadeTar) -> Void) -> [UInt8] {
            var tar = HandMadeTar()
            make(&tar)
            return tar.archive
        }
        var changed = Self.sample.archive
        changed[512] ^= 1
        func size(_ field: [UInt8]) -> [UInt8] { archive { $0.add("a", size: field) } }
        for (what, bytes) in [
            ("a changed name", changed),
            ("a negative size", size([UInt8](repeating: 0xFF, count: 12))),
            ("a size beyond all", size([0x80] + [UInt8](repeating: 0xFF, count: 11))),
            ("a size that no sum holds", archive { $0.add("a", byteCount: 1 << 62) }),
            ("no digit", size(Array("0000000008\u{0}".utf8))),
            ("a size with a sign", size(Array("-1 ".utf8))),
            ("no size", size([])), ("something behind a size", size(Array("1 1".utf8))),
            ("a directory with content", archive { $0.add("d", [1], kind: "5") }),
            ("a file with a directory's name", archive { $0.add("d/", [1]) }),
            ("no name", archive { $0.add("") }),
            ("an endless name", archive { $0.add("l", kind: "L", byteCount: 1 << 40) }),
            (
                "two long names",
                archive { tar in
                    for _ in 0..<2 { tar.add("l", [65, 0], kind: "L") }
                }
            ),
            ("a long name alone", archive { $0.add("l", [65, 0], kind: "L") }),
            ("more behind its end", Self.sample.archive + Self.sample.archive),
            (
                "one block of zeros",
                Self.sample.bytes + [UInt8](repeating: 0, count: 512) + Self.sample.archive
            ),
            ("zeros without end", Self.sample.archive + [UInt8](repeating: 0, count: 1 << 20)),
        ] {
            #expect(throws: TarReader.Mistake.isDamaged, "\(what)") { try entries(of: bytes) }
        }
    }
}
