/// The line by which an SSH server names itself (RFC 4253 §4.2): `SSH-2.0-OpenSSH_9.2p1 Debian-2`.
package struct SSHBanner: Equatable, Sendable {
    /// `2.0`, or `1.99` where version 1 is spoken as well.
    package var version: String
    /// The program, with a comment where there is one.
    @MachineText package var software: String

    /// With its line end.
    package static let lineLimit = 255
    /// Servers may send lines of text before it; so many bytes of them are read.
    package static let byteLimit = 8_192

    /// Looks for it at the front of `bytes`.
    ///
    /// - Returns: nil while it has not arrived whole.
    package static func find(in bytes: [UInt8]) throws(WireError) -> Self? {
        var start = 0
        while let end = bytes[start...].firstIndex(of: 10) {
            var line = bytes[start..<end]
            if line.last == 13 { line.removeLast() }
            if line.starts(with: "SSH-".utf8) { return try Self(line: line) }
            start = end + 1
            guard start < byteLimit else { break }
        }
        guard bytes.count < byteLimit else {
            throw .tooLong("identification", count: bytes.count, limit: byteLimit)
        }
        let begun = bytes[start...]
        if begun.starts(with: "SSH-".utf8), begun.count > lineLimit {
            throw .tooLong("identification", count: begun.count, limit: lineLimit)
        }
        return nil
    }

    private init(line: ArraySlice<UInt8>) throws(WireError) {
        guard line.count <= Self.lineLimit else {
            throw .tooLong("identification", count: line.count, limit: Self.lineLimit)
        }
        let parts = line.dropFirst(4).split(
            separator: UInt8(ascii: "-"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, (1...8).contains(parts[0].count), !parts[1].isEmpty,
            parts[0].allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") })
        else { throw .invalid("identification") }
        version = String(decoding: parts[0], as: UTF8.self)
        software = String(decoding: parts[1], as: UTF8.self)
    }
}
