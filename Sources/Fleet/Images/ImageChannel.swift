/// The target of an image's channel. It moves; a tag does not.
package struct ImageChannel: Equatable, Sendable {
    /// The version's number.
    package var number: Int
    /// The number of the previous version, the target of a rollback; nil: it never pointed anywhere else.
    package var former: Int?
}

extension ImageChannel: Codable {
    private enum CodingKeys: CodingKey { case number, former }

    /// Histories from before the record had a former version contain only a number.
    package init(from decoder: any Decoder) throws {
        if let number = try? decoder.singleValueContainer().decode(Int.self) {
            self.init(number: number, former: nil)
            return
        }
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            number: try fields.decode(Int.self, forKey: .number),
            former: try fields.decodeIfPresent(Int.self, forKey: .former))
    }
}

extension FleetEdit {
    /// - Parameter number: the channel's new target; nil removes the channel.
    package static func channel(_ image: ImageName, _ channel: ChannelName, _ number: Int?) -> Self {
        Self(ImageLabel(image, channel), number.map { ImageChannel(number: $0, former: nil) })
    }
}

extension ImageChannel: FleetRecord {
    package static let kind = "channel"
    package static var declaredForm: (any DeclaredForm.Type)? { DeclaredChannel.self }

    package static func keys(in contents: FleetSnapshot.Contents) -> [ImageLabel] {
        contents.images.values.flatMap { image in image.channels.keys.map { ImageLabel(image.name, $0) } }
    }

    package static func record(at key: ImageLabel, in contents: FleetSnapshot.Contents) -> ImageChannel? {
        guard let image = contents.images[key.image] else { return nil }
        return image.channels[key.name].map { ImageChannel(number: $0, former: image.formers[key.name]) }
    }

    package static func put(
        _ record: ImageChannel?, at key: ImageLabel, in contents: inout FleetSnapshot.Contents
    ) {
        contents.images[key.image]?.channels[key.name] = record?.number
        contents.images[key.image]?.formers[key.name] = record?.former
    }

    package static func checked(
        _ change: RecordChange<ImageChannel>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> ImageChannel? {
        let key = change.key
        let image = try draft.image(key.image)
        guard let number = change.after?.number else { return nil }
        guard let version = image.version(.number(number)) else {
            let missing = "\(key.image)@\(number)"
            throw StoreError.notFound("there is no version \(missing) (roost image list shows all)")
        }
        guard image.tags[key.name] == nil else {
            throw StoreError.conflict("‘\(key.name)’ is a tag of \(key.image), and tags do not move")
        }
        let known = image.channels[key.name]
        guard known != number else { return record(at: key, in: draft) }
        // Its nodes would wait at their next boot.
        if let distrust = version.distrust { throw StoreError.conflict(distrust) }
        return ImageChannel(number: number, former: known)
    }

    package static func check(_ key: ImageLabel, in contents: FleetSnapshot.Contents) throws {
        let underWay = contents.rollouts.values.first { $0.image == key.image && $0.channel == key.name }
        if let underWay { throw StoreError.conflict(underWay.holdsItsChannel) }
    }

    package static func summary(
        of change: RecordChange<ImageChannel>, in snapshot: FleetSnapshot
    ) -> String {
        change.after.map { "\(change.key) now points to \(change.key.image)@\($0.number)" }
            ?? "channel \(change.key) removed"
    }

    package static func permission(
        for change: RecordChange<ImageChannel>, in snapshot: FleetSnapshot
    ) -> Permission { .publish }

    package static func reach(of change: RecordChange<ImageChannel>) -> EditReach { .group(.site) }

    package func means(_ other: ImageChannel) -> Bool { number == other.number }
}

extension FleetSnapshot {
    /// The edit that points a channel back to its target before the last change.
    package func rollingBack(_ channel: ChannelName, of name: ImageName) throws -> FleetEdit {
        let image = try contents.image(name)
        guard image.channels[channel] != nil else {
            throw StoreError.notFound("image \(name) has no channel \(channel)")
        }
        guard let former = image.formers[channel] else {
            throw StoreError.conflict("channel \(channel) of \(name) has never pointed anywhere else")
        }
        guard image.version(.number(former)) != nil else {
            throw StoreError.conflict(
                "version \(name)@\(former), where \(channel) pointed before, was removed")
        }
        return .channel(name, channel, former)
    }
}

extension ImageVersion {
    /// The edits that come with a new version: an image's first version is stable.
    package func edits(whenNewIn snapshot: FleetSnapshot) -> [FleetEdit] {
        snapshot.images[image]?.channels[.stable] == nil ? [.channel(image, .stable, number)] : []
    }
}

extension ImageCatalogue {
    /// Throws while a channel or a tag points to the version.
    func requireRemovable(_ number: Int) throws {
        let channels = channels.filter { $0.value == number }.map(\.key.text).sorted()
        guard channels.isEmpty else {
            throw StoreError.conflict(
                "channel \(channels.joined(separator: ", ")) points to \(name)@\(number); promote another version first"
            )
        }
        let tags = tags(of: number).map(\.text)
        guard tags.isEmpty else {
            throw StoreError.conflict(
                "\(name)@\(number) is tagged \(tags.joined(separator: ", ")); remove the tag first")
        }
    }
}

extension FleetSnapshot.Contents {
    /// Throws if there is none.
    func image(_ name: ImageName) throws -> ImageCatalogue {
        guard let image = images[name] else {
            throw StoreError.notFound(missing(.image(name)))
        }
        return image
    }
}
