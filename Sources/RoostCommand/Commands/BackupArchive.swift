import Commands
import Dispatch
import Foundation
import Images
import Linux
import Sealing
import Synchronization

/// The file of a backup: an archive, and behind it a code that only the server that made it could compute.
///
/// The code is in a skippable frame of zstd (RFC 8878 §3.1.2), so that tar and zstd read the file as it is.
enum BackupArchive {
    private static let magic: [UInt8] = [0x5B, 0x2A, 0x4D, 0x18]
    private static let head = Array("roost backup 1\n".utf8)
    private static let codeByteCount = 32
    private static let pieceByteCount = 1 << 20

    /// What a file says of who made it, and what it holds.
    struct Content {
        var sha256: [UInt8]
        /// Nil: the file has none.
        var code: [UInt8]?

        private func isMade(by secrets: NodeSecrets?) -> Bool {
            guard let secrets, let code else { return false }
            return secrets.hasMade(backupCode: code, of: sha256)
        }

        /// Why it is not known that one of these servers made it as it is; nil when it is known.
        ///
        /// - Parameters:
        ///   - own: of the server that is here.
        ///   - theirs: those in the backup, if its passphrase has opened them.
        ///   - hasKeys: whether there are keys in it.
        func doubt(own: NodeSecrets?, theirs: NodeSecrets?, hasKeys: Bool) -> Doubt? {
            if isMade(by: own) || isMade(by: theirs) { return nil }
            if code == nil { return .isUnsigned }
            guard hasKeys else { return .isForeign }
            return theirs == nil ? .needsKeys : .isChanged
        }
    }

    /// Why a backup is not restored without `--unsigned`; what is said of the file.
    enum Doubt: String, Error {
        case isUnsigned = "is not signed: it was made by a version that did not sign, or was changed"
        case isChanged = "was changed since it was made"
        case isForeign =
            "was changed, or was made by another server without the keys (--keys) by which it would be known"
        case needsKeys =
            "was changed, or was made by another server: leave out --without-keys, so that its keys show which"
        case isDamaged = "is damaged, was changed, or is not a backup"
    }

    private static var tar: Program {
        get throws { try Program("tar", package: "tar") }
    }

    private static var frameHead: [UInt8] {
        let byteCount = UInt32(head.count + codeByteCount)
        return magic + (0..<4).map { UInt8(truncatingIfNeeded: byteCount >> (8 * $0)) } + head
    }

    /// Writes what `arguments` tell tar to pack, signed by a server with `secrets`; nil leaves it unsigned.
    static func write(
        _ arguments: [String], to file: borrowing FileDescriptor, signedBy secrets: NodeSecrets?
    ) throws {
        var hash = Hashing.Pieces()
        let output = FileHandle(fileDescriptor: file.number, closeOnDealloc: false)
        try tar.stream(["--format=gnu", "--zstd", "-cf", "-"] + arguments) { piece in
            hash.add(Array(piece))
            try output.write(contentsOf: piece)
        }
        guard let secrets else { return }
        try file.write(frameHead + secrets.backupCode(of: hash.sha256))
    }

    /// The code at the end of a file, and where the archive before it ends.
    private static func ending(of file: FileHandle) throws -> (code: [UInt8]?, byteCount: UInt64) {
        let whole = try file.seekToEnd()
        let frameByteCount = UInt64(frameHead.count + codeByteCount)
        guard whole > frameByteCount else { return (nil, whole) }
        try file.seek(toOffset: whole - frameByteCount)
        let frame = [UInt8](try file.read(upToCount: Int(frameByteCount)) ?? Data())
        guard frame.starts(with: frameHead), frame.count == Int(frameByteCount) else { return (nil, whole) }
        return (Array(frame.suffix(codeByteCount)), whole - frameByteCount)
    }

    /// Whether a file has a code at all.
    static func isSigned(_ path: String) throws -> Bool {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        return try ending(of: file).code != nil
    }

    /// Reads a file to its end without unpacking anything.
    ///
    /// - Parameter bounds: of what may be in it; afterwards it tells what is.
    /// - Throws: ``Doubt/isDamaged``, or ``BackupBounds/Excess``.
    static func survey(_ path: String, _ bounds: inout BackupBounds) throws -> Content {
        try read(path, &bounds) { _ in }
    }

    /// Unpacks a file. Others may be able to write to it, so the answer is about the bytes that were unpacked, and these are looked at again.
    ///
    /// - Parameter options: further ones for tar.
    /// - Throws: ``Doubt/isDamaged`` when tar cannot read it to its end, or ``BackupBounds/Excess``.
    static func unpack(_ path: String, _ options: [String], _ bounds: BackupBounds) throws -> Content {
        let outcome = Mutex<Result<Content, any Error>>(.failure(Doubt.isDamaged))
        let done = DispatchSemaphore(value: 0)
        do {
            try tar.run(
                ["-xf", "-"] + options,
                feed: { input in
                    defer { done.signal() }
                    let result = Result {
                        var (within, isRead) = (bounds, true)
                        return try Self.read(path, &within) { piece in
                            // tar does not read beyond the archive's end, and what is there counts, too.
                            if isRead { isRead = (try? input.write(contentsOf: piece)) != nil }
                        }
                    }
                    outcome.withLock { $0 = result }
                    try input.close()
                })
        } catch is ProgramFailure {
            // The other thread still reads. What it found comes before what tar says of an archive that was cut there.
            done.wait()
            _ = try outcome.withLock(\.self).get()
            throw Doubt.isDamaged
        }
        done.wait()
        return try outcome.withLock(\.self).get()
    }

    /// - Parameter take: gets the archive's bytes once they are within the bounds.
    private static func read(
        _ path: String, _ bounds: inout BackupBounds, take: (Data) throws -> Void
    ) throws -> Content {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        let (code, byteCount) = try ending(of: file)
        try file.seek(toOffset: 0)
        let state = Mutex((hash: Hashing.Pieces(), isOver: false))
        let done = DispatchSemaphore(value: 0)
        do {
            try Program("zstd", package: "zstd").stream(
                ["--decompress", "--stdout", "--quiet"],
                feed: { input in
                    defer { done.signal() }
                    var (rest, isRead) = (byteCount, true)
                    while rest > 0, !state.withLock(\.isOver),
                        let piece = try file.read(upToCount: Int(min(rest, UInt64(Self.pieceByteCount)))),
                        !piece.isEmpty
                    {
                        rest -= UInt64(piece.count)
                        state.withLock { $0.hash.add(Array(piece)) }
                        // It does not read on behind an error.
                        if isRead { isRead = (try? input.write(contentsOf: piece)) != nil }
                    }
                    try input.close()
                }
            ) { piece in
                do {
                    try bounds.read([UInt8](piece))
                    try take(piece)
                } catch {
                    state.withLock { $0.isOver = true }
                    throw error
                }
            }
            try bounds.requireEnd()
        } catch {
            // The other thread still reads, unless the program was not even started.
            guard error is ProgramFailure || error is Doubt || error is BackupBounds.Excess else {
                throw error
            }
            done.wait()
            throw error is ProgramFailure ? Doubt.isDamaged : error
        }
        done.wait()
        return Content(sha256: state.withLock { $0.hash.sha256 }, code: code)
    }
}
