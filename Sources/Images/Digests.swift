import Crypto
import Fleet
package import Foundation

extension Fleet.Digest {
    /// Of bytes in memory.
    package init(of data: Data) { self.init(hash: SHA256.hash(data: data)) }

    /// Of a file, read in pieces.
    package init(ofFile path: String) throws {
        let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
        defer { try? file.close() }
        var hash = SHA256()
        while let piece = try file.read(upToCount: 1 << 20), !piece.isEmpty { hash.update(data: piece) }
        self.init(hash: hash.finalize())
    }

    private init(hash: SHA256.Digest) {
        let text = hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        // A SHA-256 digest always has 64 digits.
        guard let digest = Fleet.Digest(text) else { preconditionFailure("SHA-256 without 64 digits") }
        self = digest
    }
}
