import API
import Fleet

/// Settings of images and versions: what all nodes that boot them have, on the whole site.
extension Acts {
    /// Those of the image, then those of its versions.
    func imageSettings(of name: ImageName) async throws -> [ImageSettings] {
        try require(.read)
        return try await Self.catalogue(name, in: configuration()).allSettings.filter { !$0.settings.isEmpty }
    }

    /// An image or a version with everything on the page of its settings.
    struct ImageSettingsDetails: Sendable {
        var scope: ImageScope
        /// The numbers of the image's versions that are there.
        var versions: [Int]
        /// Its own settings, without secrets, and the server that they were copied from.
        var own: ImageSettings
        /// What the site, the image and the version set.
        var effective: EffectiveSettings
        var mayPublish: Bool
    }

    func imageSettingsDetails(of scope: ImageScope) async throws -> ImageSettingsDetails {
        try require(.read)
        let snapshot = try await configuration()
        let image = try Self.catalogue(scope.image, in: snapshot)
        try Self.requireVersion(of: scope, in: image)
        var own = Self.record(at: scope, in: snapshot)
        own.settings = RecordSettings.redacted(own.settings)
        return ImageSettingsDetails(
            scope: scope, versions: image.versions.map(\.number), own: own,
            effective: snapshot.settings(ofImagesAt: scope),
            mayPublish: may(.publish, in: .site) && at == nil)
    }

    /// The effects of an edit to the settings of an image or a version; nil when nothing changes.
    ///
    /// - Parameter edit: makes the change from its own settings.
    func planSettings(
        of scope: ImageScope, _ edit: ([String: SettingValue]) throws -> SettingsChange
    ) throws -> PlannedChange? {
        try require(.publish, in: .site)
        let snapshot = fleet.snapshot
        let change = try edit(Self.record(at: scope, in: snapshot).settings)
        guard !change.set.isEmpty || !change.unset.isEmpty else { return nil }
        return try plan(ChangeRequest(edits: [ChangeRequest.Edit(settings: change)]), in: snapshot)
    }

    private static func record(at scope: ImageScope, in snapshot: FleetSnapshot) -> ImageSettings {
        ImageSettings.record(at: scope, in: snapshot.contents)
            ?? ImageSettings(scope.image, version: scope.version)
    }

    private static func catalogue(_ name: ImageName, in snapshot: FleetSnapshot) throws -> ImageCatalogue {
        guard let image = snapshot.images[name] else {
            throw StoreError.notFound(snapshot.contents.missing(.image(name)))
        }
        return image
    }

    private static func requireVersion(of scope: ImageScope, in image: ImageCatalogue) throws {
        guard let number = scope.version, image.version(.number(number)) == nil else { return }
        throw StoreError.notFound("there is no version \(scope) (roost image list shows all)")
    }
}

extension ImageScope {
    /// What a person names: an image, or a version by its number or the start of its digest. A channel moves, so that settings of one would
    /// be those of another version tomorrow.
    init(typed text: String, in snapshot: FleetSnapshot) throws {
        guard text.contains("@") else {
            self.init(try ImageName(text))
            return
        }
        guard let reference = ImageReference(text) else {
            throw InvalidSetting("‘\(text)’ is not NAME or NAME@VERSION")
        }
        guard let version = snapshot.version(reference) else {
            throw StoreError.notFound("there is no version ‘\(text)’ (roost image list shows all)")
        }
        if case .channel = reference.selector {
            throw InvalidSetting(
                "‘\(text)’ moves: settings are of an image or one version, here \(version.image) or \(version.image)@\(version.number)"
            )
        }
        self.init(version.image, version: version.number)
    }
}
