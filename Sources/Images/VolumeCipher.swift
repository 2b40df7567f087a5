import COpenSSL
import Foundation
import Glibc
import Linux
import Sealing

/// Does what dm-crypt does on a node, for files on the server: AES-256-XTS in sectors of ``EncryptedDevice/sectorByteCount`` bytes, whose
/// tweak is the number of the first 512-byte sector (`aes-xts-plain64`).
@safe final class VolumeCipher {
    private static let pieceByteCount = 1 << 20
    private let key: VolumeKey
    private let context: OpaquePointer

    init(_ key: VolumeKey) throws {
        self.key = key
        guard let context = unsafe EVP_CIPHER_CTX_new() else {
            throw SystemError("begin to encrypt", number: ENOMEM)
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_CIPHER_CTX_free(context) }

    /// Encrypts the data in a file of whole sectors in place. Holes stay holes: they are not ciphertext.
    func encrypt(_ path: String) throws {
        let unit = EncryptedDevice.sectorByteCount
        let holes = try FileDescriptor(opening: path)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
        var start = 0
        while let data = try holes.data(from: start) {
            var position = max(start, data.lowerBound / unit * unit)
            start = (data.upperBound + unit - 1) / unit * unit
            while position < start {
                let count = min(Self.pieceByteCount, start - position)
                try file.seek(toOffset: UInt64(position))
                guard let plain = try file.read(upToCount: count), plain.count == count else {
                    throw SystemError("read \(path)", number: EIO)
                }
                try file.seek(toOffset: UInt64(position))
                try file.write(contentsOf: try run([UInt8](plain), at: position, isEncrypting: true))
                position += count
            }
        }
        try file.close()
    }

    /// - Parameter offset: of the first byte in the volume; both it and the number of bytes are multiples of a sector.
    func run(_ bytes: [UInt8], at offset: Int, isEncrypting: Bool) throws -> [UInt8] {
        let unit = EncryptedDevice.sectorByteCount
        precondition(offset % unit == 0 && bytes.count % unit == 0, "XTS works on whole sectors")
        var result = [UInt8](repeating: 0, count: bytes.count)
        for position in stride(from: 0, to: bytes.count, by: unit) {
            var tweak = [UInt8](repeating: 0, count: 16)
            let number = UInt64((offset + position) / 512)
            for index in 0..<8 { tweak[index] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(index))) }
            var count: Int32 = 0
            let isDone = unsafe bytes.withUnsafeBufferPointer { source in
                unsafe result.withUnsafeMutableBufferPointer { target in
                    guard let from = source.baseAddress, let to = target.baseAddress else { return false }
                    return unsafe EVP_CipherInit_ex(
                        context, EVP_aes_256_xts(), nil, key.bytes, tweak, isEncrypting ? 1 : 0) == 1
                        && EVP_CipherUpdate(
                            context, to + position, &count, from + position, Int32(unit)) == 1
                }
            }
            guard isDone, Int(count) == unit else { throw SystemError("encrypt", number: EINVAL) }
        }
        return result
    }
}
