import Crypto
import Fleet
package import Foundation
import Linux

extension Fleet.Digest {
    /// Of bytes in memory.
    package init(of data: Data) { self.init(hash: SHA256.hash(data: data)) }

    /// Of a file, read in pieces.
    package init(ofFile path: String) throws {
        let file = try FileDescriptor(opening: path)
        var hash = SHA256()
        // One buffer for all pieces, which stays in the processor's cache.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1024, alignment: 64)
        defer { unsafe buffer.deallocate() }
        while true {
            let count = try unsafe file.read(into: buffer)
            guard count > 0 else { break }
            unsafe hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        self.init(hash: hash.finalize())
    }

    private init(hash: SHA256.Digest) {
        let text = hash.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        // A SHA-256 digest always has 64 digits.
        guard let digest = Fleet.Digest(text) else { preconditionFailure("SHA-256 without 64 digits") }
        self = digest
    }
}
