package import Fleet
package import Wire

/// A version of an image.
package struct VersionAnswer: Codable, Sendable {
    package var image: ImageName
    package var number: Int
    package var digest: Digest
    @SecondTimestamp package var publishedAt: Int
    package var publishedBy: String
    package var channels: [ChannelName]
    package var openConnections: Int
    package var manifest: ImageManifest
    package var tags: [ChannelName]
    package var signatures: [ImageSignature]
    /// Whether it is served: it is signed, if signatures are required.
    package var isTrusted: Bool
    /// The signed moves by which channels point to it.
    package var moves: [ChannelMove]?
    /// What to know before publishing or promoting it: nodes that it does not fit.
    package var warnings: [String]?
    /// What nodes that boot it are set to, without secrets; nil: nothing.
    package var settings: [String: SettingValue]?
    /// The same for all versions of the image.
    package var imageSettings: [String: SettingValue]?

    package init(
        image: ImageName, number: Int, digest: Digest, publishedAt: Int, publishedBy: String,
        channels: [ChannelName], openConnections: Int, manifest: ImageManifest, tags: [ChannelName],
        signatures: [ImageSignature], isTrusted: Bool, moves: [ChannelMove]? = nil, warnings: [String]? = nil,
        settings: [String: SettingValue]? = nil, imageSettings: [String: SettingValue]? = nil
    ) {
        self.settings = settings
        self.imageSettings = imageSettings
        self.image = image
        self.number = number
        self.digest = digest
        self.publishedAt = publishedAt
        self.publishedBy = publishedBy
        self.channels = channels
        self.openConnections = openConnections
        self.manifest = manifest
        self.tags = tags
        self.signatures = signatures
        self.isTrusted = isTrusted
        self.moves = moves
        self.warnings = warnings
    }
}

/// A version in the image store to be published.
package struct PublishRequest: Codable, Sendable {
    package var digest: Digest
    package var signatures: [ImageSignature]?

    package init(digest: Digest, signatures: [ImageSignature]? = nil) {
        self.digest = digest
        self.signatures = signatures
    }
}

/// The new target of a channel or tag.
package struct PromoteRequest: Codable, Sendable {
    /// `3` or the start of a digest.
    package var version: String
    /// The signed move, for servers that follow the channel. Tags have none.
    package var move: ChannelMove?

    package init(version: String, move: ChannelMove? = nil) {
        self.version = version
        self.move = move
    }
}

/// Whether a version's files match its manifest.
package struct VerificationAnswer: Codable, Sendable {
    package var image: ImageName
    package var number: Int
    package var isGood: Bool
    /// The damage, one line per file.
    package var damage: [String]

    package init(image: ImageName, number: Int, isGood: Bool, damage: [String]) {
        self.image = image
        self.number = number
        self.isGood = isGood
        self.damage = damage
    }
}

/// How many versions of an image to keep.
package struct KeepRequest: Codable, Sendable {
    /// How many of the newest to keep when a new one arrives; left out: all.
    package var keep: Int?

    package init(keep: Int?) { self.keep = keep }
}

/// Removes versions that are not in use.
package struct PruneRequest: Codable, Sendable {
    /// How many of the newest to keep in any case; left out: 3.
    package var keep: Int?
    /// Only report what would be removed.
    package var isPlan: Bool?

    package init(keep: Int? = nil, isPlan: Bool? = nil) {
        self.keep = keep
        self.isPlan = isPlan
    }
}

/// The removed versions, and why the others stay.
package struct PruneAnswer: Codable, Sendable {
    package struct Kept: Codable, Sendable {
        package var number: Int
        package var because: String

        package init(number: Int, because: String) {
            self.number = number
            self.because = because
        }
    }

    package var removed: [Int]
    package var kept: [Kept]

    package init(removed: [Int], kept: [Kept]) {
        self.removed = removed
        self.kept = kept
    }
}
