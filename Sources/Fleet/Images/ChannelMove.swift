/// A publisher's word that a channel means a version from now on: an Ed25519 signature (RFC 8032), with a counter by which an older
/// word is known as such. A server that passes moves on cannot make an old one count again.
package struct ChannelMove: Hashable, Sendable, Codable {
    /// The highest counter: what JSON's numbers hold in every program (RFC 8259 §6).
    package static let counterLimit = 1 << 53

    package var channel: ChannelName
    /// Of the version that the channel means.
    package var digest: Digest
    /// Higher than in every earlier move of the channel: the second in which it was signed, or one more than the last.
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

    /// What is signed: it can be taken for nothing else that the same key might sign.
    package static func message(
        moving channel: ChannelName, of image: ImageName, to digest: Digest, counter: Int
    ) -> String { "roost channel move \(image) \(channel) \(digest) \(counter)" }

    /// The counter of the move after `last`.
    ///
    /// - Parameter second: the time now, since 1970: who has lost all earlier moves goes on above them.
    package static func counter(after last: ChannelMove?, second: Int) -> Int {
        guard let last, last.counter < counterLimit else { return second }
        return max(second, last.counter + 1)
    }
}

extension FleetEdit {
    /// A signed move of a channel is the last one from now on.
    package static func move(_ image: ImageName, _ move: ChannelMove) -> Self {
        Self(ImageLabel(image, move.channel), move)
    }
}

extension ChannelMove: FleetRecord {
    package static let kind = "move"

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

    /// The channel goes back; what was signed stays so.
    package static var undo: Undoing { .keeps }
}
