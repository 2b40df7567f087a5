import Fleet

/// The settings of an image or a version, with links to the others of the image.
struct ImageSettingsView: TemplateView {
    static let template = PageTemplate("imagesettings", Embedded.imagesettings_mustache)

    var heading: String
    /// Where its form goes.
    var path: String
    /// The version's number; empty for the image.
    var version: String
    var scopes: [Scope]
    /// The server that they were copied from; nil: they were set here.
    var source: String?
    /// The time that is viewed; nil: now.
    var at: String?
    var mayEdit: Bool
    var fields: SettingFieldsView

    struct Scope: View {
        var label: String
        var path: String
        var isCurrent: Bool
    }

    /// - Parameters:
    ///   - at: the time that is viewed, in seconds since 1970; nil: now.
    ///   - refusal: what was typed, and refused.
    init(
        _ details: Acts.ImageSettingsDetails, at: Int?, refusal: SettingFieldsView.Refusal? = nil,
        _ words: Words
    ) {
        let scope = details.scope
        heading = "\(words("Settings")): \(scope)"
        path = "/images/\(scope.image)/settings"
        version = scope.version.map(String.init) ?? ""
        let all = [ImageScope(scope.image)] + details.versions.map { ImageScope(scope.image, version: $0) }
        scopes = all.map {
            Scope(label: $0.description, path: Self.path(of: $0), isCurrent: $0 == scope)
        }
        source = details.own.source
        self.at = at.map { Format.time(second: $0) }
        mayEdit = details.mayPublish
        fields = SettingFieldsView(
            details.effective.definitions.filter {
                !$0.isSiteWide && ImageSettings.canHave($0.name, inVersion: scope.version != nil)
            }, own: details.own.settings, effective: details.effective, mayEdit: mayEdit, refusal: refusal,
            words)
    }

    /// The path of its page.
    static func path(of scope: ImageScope) -> String {
        "/images/\(scope.image)/settings" + (scope.version.map { "?version=\($0)" } ?? "")
    }
}
