/// A fixed name for a version; only channels move.
package struct ImageTag: Equatable, Sendable {
    /// The maximum number of tags per image.
    private static let limit = 1_000

    /// The version's number.
    package var number: Int
}

extension ImageTag: Codable {
    package init(from decoder: any Decoder) throws {
        number = try decoder.singleValueContainer().decode(Int.self)
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

extension FleetEdit {
    /// - Parameter number: the version that gets the name; nil removes it.
    package static func tag(_ image: ImageName, _ tag: ChannelName, _ number: Int?) -> Self {
        Self(ImageLabel(image, tag), number.map(ImageTag.init))
    }
}

extension ImageTag: FleetRecord {
    package static let kind = "tag"

    package static func keys(in contents: FleetSnapshot.Contents) -> [ImageLabel] {
        contents.images.values.flatMap { image in image.tags.keys.map { ImageLabel(image.name, $0) } }
    }

    package static func record(at key: ImageLabel, in contents: FleetSnapshot.Contents) -> ImageTag? {
        contents.images[key.image]?.tags[key.name].map(ImageTag.init)
    }
    package static func put(
        _ record: ImageTag?, at key: ImageLabel, in contents: inout FleetSnapshot.Contents
    ) { contents.images[key.image]?.tags[key.name] = record?.number }

    package static func checked(
        _ change: RecordChange<ImageTag>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> ImageTag? {
        let (key, image) = (change.key, try draft.image(change.key.image))
        try change.requireSomething(in: draft)
        guard let tag = change.after else { return nil }
        guard image.version(.number(tag.number)) != nil else {
            let missing = "\(key.image)@\(tag.number)"
            throw StoreError.notFound("there is no version \(missing) (roost image list shows all)")
        }
        guard image.channels[key.name] == nil else {
            throw StoreError.conflict("‘\(key.name)’ is a channel of \(key.image)")
        }
        if let other = image.tags[key.name], other != tag.number {
            throw StoreError.conflict(
                "\(key) is \(key.image)@\(other) already: tags do not move (roost image tag --remove \(key.image) \(key.name))"
            )
        }
        guard image.tags.count < limit else {
            throw StoreError.conflict("\(key.image) has \(image.tags.count) tags; remove some first")
        }
        return tag
    }

    package static func missing(_ key: ImageLabel) -> Sentence { "\(key.image) has no tag ‘\(key.name)’" }

    package static func summary(of change: RecordChange<ImageTag>, in snapshot: FleetSnapshot) -> String {
        let key = change.key
        return change.after.map { "\(key.image)@\($0.number) is tagged \(key.name)" } ?? "tag \(key) removed"
    }

    package static func reach(of change: RecordChange<ImageTag>) -> EditReach { .group(.site) }
}
