import Wire

/// Settings for all nodes that boot an image, or one version of it: stronger than groups, weaker than match rules.
package struct ImageSettings: Equatable, Sendable, Codable {
    package var image: ImageName
    /// The version's number; nil: all versions of the image.
    package var version: Int?
    @RecordSettings package var settings: [String: SettingValue]
    /// The server that they were copied from with the version; nil once a person has set them here.
    package var source: String?

    /// - Parameter version: nil: all versions of the image.
    package init(
        _ image: ImageName, version: Int? = nil, _ settings: [String: SettingValue] = [:],
        source: String? = nil
    ) {
        self.image = image
        self.version = version
        self.settings = settings
        self.source = source
    }

    /// Those that an image cannot have, because they decide which image it is.
    private static let forbidden: Set<String> = [Settings.image.name]

    /// Those that a version cannot have, because they decide which version it is.
    private static let forbiddenInVersions = forbidden.union([
        Settings.rescueImage.name, Settings.bootBrake.name, Settings.rootMode.name, Settings.nfsRoot.name,
        Settings.persistentDirectories.name, Settings.persistentDisk.name, Settings.volumeSize.name,
        Settings.volumePolicy.name,
    ])

    /// Whether the setting may be set there.
    package static func canHave(_ setting: String, inVersion: Bool) -> Bool {
        !(inVersion ? forbiddenInVersions : forbidden).contains(setting)
    }

    var origin: SettingOrigin { version.map { .version(image, $0) } ?? .image(image) }

    /// What goes with a copy of the version to another server: all but secrets; nil: nothing.
    package var travelling: [String: SettingValue]? {
        let settings = settings.filter { !SettingDefinition.isSecret($0.key) }
        return settings.isEmpty ? nil : settings
    }
}

/// An image, or one version of it: `debian`, `debian@3`.
package struct ImageScope: RecordKey, Comparable {
    package let image: ImageName
    /// Nil: the image itself.
    package let version: Int?

    /// - Parameter version: nil: the image itself.
    package init(_ image: ImageName, version: Int? = nil) {
        self.image = image
        self.version = version
    }

    package init(recordKey text: String) throws {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        let image = try ImageName(parts.first ?? "")
        guard parts.count == 2 else {
            self.init(image)
            return
        }
        guard let number = Int(parts[1]), number > 0, String(number) == parts[1] else {
            throw InvalidName(
                text, rule: "an image or the number of one of its versions: debian, debian@3")
        }
        self.init(image, version: number)
    }

    package var description: String { version.map { "\(image)@\($0)" } ?? image.text }

    /// The image itself is before its versions.
    package static func < (left: Self, right: Self) -> Bool {
        (left.image, left.version ?? 0) < (right.image, right.version ?? 0)
    }
}

extension ImageScope: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = try Self(recordKey: container.decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension FleetEdit {
    /// - Parameter settings: nil removes them.
    package static func imageSettings(_ scope: ImageScope, _ settings: ImageSettings?) -> Self {
        Self(scope, settings)
    }
}

extension ImageSettings: SettingsRecord, ListedRecord {
    package static let kind = "image-settings"
    package static var declaredForm: (any DeclaredForm.Type)? { DeclaredImageSettings.self }

    package var key: ImageScope { ImageScope(image, version: version) }

    package static func keys(in contents: FleetSnapshot.Contents) -> [ImageScope] {
        contents.images.values.flatMap(\.allSettings).map(\.key)
    }

    package static func record(at key: ImageScope, in contents: FleetSnapshot.Contents) -> ImageSettings? {
        guard let image = contents.images[key.image] else { return nil }
        return key.version.map { image.settingsOfVersions[$0] } ?? image.settings
    }

    package static func put(
        _ record: ImageSettings?, at key: ImageScope, in contents: inout FleetSnapshot.Contents
    ) {
        if let version = key.version {
            contents.images[key.image]?.settingsOfVersions[version] = record
        } else {
            contents.images[key.image]?.settings = record
        }
    }

    package static func checked(
        _ change: RecordChange<ImageSettings>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> ImageSettings? {
        let key = change.key
        let image = try draft.image(key.image)
        guard key.version.map({ image.version(.number($0)) != nil }) != false else {
            throw StoreError.notFound("there is no version \(key) (roost image list shows all)")
        }
        try change.requireSomething(in: draft)
        guard var record = change.after else { return nil }
        (record.image, record.version) = (key.image, key.version)
        let present = Self.record(at: key, in: draft)
        record.settings = try RecordSettings.checked(
            record.settings, since: change.isOld ? record.settings : present?.settings)
        for name in record.settings.keys.sorted()
        where !canHave(name, inVersion: key.version != nil) {
            throw InvalidSetting(
                key.version == nil
                    ? "\(name) decides which image a node boots, so an image cannot set it"
                    : "\(name) decides which version a node boots, so a version cannot set it; set it elsewhere"
            )
        }
        // An empty record that replaces a copied one keeps it from being copied again.
        return record.settings.isEmpty && present == nil ? nil : record
    }

    package static func missing(_ key: ImageScope) -> Sentence { "\(key) has no settings of its own" }

    package static func existing(_ key: ImageScope) -> Sentence { "\(key) already has settings" }

    package static func summary(of change: RecordChange<ImageSettings>, in snapshot: FleetSnapshot) -> String
    {
        guard let after = change.after else { return "settings of image \(change.key) removed" }
        let before = record(at: change.key, in: snapshot.contents)
        return "settings of image \(change.key) changed" + after.namingChanges(since: before)
    }

    package static func permission(
        for change: RecordChange<ImageSettings>, in snapshot: FleetSnapshot
    ) -> Permission { .publish }

    package static func reach(of change: RecordChange<ImageSettings>) -> EditReach { .group(.site) }

    /// What a person sends is set here, and follows no other server.
    package func revealed(by stored: ImageSettings?) -> ImageSettings {
        var record = self
        record.settings = RecordSettings.merged(settings, into: stored?.settings)
        record.source = nil
        return record
    }

    package func means(_ other: ImageSettings) -> Bool { settings == other.settings }
}

extension ImageCatalogue {
    /// Settings of the image, then of versions that are there, by number.
    package var allSettings: [ImageSettings] {
        [settings].compactMap(\.self)
            + versions.compactMap { settingsOfVersions[$0.number] }
    }
}

/// What images and their versions set, read once for each change to them.
struct ImageLevels: Sendable {
    private struct Levels: Sendable {
        var own: EffectiveSettings.Level?
        var versions: [Int: EffectiveSettings.Level] = [:]
    }

    private let levels: [ImageName: Levels]
    /// Whether any version has settings.
    let hasVersions: Bool
    /// Whether any has an unreadable setting that is used in booting.
    let hasUnreadable: Bool

    var isEmpty: Bool { levels.isEmpty }

    init(_ images: [ImageName: ImageCatalogue]) {
        var levels: [ImageName: Levels] = [:]
        for image in images.values {
            for record in image.allSettings {
                let settings = record.settings.filter {
                    ImageSettings.canHave($0.key, inVersion: record.version != nil)
                }
                guard !settings.isEmpty else { continue }
                let level = (record.origin, settings)
                if let number = record.version {
                    levels[image.name, default: Levels()].versions[number] = level
                } else {
                    levels[image.name, default: Levels()].own = level
                }
            }
        }
        self.levels = levels
        hasVersions = levels.values.contains { !$0.versions.isEmpty }
        hasUnreadable = images.values.contains { image in
            image.allSettings.contains { $0.settings.hasUnreadableBootSettings }
        }
    }

    /// The image's level, and that of one of its versions.
    ///
    /// - Parameter version: nil where it is not known yet.
    func levels(of image: ImageName, version: Int? = nil) -> [EffectiveSettings.Level] {
        guard let known = levels[image] else { return [] }
        return [known.own, version.flatMap { known.versions[$0] }].compactMap(\.self)
    }
}

extension FleetSnapshot {
    /// `settings` with what the image that they choose sets, and the version that the machine gets now.
    ///
    /// - Parameters:
    ///   - settings: without levels of images.
    ///   - card: the one that the machine boots with, if known.
    func addingImage(
        to settings: EffectiveSettings, of node: Node?, card: MACAddress?
    ) -> EffectiveSettings {
        let known = configuration.imageLevels
        guard !known.isEmpty, let wish = settings[Settings.image],
            let image = wish?.image ?? (images.count == 1 ? images.keys.first : nil)
        else { return settings }
        let chosen = settings.withLevels(of: known.levels(of: image))
        // Which version it is takes a while to find out, for ten thousand nodes.
        guard known.hasVersions else { return chosen }
        return nextVersion(of: node, card: card, chosen).map { booting($0, chosen) } ?? chosen
    }

    /// What goes with a version that is removed: its settings, and with the last version those of the image.
    package func edits(removing version: ImageVersion) -> [FleetEdit] {
        guard let image = images[version.image] else { return [] }
        let isLast = image.versions.allSatisfy { $0.number == version.number }
        return image.allSettings.filter { $0.version == version.number || $0.version == nil && isLast }
            .map { .imageSettings($0.key, nil) }
    }

    /// What the site, an image and a version of it set.
    package func settings(ofImagesAt scope: ImageScope) -> EffectiveSettings {
        EffectiveSettings(
            levels: configuration.levels(of: .site)
                + configuration.imageLevels.levels(of: scope.image, version: scope.version))
    }

    /// `settings` as they are in a version: with its levels in place of those of other images and versions.
    func booting(_ version: ImageVersion, _ settings: EffectiveSettings) -> EffectiveSettings {
        let known = configuration.imageLevels
        if known.isEmpty { return settings }
        return settings.withLevels(of: known.levels(of: version.image, version: version.number))
    }
}

extension EffectiveSettings {
    /// The same with other levels of an image, between those of groups and rules.
    fileprivate func withLevels(of image: [Level]) -> EffectiveSettings {
        var all = levels.filter { !$0.origin.isOfImage }
        let place = all.firstIndex { $0.origin.isAboveImages } ?? all.endIndex
        all.insert(contentsOf: image, at: place)
        return EffectiveSettings(levels: all)
    }
}

extension SettingOrigin {
    fileprivate var isOfImage: Bool {
        switch self {
        case .image, .version: true
        case .productDefault, .group, .rule, .file, .node: false
        }
    }

    /// Whether it is stronger than images.
    fileprivate var isAboveImages: Bool {
        switch self {
        case .rule, .file, .node: true
        case .productDefault, .group, .image, .version: false
        }
    }
}
