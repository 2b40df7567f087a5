import Foundation
import Linux

/// How a file is compressed, told from its first bytes rather than its name.
enum Compression: String, CaseIterable, Sendable {
    case gzip, xz, zstd, lz4, bzip2

    /// How much of a file's beginning identifies it: the deepest signature, that of btrfs, is at 64 KiB.
    static let headByteCount = 68 * 1024

    /// Nil for anything that is not compressed.
    ///
    /// - Parameter head: the file's first bytes.
    init?(_ head: some Collection<UInt8>) {
        let signatures: [(Self, [UInt8])] = [
            (.gzip, [0x1F, 0x8B]), (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]),
            (.zstd, [0x28, 0xB5, 0x2F, 0xFD]), (.lz4, [0x04, 0x22, 0x4D, 0x18]),
            // As spelled in the kernel's makefiles.
            (.lz4, [0x02, 0x21, 0x4C, 0x18]), (.bzip2, Array("BZh".utf8)),
        ]
        let content = Self.behindSkippableFrames(head)
        guard let found = signatures.first(where: { content.starts(with: $0.1) }) else { return nil }
        self = found.0
    }

    /// Without the frames that zstd and lz4 pass over (RFC 8878 §3.1.2), with which what several processors packed begins.
    private static func behindSkippableFrames<Bytes: Collection<UInt8>>(_ head: Bytes) -> Bytes.SubSequence {
        var rest = head[...]
        while let first = rest.first, (0x50...0x5F).contains(first),
            rest.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
        {
            let size = rest.dropFirst(4).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            let next = rest.dropFirst(8).dropFirst(size)
            guard !next.isEmpty else { return rest }
            rest = next
        }
        return rest
    }

    /// Nil for a file that is not compressed or cannot be read.
    init?(ofFile path: String) {
        guard let head = Self.head(of: path) else { return nil }
        self.init(head)
    }

    /// The beginning of a file as stored.
    static func head(of path: String) -> Data? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        return try? file.read(upToCount: headByteCount) ?? Data()
    }

    /// The Debian package of the program.
    private var package: String { self == .xz ? "xz-utils" : rawValue }

    /// The program that decompresses with `-dc`, and that tar calls with `-d`, as words. Throws when it is not installed.
    func program() throws -> String {
        let path = try Program(rawValue, package: package).path
        // By itself, zstd takes back at most 128 MiB at once; those who pack for little space let it look back further.
        return self == .zstd ? "\(path) --long=31" : path
    }

    /// The first decompressed bytes of a file. Throws ``ImageLacks`` where there are none because it is damaged.
    func innerHead(of path: String) throws -> Data {
        let shell = try Program("bash", package: "bash").confined(Confinement(reads: [path]))
        // We stop the program early, which is not a fault of the file.
        let head = try shell.run([
            "-c", "$1 -dc <\"$2\" 2>/dev/null | head -c \"$3\"", "bash", try program(), path,
            String(Self.headByteCount),
        ])
        guard head.isEmpty else { return head }
        do {
            _ = try shell.run(["-c", "$1 -t <\"$2\"", "bash", try program(), path])
        } catch let failure as ProgramFailure {
            throw ImageLacks("\(path) cannot be decompressed: it is damaged or incomplete:\n\(failure.said)")
        }
        return head
    }

    /// Bytes of a disk or a layer that are decompressed: a small file can hold zeros that keep a processor for days.
    private static let contentByteLimit = 1 << 40
    /// The status of the shell for a file that holds more.
    private static let tooMuch: Int32 = 99

    /// Decompresses a file to `target`, with holes where there are zeros.
    ///
    /// - Parameters:
    ///   - directory: the directory of `target`; it is not filled completely.
    ///   - limit: in bytes. Throws ``ImageLacks`` for a file that holds more.
    func unpack(
        _ path: String, to target: String, in directory: String, limit: Int = contentByteLimit
    ) throws {
        // The file exists already, so the program needs to reach nothing else in the directory.
        try WholeFile.writeForNow(target, [])
        _ = try run(
            "dd of=\"$4\" bs=1M iflag=fullblock conv=sparse,notrunc status=none", path, target,
            Confinement(reads: [path], writes: [target]), limit: limit, filling: directory)
    }

    /// The SHA-256 digest, in hexadecimal digits, of a file's decompressed content.
    func innerDigest(of path: String) throws -> String {
        let told = try run("sha256sum", path, "", Confinement(reads: [path]), limit: Self.contentByteLimit)
        return String(decoding: told.prefix(64), as: UTF8.self)
    }

    /// Decompresses a file into a command of the shell, for which the target is `$4`.
    private func run(
        _ command: String, _ path: String, _ target: String, _ confinement: Confinement, limit: Int,
        filling directory: String? = nil
    ) throws -> Data {
        do {
            return try Program("bash", package: "bash").confined(confinement).run(
                [
                    "-o", "pipefail", "-c",
                    "$1 -dc <\"$2\" | { head -c \"$3\"; test \"$(head -c 1 | wc -c)\" = 0 || exit \(Self.tooMuch); } | \(command)",
                    "bash", try program(), path, String(limit), target,
                ], filling: directory)
        } catch let failure as ProgramFailure where failure.status == Self.tooMuch {
            throw ImageLacks(
                "\(URL(fileURLWithPath: path).lastPathComponent) holds more than \(limit >> 30) GiB when it is decompressed"
            )
        }
    }
}
