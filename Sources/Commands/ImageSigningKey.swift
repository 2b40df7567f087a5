package import Fleet
import Foundation
import Sealing

/// The private half of a key that signs versions and channel moves, in a file that only its owner can read: 32 bytes in Base64.
package struct ImageSigningKey: Sendable {
    private let key: SigningKey

    /// Creates a key and writes it to `path`, which must not exist.
    package init(creatingAt path: String) throws {
        key = SigningKey()
        let text = Data((Data(key.seed).base64EncodedString() + "\n").utf8)
        guard !FileManager.default.fileExists(atPath: path) else {
            throw StoreError.conflict("\(path) already exists; a key that is lost cannot be made again")
        }
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: directory) else {
            throw StoreError.notFound("\(path): there is no directory \(directory)")
        }
        guard
            FileManager.default.createFile(
                atPath: path, contents: text, attributes: [.posixPermissions: 0o600])
        else { throw StoreError.conflict("\(path) cannot be written: may this user write in \(directory)?") }
    }

    package init(readingFrom path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw StoreError.notFound("there is no key in \(path) (roost image key \(path) makes one)")
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let bytes = Data(base64Encoded: text),
            let key = SigningKey(seed: [UInt8](bytes))
        else { throw StoreError.conflict("\(path) holds no signing key (roost image key makes one)") }
        self.key = key
    }

    /// In Base64, as in `image-keys` of roost.yaml.
    package var publicKey: String { Data(key.publicBytes).base64EncodedString() }

    /// - Parameters:
    ///   - last: the channel's previous move.
    ///   - second: the time now, since 1970.
    package func sign(
        moving channel: ChannelName, of image: ImageName, to digest: Fleet.Digest, after last: ChannelMove?,
        second: Int
    ) -> ChannelMove {
        let counter = ChannelMove.counter(after: last, second: second)
        let message = ChannelMove.message(moving: channel, of: image, to: digest, counter: counter)
        let bytes = Data(key.signature(of: Array(message.utf8)))
        return ChannelMove(
            channel: channel, digest: digest, counter: counter, key: publicKey,
            signature: bytes.base64EncodedString())
    }

    package func sign(_ digest: Fleet.Digest) -> ImageSignature {
        let bytes = Data(key.signature(of: Array(ImageSignature.message(for: digest).utf8)))
        return ImageSignature(key: publicKey, signature: bytes.base64EncodedString())
    }
}
