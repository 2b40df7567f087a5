/// Reads the headers of a tar archive (POSIX.1-2017, *ustar Interchange Format*, with GNU tar's long names) as its bytes come, and passes
/// over the content of its files.
///
/// It knows files and directories alone, in the form in which GNU tar writes them. All else is an error: what another program would take
/// for content and this one for a header, or the other way round, could hide anything.
package struct TarReader: Sendable {
    /// A file or a directory, without its content.
    package struct Entry: Equatable, Sendable {
        package var name: String
        package var isDirectory: Bool
        package var byteCount: Int
    }

    /// Why an archive is not read further.
    package enum Mistake: Error, Equatable {
        /// It is damaged, or no archive.
        case isDamaged
        /// It has a link, a device, or another thing that is neither a file nor a directory.
        case isForeign(name: String)
    }

    private static let blockByteCount = 512
    /// More than any path has.
    private static let longNameByteLimit = 8_192
    /// Blocks of zeros at the end: tar fills its last record with them.
    private static let endLimit = 1_024

    /// What has come of the block, or the long name, that is read now.
    private var block: [UInt8] = []
    private var wanted = blockByteCount
    /// Bytes of content that are still to come, with what fills its last block.
    private var passed = 0
    /// The length of the long name that is read now.
    private var longNameByteCount: Int?
    /// Of the next header.
    private var longName: [UInt8]?
    private var endCount = 0

    package init() {}

    /// Whether the archive has come to its end.
    package var isComplete: Bool { endCount >= 2 && block.isEmpty }

    /// Reads on.
    ///
    /// - Parameter take: gets each entry before its content; when it throws, nothing more is read.
    /// - Throws: ``Mistake``, and what `take` throws.
    package mutating func read(_ bytes: [UInt8], take: (Entry) throws -> Void) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let over = min(passed, rest.count)
            passed -= over
            rest = rest.dropFirst(over)
            let piece = rest.prefix(wanted - block.count)
            block += piece
            rest = rest.dropFirst(piece.count)
            guard block.count == wanted else { return }
            try takeBlock(take)
            block.removeAll(keepingCapacity: true)
        }
    }

    private mutating func takeBlock(_ take: (Entry) throws -> Void) throws {
        if let byteCount = longNameByteCount {
            longName = Array(block.prefix(byteCount).prefix { $0 != 0 })
            longNameByteCount = nil
            wanted = Self.blockByteCount
        } else if block.allSatisfy({ $0 == 0 }) {
            endCount += 1
            guard longName == nil, endCount <= Self.endLimit else { throw Mistake.isDamaged }
        } else {
            guard endCount == 0 else { throw Mistake.isDamaged }
            try takeHeader(take)
        }
    }

    private mutating func takeHeader(_ take: (Entry) throws -> Void) throws {
        guard Self.number(block[148..<156]) == sum, let byteCount = Self.number(block[124..<136]) else {
            throw Mistake.isDamaged
        }
        let kind = block[156]
        if kind == UInt8(ascii: "L") {
            guard longName == nil, (1...Self.longNameByteLimit).contains(byteCount) else {
                throw Mistake.isDamaged
            }
            longNameByteCount = byteCount
            wanted = Self.filled(byteCount)
            return
        }
        let bytes = longName ?? shortName
        longName = nil
        let name = String(decoding: bytes, as: UTF8.self)
        guard kind == UInt8(ascii: "0") || kind == UInt8(ascii: "5") else {
            throw Mistake.isForeign(name: name)
        }
        // GNU tar makes a directory of a file with such a name, and takes its content for headers.
        let isDirectory = kind == UInt8(ascii: "5") || bytes.last == UInt8(ascii: "/")
        guard !bytes.isEmpty, !isDirectory || byteCount == 0 else { throw Mistake.isDamaged }
        try take(Entry(name: name, isDirectory: isDirectory, byteCount: byteCount))
        passed = Self.filled(byteCount)
    }

    private var shortName: [UInt8] {
        let name = Array(block[0..<100].prefix { $0 != 0 })
        // GNU tar's own headers have times there.
        guard block[257..<263].elementsEqual([0x75, 0x73, 0x74, 0x61, 0x72, 0]) else { return name }
        let prefix = Array(block[345..<500].prefix { $0 != 0 })
        return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
    }

    /// Of a header's bytes, with spaces in place of the sum itself.
    private var sum: Int {
        block.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 0x20 : Int(block[$1])) }
    }

    /// With what fills the last block.
    private static func filled(_ byteCount: Int) -> Int {
        (byteCount + blockByteCount - 1) / blockByteCount * blockByteCount
    }

    /// In octal digits, or for large files as bytes behind a first one of 0x80 (GNU tar); at most an exbibyte.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        guard let first = field.first else { return nil }
        let limit = 1 << 60
        if first == 0x80 {
            var value = 0
            for byte in field.dropFirst() {
                guard value < limit >> 8 else { return nil }
                value = value << 8 | Int(byte)
            }
            return value
        }
        let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        // A field has twelve bytes at most.
        guard !digits.isEmpty, field[digits.endIndex...].allSatisfy({ $0 == 0 || $0 == 0x20 }) else {
            return nil
        }
        return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    }
}
