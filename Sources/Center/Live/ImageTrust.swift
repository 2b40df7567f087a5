package import Fleet
import Foundation
import Sealing

/// The keys whose signatures a version needs to be served.
package struct ImageTrust: Sendable {
    /// Public keys in Base64.
    let keys: Set<String>

    /// - Parameter keys: public keys in Base64; none: every version is served.
    package init(keys: [String]) throws {
        for key in keys where Self.publicKey(key) == nil {
            throw InvalidSetting(
                "image-keys: ‘\(key)’ is not an Ed25519 public key of 32 bytes in Base64 (roost image key shows one)"
            )
        }
        self.keys = Set(keys)
    }

    /// The error for a version without a trusted signature.
    package static let demand =
        "this server takes only versions that are signed by a key of its image-keys (--sign FILE)"

    package var isRequired: Bool { !keys.isEmpty }

    /// `snapshot` with each version marked as trusted or untrusted.
    package func judged(_ snapshot: FleetSnapshot) -> FleetSnapshot {
        guard isRequired else { return snapshot }
        var contents = snapshot.contents
        for (name, image) in contents.images {
            contents.images[name]?.versions = image.versions.map { version in
                var version = version
                version.isTrusted = isTrusted(version.digest, version.signatures)
                return version
            }
        }
        return FleetSnapshot(
            revision: snapshot.revision, contents: contents, observations: snapshot.observations,
            nodeOrder: snapshot.nodeOrder)
    }

    package func isTrusted(_ digest: Fleet.Digest, _ signatures: [ImageSignature]) -> Bool {
        !isRequired || signatures.contains { keys.contains($0.key) && Self.isValid($0, for: digest) }
    }

    /// Whether `signature` is valid for its key.
    package static func isValid(_ signature: ImageSignature, for digest: Fleet.Digest) -> Bool {
        hasSigned(ImageSignature.message(for: digest), signature.signature, by: signature.key)
    }

    /// Whether `move` is validly signed for a channel of this image.
    package static func isValid(_ move: ChannelMove, of image: ImageName) -> Bool {
        guard (1...ChannelMove.counterLimit).contains(move.counter) else { return false }
        let message = ChannelMove.message(
            moving: move.channel, of: image, to: move.digest, counter: move.counter)
        return hasSigned(message, move.signature, by: move.key)
    }

    /// Why a channel that follows another server's must not move to `version`; nil when it may.
    ///
    /// A channel with signed moves accepts only newer signed ones. A channel that never had any accepts versions that arrived here after
    /// its present one, but does not go back. Without keys every move is followed.
    ///
    /// - Parameter move: the other server's proof; nil: none.
    package func refusal(
        of move: ChannelMove?, moving channel: ChannelName, of image: ImageCatalogue, to version: ImageVersion
    ) -> String? {
        guard isRequired else { return nil }
        // A move by a key that is no longer trusted has no effect.
        let last = image.moves[channel].flatMap { keys.contains($0.key) ? $0 : nil }
        let what = "\(image.name)@\(channel) stays where it is: its move to \(version.digest.short) is"
        let isSigned = move.map { move in
            move.channel == channel && move.digest == version.digest && keys.contains(move.key)
                && Self.isValid(move, of: image.name)
        }
        guard let move, isSigned == true else {
            let remedy =
                "(there: roost image promote \(image.name)@\(version.digest.short) --to \(channel) --sign FILE)"
            if last != nil {
                return "\(what) not signed by a key of image-keys, as earlier ones were \(remedy)"
            }
            let isBack = image.channels[channel].map { $0 > version.number } ?? false
            return isBack ? "\(what) one back, which has to be signed \(remedy)" : nil
        }
        guard let last,
            move.counter < last.counter || move.counter == last.counter && move.digest != last.digest
        else { return nil }
        return "\(what) older (\(move.counter)) than one that came before it (\(last.counter))"
    }

    /// Throws unless `move` may become the channel's latest, on the server where versions are published.
    package func check(
        _ move: ChannelMove, moving channel: ChannelName, of image: ImageCatalogue, to version: ImageVersion
    ) throws {
        let what: Sentence = "the signed move of \(image.name)@\(channel)"
        guard move.channel == channel, move.digest == version.digest, Self.isValid(move, of: image.name)
        else { throw StoreError.conflict("\(what) is not one to \(image.name)@\(version.number)") }
        guard !isRequired || keys.contains(move.key) else {
            throw StoreError.conflict("\(what) is not by a key of image-keys")
        }
        guard let last = image.moves[channel], last.counter >= move.counter else { return }
        throw StoreError.conflict(
            "\(what) has the counter \(move.counter), and one before it has \(last.counter): is the clock right where it was signed?"
        )
    }

    private static func publicKey(_ text: String) -> [UInt8]? {
        Data(base64Encoded: text).flatMap { $0.count == SigningKey.publicByteCount ? [UInt8]($0) : nil }
    }

    /// - Parameters:
    ///   - signature: in Base64.
    ///   - key: in Base64.
    private static func hasSigned(_ message: String, _ signature: String, by key: String) -> Bool {
        guard let key = publicKey(key), let signature = Data(base64Encoded: signature) else { return false }
        return SigningKey.hasSigned(Array(message.utf8), [UInt8](signature), by: key)
    }
}
