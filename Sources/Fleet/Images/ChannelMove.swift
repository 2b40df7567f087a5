/// A publisher's statement that a channel points to a version from now on: an Ed25519 signature (RFC 8032), with a counter that reveals
/// older statements. A server that passes moves on cannot replay an old one.
package struct ChannelMove: Hashable, Sendable, Codable {
    /// The highest counter: the largest integer that JSON numbers hold in every program (RFC 8259 §6).
    package static let counterLimit = 1 << 53

    package var channel: ChannelName
    /// The digest of the channel's version.
    package var digest: Digest
    /// Higher than in every earlier move of the channel: the second of signing, or one more than the last.
    package var counter: Int
    /// The public key, 32 bytes in Base64.
    package var key: String
    /// 64 bytes in Base64.
    package var signature: String

    package init(channel: ChannelName, digest: Digest, counter: Int, key: String, signature: String) {
        self.channel = channel
        self.digest = digest
        self.counter = counter
        self.key = key
        self.signature = signature
    }

    /// The signed text: it cannot be mistaken for anything else that the same key might sign.
    package static func message(
        moving channel: ChannelName, of image: ImageName, to digest: Digest, counter: Int
    ) -> String { "roost channel move \(image) \(channel) \(digest) \(counter)" }

    /// The counter of the move after `last`.
    ///
    /// - Parameter second: the present time, since 1970: a publisher who lost all earlier moves continues above them.
    package static func counter(after last: ChannelMove?, second: Int) -> Int {
        guard let last, last.counter < counterLimit else { return second }
        return max(second, last.counter + 1)
    }
}

extension FleetEdit {
    /// Makes a signed move the channel's latest.
    package static func move(_ image: ImageName, _ move: ChannelMove) -> Self {
        Self(ImageLabel(image, move.channel), move)
    }
}

extension ChannelMove: FleetRecord {
    package static let kind = "move"

    package static func keys(in contents: FleetSnapshot.Contents) -> [ImageLabel] {
        contents.images.values.flatMap { image in image.moves.keys.map { ImageLabel(image.name, $0) } }
    }

    package static func record(at key: ImageLabel, in contents: FleetSnapshot.Contents) -> ChannelMove? {
        contents.images[key.image]?.moves[key.name]
    }
    package static func put(
        _ record: ChannelMove?, at key: ImageLabel, in contents: inout FleetSnapshot.Contents
    ) { contents.images[key.image]?.moves[key.name] = record }

    package static func checked(
        _ change: RecordChange<ChannelMove>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> ChannelMove? {
        _ = try draft.image(change.key.image)
        return change.after
    }

    package static func summary(of change: RecordChange<ChannelMove>, in snapshot: FleetSnapshot) -> String {
        "move of \(change.key) signed"
    }

    /// The channel goes back; the signed move stays.
    package static var undo: Undoing { .keeps }
}
