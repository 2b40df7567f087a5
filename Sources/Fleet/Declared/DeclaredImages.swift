import Wire

/// A channel of an image in a file: `channel: debian@stable`.
package struct DeclaredChannel: DeclaredForm, Equatable {
    package typealias Record = ImageChannel
    package static let (member, keyMember) = ("channels", "channel")
    package static let audience = DeclaredAudience.readers
    package static let permission = Permission.publish

    package var channel: ImageLabel
    /// The number of the version that it points to.
    package var version: Int

    package init(channel: ImageLabel, version: Int) { (self.channel, self.version) = (channel, version) }

    package init(_ record: ImageChannel, at key: ImageLabel) {
        self.init(channel: key, version: record.number)
    }

    package var recordKey: ImageLabel { channel }

    package func record(over stored: ImageChannel?, at second: Int) -> ImageChannel {
        ImageChannel(number: version, former: stored?.former)
    }
}

/// How many versions of an image are kept, in a file.
package struct DeclaredKeep: DeclaredForm, Equatable {
    package typealias Record = ImageKeep
    package static let (member, keyMember) = ("keeps", "image")
    package static let audience = DeclaredAudience.readers

    package var image: ImageName
    /// The newest that are kept.
    package var versions: Int

    package init(image: ImageName, versions: Int) { (self.image, self.versions) = (image, versions) }

    package init(_ record: ImageKeep, at key: ImageName) { self.init(image: key, versions: record.count) }

    package var recordKey: ImageName { image }

    package func record(over stored: ImageKeep?, at second: Int) -> ImageKeep { ImageKeep(count: versions) }
}

extension ImageLabel: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do { self = try Self(recordKey: container.decode(String.self)) } catch let error as InvalidName {
            throw DecodingError.unreadable(error.description, in: container)
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
