import Fleet

/// Which image the nodes of a group could boot from a time on.
extension Acts {
    /// What the nodes of a group could boot.
    struct ImageOffer: Sendable {
        var path: GroupPath
        /// The setting `image` as it is there now; nil: it is not set.
        var current: ImageReference?
        /// As the setting is written, the best one first: of the group's own image the newest version, then its channels, then older versions.
        var choices: [Choice]

        struct Choice: Sendable {
            var reference: ImageReference
            /// The version that it means now.
            var number: Int
            var isNewest: Bool
        }
    }

    /// Older versions of each image that are offered.
    private static let olderVersionLimit = 5

    /// What could be scheduled by ``scheduleImage(_:for:at:windowMinutes:unlessInUse:)``.
    func imageOffer(for path: GroupPath) async throws -> ImageOffer {
        try require(.configure)
        try require(.configure, in: path)
        let snapshot = try await configuration()
        guard path == .site || snapshot.groups[path] != nil else {
            throw StoreError.notFound(snapshot.contents.missing(.group(path)) { caller.sees($0) })
        }
        let setting = snapshot.settings(of: path)
        let current = (try? setting.value(of: Settings.image)) ?? nil
        let own = current?.image ?? (snapshot.images.count == 1 ? snapshot.images.keys.first : nil)
        let images = snapshot.images.values.sorted {
            ($0.name == own ? 0 : 1, $0.name) < ($1.name == own ? 0 : 1, $1.name)
        }
        return ImageOffer(path: path, current: current, choices: images.flatMap(Self.choices))
    }

    private static func choices(of image: ImageCatalogue) -> [ImageOffer.Choice] {
        func choice(_ selector: ImageReference.Selector, _ number: Int, isNewest: Bool = false)
            -> ImageOffer.Choice
        {
            ImageOffer.Choice(
                reference: ImageReference(image: image.name, selector: selector), number: number,
                isNewest: isNewest)
        }
        // What is not served would leave the room dark.
        let numbers = image.versions.filter { $0.distrust == nil }.map(\.number).reversed()
        let channels = image.channels.sorted { $0.key.text < $1.key.text }
        return numbers.prefix(1).map { choice(.number($0), $0, isNewest: true) }
            + channels.map { choice(.channel($0.key), $0.value) }
            + numbers.dropFirst().prefix(olderVersionLimit).map { choice(.number($0), $0) }
    }
}
