/// The data for a template: texts, numbers, booleans, lists, and other views. Its properties are the keys of the template.
///
/// It is Decodable for the tests only: they derive the keys from it and compare them with the templates.
protocol View: Codable, Sendable {}

/// A view with its own template: a whole page, or a part shared by several pages.
protocol TemplateView: View {
    static var template: PageTemplate { get }
}

/// A file of `Assets/`.
struct PageTemplate: Sendable {
    var name: String
    var source: String

    init(_ name: String, _ source: String) {
        self.name = name
        self.source = source
    }
}

/// The hidden fields of every form.
struct FormsView: View {
    var csrf: String
}
