/// Settings of an image, or of one of its versions, in a file: `image: debian@3`.
package struct DeclaredImageSettings: DeclaredForm, Equatable {
    package typealias Record = ImageSettings
    package static let (member, keyMember) = ("imageSettings", "image")
    package static let audience = DeclaredAudience.readers

    package var image: ImageScope
    @RecordSettings package var settings: [String: SettingValue]

    package init(_ record: ImageSettings, at key: ImageScope) {
        image = record.key
        settings = record.settings
    }

    package var recordKey: ImageScope { image }

    /// Set here from now on: they no longer follow the server that the version was copied from.
    package func record(over stored: ImageSettings?, at second: Int) -> ImageSettings {
        if let stored, stored.settings == settings { return stored }
        return ImageSettings(image.image, version: image.version, settings)
    }
}
