/// What a template shows: texts, numbers, yes or no, lists of those, and other views. Its properties are the keys of the template.
///
/// It is Decodable for the tests only: they learn from that which keys there are, and compare them with the templates.
protocol View: Codable, Sendable {}

/// A view with a template of its own: a whole page, or a part that several pages have.
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

/// What every form of a page brings along.
struct FormsView: View {
    var csrf: String
}
