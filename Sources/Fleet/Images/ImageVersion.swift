import Wire

/// SHA-256 in 64 lower-case hexadecimal digits.
package struct Digest: Hashable, Sendable, Codable, CustomStringConvertible {
    package let text: String

    static let digitCount = 64
    /// For versions that are measured and never served.
    static let zero = Self(digits: String(repeating: "0", count: digitCount))

    private init(digits: String) { text = digits }

    package init?(_ text: some StringProtocol) {
        guard text.utf8.count == Self.digitCount,
            text.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        else { return nil }
        self.text = String(text)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = Self(try container.decode(String.self)) else {
            throw DecodingError.unreadable("this is not a SHA-256 digest", in: container)
        }
        self = digest
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    package var description: String { text }
    /// Twelve digits, for people.
    package var short: String { String(text.prefix(12)) }
}

/// The contents of one version; stored beside the files as `manifest.json`.
package struct ImageManifest: Equatable, Sendable, Codable {
    package struct File: Equatable, Sendable, Codable {
        /// `kernel`, `modules.cpio` or `root.squashfs`.
        package var name: String
        package var byteCount: Int
        package var sha256: Digest

        package init(name: String, byteCount: Int, sha256: Digest) {
            self.name = name
            self.byteCount = byteCount
            self.sha256 = sha256
        }

        /// A manifest may come from another server: impossible file sizes are refused.
        package init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            name = try fields.decode(String.self, forKey: .name)
            byteCount = try fields.decode(Int.self, forKey: .byteCount)
            sha256 = try fields.decode(Digest.self, forKey: .sha256)
            guard Self.byteCountRange.contains(byteCount) else {
                throw DecodingError.unreadable(
                    "\(byteCount) is not the size of a file", forKey: .byteCount, in: fields)
            }
        }

        /// Small enough that the sum of a version's files does not overflow.
        private static let byteCountRange = 0...1 << 48
    }

    package struct Package: Equatable, Sendable, Codable {
        package var name: String
        package var version: String

        package init(name: String, version: String) {
            self.name = name
            self.version = version
        }
    }

    package var image: ImageName
    /// `amd64` or `arm64`, in Debian's spelling.
    package var architecture: String
    /// `6.1.0-32-amd64`
    package var kernelRelease: String
    /// `PRETTY_NAME` of the image's os-release.
    package var system: String
    package var files: [File]
    /// In name order; empty when the package manager is unknown.
    package var packages: [Package]
    /// Its source: `mmdebstrap bookworm`, `directory /srv/root`.
    package var origin: String
    /// The digest of its recipe: the Dockerfile with its arguments, or suite and packages; nil for an import.
    package var recipe: Digest?
    /// Whether its kernel can encrypt disks; nil in versions from before this was recorded.
    package var hasDMCrypt: Bool?

    package init(
        image: ImageName, architecture: String, kernelRelease: String, system: String, files: [File],
        packages: [Package], origin: String, recipe: Digest? = nil, hasDMCrypt: Bool? = nil
    ) {
        self.hasDMCrypt = hasDMCrypt
        self.recipe = recipe
        self.image = image
        self.architecture = architecture
        self.kernelRelease = kernelRelease
        self.system = system
        self.files = files
        self.packages = packages
        self.origin = origin
    }

    /// The maximum number of files in a version.
    private static let fileLimit = 64

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        image = try fields.decode(ImageName.self, forKey: .image)
        architecture = try fields.decode(String.self, forKey: .architecture)
        kernelRelease = try fields.decode(String.self, forKey: .kernelRelease)
        system = try fields.decode(String.self, forKey: .system)
        files = try fields.decode([File].self, forKey: .files)
        packages = try fields.decode([Package].self, forKey: .packages)
        origin = try fields.decode(String.self, forKey: .origin)
        recipe = try fields.decodeIfPresent(Digest.self, forKey: .recipe)
        hasDMCrypt = try fields.decodeIfPresent(Bool.self, forKey: .hasDMCrypt)
        guard files.count <= Self.fileLimit else {
            throw DecodingError.unreadable(
                "a version has at most \(Self.fileLimit) files", forKey: .files, in: fields)
        }
    }

    package func file(_ name: String) -> File? { files.first { $0.name == name } }
}

/// One immutable build of an image.
package struct ImageVersion: Equatable, Sendable {
    package var image: ImageName
    /// Increases from 1 for each image.
    package var number: Int
    /// The digest of the manifest, and so of every file.
    package var digest: Digest
    /// Seconds since 1970.
    package var publishedAt: Int
    /// The publisher; empty if not recorded.
    package var publishedBy: String
    package var manifest: ImageManifest
    package var signatures: [ImageSignature] = []
    /// False when the server requires signatures and this version has none by a trusted key: it is not served.
    package var isTrusted = true

    /// Why it is not served, and what to do; nil when it is trusted.
    package var distrust: Sentence? {
        isTrusted
            ? nil
            : "\(image)@\(number) has no signature of a key in image-keys (roost image sign \(image)@\(number) --key FILE)"
    }

    package init(
        image: ImageName, number: Int, digest: Digest, publishedAt: Int, publishedBy: String = "",
        manifest: ImageManifest
    ) {
        self.publishedBy = publishedBy
        self.image = image
        self.number = number
        self.digest = digest
        self.publishedAt = publishedAt
        self.manifest = manifest
    }
}

/// A channel's or a tag's name; within an image the two share one namespace.
package struct ChannelName: Hashable, Sendable, Codable, CustomStringConvertible {
    package let text: String

    /// Starts with a letter, since a number names a version. Then letters, digits, hyphens and dots.
    package init?(_ text: some StringProtocol) {
        guard (1...32).contains(text.utf8.count), let first = text.utf8.first, (0x61...0x7A).contains(first),
            text.utf8.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2D, 0x2E].contains($0)
            })
        else { return nil }
        self.text = String(text)
    }

    private init(constant: String) { text = constant }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let name = Self(try container.decode(String.self)) else {
            throw DecodingError.unreadable("this is not the name of a channel", in: container)
        }
        self = name
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// The default channel of nodes.
    package static let stable = Self(constant: "stable")

    package var description: String { text }
}

/// A reference to a version: `debian`, `debian@stable`, `debian@3`, `debian@9f86d081884c`, `debian@exam-2026` (a tag).
package struct ImageReference: Hashable, Sendable, CustomStringConvertible {
    package enum Selector: Hashable, Sendable {
        /// Or a tag.
        case channel(ChannelName)
        case number(Int)
        /// At least eight digits of the digest.
        case digest(prefix: String)
    }

    package var image: ImageName
    package var selector: Selector

    package init(image: ImageName, selector: Selector = .channel(.stable)) {
        self.image = image
        self.selector = selector
    }

    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let image = try? ImageName(first) else { return nil }
        self.image = image
        guard parts.count == 2 else {
            selector = .channel(.stable)
            return
        }
        if parts[1].count < 8, let number = Int(parts[1]), number > 0 {
            selector = .number(number)
        } else if (8...64).contains(parts[1].count), parts[1].allSatisfy({ $0.isHexDigit && !$0.isUppercase })
        {
            selector = .digest(prefix: String(parts[1]))
        } else if let channel = ChannelName(parts[1]) {
            selector = .channel(channel)
        } else {
            return nil
        }
    }

    package var description: String {
        switch selector {
        case .channel(let channel): "\(image)@\(channel)"
        case .number(let number): "\(image)@\(number)"
        case .digest(let prefix): "\(image)@\(prefix)"
        }
    }
}

extension ImageReference: SettingWord {
    package init(reading text: String) throws(InvalidSetting) {
        guard let reference = Self(text) else {
            throw InvalidSetting("‘\(text)’ is not NAME, NAME@CHANNEL or NAME@VERSION")
        }
        self = reference
    }

    /// The channel stable is the default and is left out.
    package var settingText: String { selector == .channel(.stable) ? image.text : description }
}

/// The versions of one image and where its channels point.
package struct ImageCatalogue: Equatable, Sendable {
    package var name: ImageName
    /// In number order.
    package var versions: [ImageVersion]
    /// Channel → version number.
    package var channels: [ChannelName: Int]
    /// Channel → the previous version, the target of a rollback.
    package var formers: [ChannelName: Int]
    /// Tag → version number. A tag does not move.
    package var tags: [ChannelName: Int]
    /// How many of the newest to keep when a new one arrives; nil: all, until pruned.
    package var keep: Int?
    /// Channel → its last signed move, which later moves must exceed; the channel may have been moved without a signature since.
    package var moves: [ChannelName: ChannelMove]
    /// What its nodes are set to; nil: nothing.
    package var settings: ImageSettings?
    /// Version number → what nodes that boot it are set to.
    package var settingsOfVersions: [Int: ImageSettings] = [:]

    package init(
        name: ImageName, versions: [ImageVersion], channels: [ChannelName: Int],
        formers: [ChannelName: Int] = [:], tags: [ChannelName: Int] = [:], keep: Int? = nil,
        moves: [ChannelName: ChannelMove] = [:]
    ) {
        self.moves = moves
        self.name = name
        self.versions = versions
        self.channels = channels
        self.formers = formers
        self.tags = tags
        self.keep = keep
    }

    /// In name order.
    package func tags(of number: Int) -> [ChannelName] {
        tags.filter { $0.value == number }.map(\.key).sorted { $0.text < $1.text }
    }

    package func version(_ selector: ImageReference.Selector) -> ImageVersion? {
        switch selector {
        case .channel(let channel):
            (channels[channel] ?? tags[channel]).flatMap { number in
                versions.first { $0.number == number }
            }
        case .number(let number): versions.first { $0.number == number }
        case .digest(let prefix): versions.last { $0.digest.text.hasPrefix(prefix) }
        }
    }
}
