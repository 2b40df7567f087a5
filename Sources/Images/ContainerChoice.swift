import Foundation

/// The platform of a container image (OCI Image Index, *platform*): `linux/arm64/v8`.
package struct ContainerPlatform: Equatable, Sendable, CustomStringConvertible {
    var system: String
    /// Go's name for it: amd64, arm64, 386.
    var architecture: String
    var variant: String?

    init(system: String, architecture: String, variant: String? = nil) {
        self.system = system
        self.architecture = architecture
        self.variant = variant
    }

    /// - Parameter text: `linux/arm64/v8`, `linux/arm64`, or `arm64`.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), !parts.contains("") else { return nil }
        let words = parts.count == 1 ? ["linux"] + parts : parts
        self.init(
            system: words[0], architecture: Self.names[words[1]] ?? words[1],
            variant: words.count == 3 ? words[2] : nil)
    }

    /// Other names for the same architecture.
    private static let names = ["x86_64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm"]

    package static let host: Self = {
        #if arch(arm64)
        Self(system: "linux", architecture: "arm64")
        #else
        Self(system: "linux", architecture: "amd64")
        #endif
    }()

    package var description: String {
        [system, architecture, variant].compactMap(\.self).joined(separator: "/")
    }

    /// Whether an image for `self` satisfies `wanted`; an unspecified variant matches any.
    func fits(_ wanted: Self) -> Bool {
        system == wanted.system && architecture == wanted.architecture
            && (wanted.variant == nil || variant == wanted.variant)
    }
}

/// Which image to take when an archive has several.
package struct ContainerChoice: Sendable {
    /// A name with or without its tag, a tag, or the start of a digest; nil: the only one.
    package var reference: String?
    /// Nil: this host's platform, or the only one.
    package var platform: ContainerPlatform?

    package init(reference: String? = nil, platform: ContainerPlatform? = nil) {
        self.reference = reference
        self.platform = platform
    }

    /// The chosen image, and a remark about the choice.
    ///
    /// - Parameters:
    ///   - images: those of the archive, without attestations.
    ///   - source: where they are, for people.
    func image(of images: [ContainerImage], in source: String) throws -> (
        image: ContainerImage, note: String?
    ) {
        guard !images.isEmpty else {
            throw ImageLacks("\(source) contains no Linux image that has a manifest")
        }
        let exactly = images.filter { image in reference.map(image.isMeant) ?? true }
        // A name without its tag, when no image has the tag latest.
        let named = exactly.isEmpty ? images.filter { $0.isTagged(reference ?? "") } : exactly
        guard !named.isEmpty else {
            throw ImageLacks("\(source) has no image ‘\(reference ?? "")’; it has\n\(Self.list(images))")
        }
        // Images with names of their own are different images, not one for several platforms.
        let tagged = Set(named.map(\.names).filter { !$0.isEmpty })
        guard tagged.count < 2 || reference != nil else {
            throw ImageLacks(
                "\(source) holds several images: choose one with --reference\n\(Self.list(named))")
        }
        let wanted = platform ?? .host
        let fitting = named.filter { $0.platform?.fits(wanted) ?? (platform == nil) }
        if let platform, fitting.isEmpty {
            throw ImageLacks("\(source) has no image for \(platform); it has\n\(Self.list(named))")
        }
        let left = Self.mostGeneral(fitting.isEmpty ? named : fitting)
        guard let image = left.first, left.count == 1 else {
            throw ImageLacks(
                "\(source) holds several images: choose one with --reference or --platform\n\(Self.list(left))"
            )
        }
        let others = named.filter { $0 != image }.compactMap { $0.platform?.description }
        guard platform == nil, !others.isEmpty else { return (image, nil) }
        return (
            image,
            "\(image.platform?.description ?? "the platform of this host") is chosen; --platform chooses another (\(others.joined(separator: ", ")))"
        )
    }

    /// Among variants, the one that runs on every machine of the architecture: none, or ARM's v8 (GOAMD64 and GOARM64 name the rest).
    private static func mostGeneral(_ images: [ContainerImage]) -> [ContainerImage] {
        guard images.count > 1, Set(images.map { $0.platform?.architecture }).count == 1 else {
            return images
        }
        let general = images.filter { [nil, "v1", "v8"].contains($0.platform?.variant) }
        // Two images for the same platform are separate images, not variants.
        return general.count == 1 ? general : images
    }

    private static func list(_ images: [ContainerImage]) -> String {
        images.prefix(32).map { image in
            "  \(image.names.isEmpty ? "(no name)" : image.names.joined(separator: ", "))  \(image.platform?.description ?? "")  \(image.digest.prefix(19))"
        }.joined(separator: "\n") + (images.count > 32 ? "\n  and \(images.count - 32) more" : "")
    }
}

/// One image of an archive.
struct ContainerImage: Equatable {
    /// A file's location in the archive and its expected digests.
    struct Layer: Equatable {
        /// Relative to the archive's directory; links are followed, but never out of it.
        var place: String
        /// `sha256:…` of the file as stored; nil: unknown.
        var digest: String?
        /// `sha256:…` of the unpacked content; nil: unknown.
        var innerDigest: String?
    }

    /// All names in the archive: `docker.io/library/node:1`, or a tag alone.
    var names: [String]
    var platform: ContainerPlatform?
    /// Digest of its manifest or, if it has none, of its configuration; before Docker 1.10 the name of its uppermost layer.
    var digest: String
    var layers: [Layer]

    /// Whether a name without a tag is this image's, whatever its tag.
    func isTagged(_ name: String) -> Bool {
        names.contains { own in
            guard let colon = own.lastIndex(of: ":") else { return false }
            return own[..<colon] == name || own[..<colon].hasSuffix("/\(name)")
        }
    }

    /// Whether a reference means this image.
    func isMeant(_ reference: String) -> Bool {
        func digits(_ text: String) -> Substring { text.hasPrefix("sha256:") ? text.dropFirst(7) : text[...] }
        let beginning = digits(reference)
        if beginning.count >= 6, beginning.allSatisfy(\.isHexDigit), digits(digest).hasPrefix(beginning) {
            return true
        }
        return names.contains { name in
            if name == reference || name == "\(reference):latest" { return true }
            // docker.io/library/node:1 is also node:1, and 1 by its tag.
            return name.hasSuffix("/\(reference)") || name.hasSuffix("/\(reference):latest")
                || !reference.contains("/")
                    && name.split(separator: "/").last?.hasSuffix(":\(reference)") == true
        }
    }
}
