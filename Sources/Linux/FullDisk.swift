import Glibc
import Wire

/// What a full disk leaves of files that people write.
package enum FullDisk {
    /// Why `path` may be the beginning of a longer file, for people; nil: it is whole, as far as that can be known.
    ///
    /// An editor, or a copy, that found no more room leaves a file that ends where a block of the disk does. When there is room again, what
    /// it left is still cut off: then the middle of a line shows it. Of whole files, one in thousands ends with a block.
    ///
    /// A block can also end where a line does: then the file ends otherwise than when it was last read.
    ///
    /// - Parameters:
    ///   - limit: longer files are not looked at; they are refused for that.
    ///   - known: how files ended when they were last read.
    package static func cut(of path: String, limit: Int, known: FileEnds = FileEnds()) -> String? {
        var disk = statvfs()
        guard let status = FileStatus(path, follows: true), status.isFile, 1...limit ~= status.byteCount,
            unsafe statvfs(path, &disk) == 0
        else { return nil }
        // Images of disks and the like have no room either, and lose nothing; some file systems report no sizes at all.
        guard disk.f_flag & UInt(ST_RDONLY) == 0, disk.f_blocks > 0, disk.f_frsize > 0,
            UInt(status.byteCount).isMultiple(of: disk.f_frsize)
        else { return nil }
        if disk.f_bavail == 0 {
            return
                "its disk is full, and it ends with a block of it, so that it may be cut off: free some space, and write it again"
        }
        guard endsInLine(path, at: status.byteCount) else {
            guard let before = known[path], FileEnds.endingBytes(of: path) != before else { return nil }
            return
                "it ends with a block of its disk, and otherwise than before, so that a full disk may have cut it off: write it again, or a comment (#) behind it"
        }
        return
            "it ends with a block of its disk and in the middle of a line, so that a full disk may have cut it off: write it again, or end its last line"
    }

    /// Why `path` has lost all its text, for people; nil: it has some, or is no file.
    package static func loss(of path: String) -> String? {
        guard let status = FileStatus(path, follows: true), status.isFile, status.byteCount == 0 else {
            return nil
        }
        return "the file is empty, as after a full disk: remove it, or write a comment (#) into it"
    }

    /// Whether the last line has no end, in any encoding of editors.
    private static func endsInLine(_ path: String, at byteCount: Int) -> Bool {
        guard let file = try? FileDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK) else {
            return false
        }
        var last: [UInt8] = [0, 0]
        guard unsafe pread(file.number, &last, 2, off_t(byteCount - 2)) == 2 else { return false }
        if last[1] == 0 { last.removeLast() }
        return last.last != 0x0A && last.last != 0x0D
    }
}

/// How files of people ended when they were last read, kept from one start of the server to the next.
///
/// What a full disk cuts off mostly ends in the middle of a line. Where it ends behind one, only this tells it from a whole file: a person
/// who changes a file seldom changes its last bytes and also makes it as long as blocks of a disk are.
package struct FileEnds: Equatable, Sendable {
    private static let byteCount = 64
    private static let countLimit = 10_000
    private static let head = "roost file ends 2"

    /// How one file ended.
    package struct End: Equatable, Sendable {
        /// The checksum of the last bytes.
        package var bytes: UInt32
        /// Those of the last lines with a text, in their order.
        package var lines: [UInt32]

        package init(bytes: UInt32, lines: [UInt32] = []) {
            self.bytes = bytes
            self.lines = lines
        }
    }

    private var ends: [String: End] = [:]

    package init() {}

    /// Reads what ``text`` has made; of a damaged one nothing, which costs only this check.
    package init(parsing text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst().map(String.init) == Self.head, lines.popLast() == "",
            let sum = lines.popLast(), sum == Self.sum(of: lines)
        else { return }
        for line in lines {
            let parts = line.split(separator: " ", maxSplits: 1)
            let numbers = parts.first?.split(separator: ",").compactMap { UInt32($0, radix: 16) } ?? []
            guard parts.count == 2, let bytes = numbers.first else { continue }
            ends[String(parts[1])] = End(bytes: bytes, lines: Array(numbers.dropFirst()))
        }
    }

    /// A line for each file, and their checksum.
    package var text: String {
        let lines = ends.sorted { $0.key < $1.key }.map { path, end in
            "\(([end.bytes] + end.lines).map { String($0, radix: 16) }.joined(separator: ",")) \(path)"[...]
        }
        return ([Self.head[...]] + lines + [Self.sum(of: lines[...])[...], ""]).joined(separator: "\n")
    }

    private static func sum(of lines: ArraySlice<Substring>) -> String {
        String(CRC32.of(Array(lines.joined(separator: "\n").utf8).span), radix: 16)
    }

    package subscript(path: String) -> UInt32? { ends[path]?.bytes }

    /// Whether a file that ends otherwise than before still has what it ended with then: something was added behind it, or its last line
    /// changed. A full disk would have taken some lines more.
    package func keepsLines(of path: String) -> Bool {
        guard let before = ends[path]?.lines, !before.isEmpty, let now = Self.lines(of: path) else {
            return false
        }
        let known = Swift.Set(now)
        return before.reversed().prefix { !known.contains($0) }.count <= min(1, before.count - 1)
    }

    /// Remembers how a file ended.
    package mutating func remember(_ end: End, of path: String) {
        guard !path.utf8.contains(0x0A), !path.isEmpty else { return }
        // Of files that come and go under other names, old ones are not worth their place.
        if ends.count >= Self.countLimit, ends[path] == nil { ends = [:] }
        ends[path] = end
    }

    private static let lineCount = 8
    /// Of longer files only the last bytes are remembered.
    private static let byteLimit = 4 << 20

    /// Checksums of a file's lines that have a text; nil when it is no file, or too long.
    private static func lines(of path: String) -> [UInt32]? {
        guard let status = FileStatus(path, follows: true), status.isFile,
            let bytes = try? WholeFile.readPlain(path, limit: byteLimit)
        else { return nil }
        return bytes.split { $0 == 0x0A || $0 == 0x0D }.filter { line in line.contains { $0 > 0x20 } }
            .map { CRC32.of(Array($0).span) }
    }

    /// How a file ends now; nil when it is no file, or empty.
    package static func end(of path: String) -> End? {
        endingBytes(of: path).map { End(bytes: $0, lines: Array((lines(of: path) ?? []).suffix(lineCount))) }
    }

    /// The checksum of its last bytes.
    fileprivate static func endingBytes(of path: String) -> UInt32? {
        guard let status = FileStatus(path, follows: true), status.isFile, status.byteCount > 0,
            let file = try? FileDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK)
        else { return nil }
        let count = min(byteCount, status.byteCount)
        var last = [UInt8](repeating: 0, count: count)
        guard unsafe pread(file.number, &last, count, off_t(status.byteCount - count)) == count else {
            return nil
        }
        return CRC32.of(last.span)
    }
}
