import Fleet
import Hummingbird

/// The frame of every page.
struct LayoutView: TemplateView {
    static let template = PageTemplate("layout", Embedded.layout_mustache)

    var language: String
    var title: String
    var user: String?
    var hasMenu: Bool
    var menu: [Section]
    var flash: Flash?
    /// The page's HTML, not escaped again.
    var content: String
    var version: String
    /// The page's own path: changing the language returns to it.
    var path: String
    var languages: [Choice]

    /// Entries of the menu that belong together.
    struct Section: View {
        var title: String
        var entries: [Entry]
    }

    struct Entry: View {
        var path: String
        var title: String
        var isCurrent: Bool
    }

    struct Choice: View {
        var code: String
        var name: String
        var isChosen: Bool
    }

    /// The last act, with undo.
    struct Flash: View {
        var revision: Int
        var mayUndo: Bool

        init?(_ request: Request, mayUndo: Bool) {
            guard let number = request.query("done").flatMap({ Int($0) }) else { return nil }
            revision = number
            self.mayUndo = mayUndo
        }
    }

    /// The sections and entries that `grants` allow.
    static func menu(_ section: String, grants: [Grant], _ words: Words) -> [Section] {
        let entries = Pages.all.flatMap { $0.menu }.filter {
            $0.isSiteWide
                ? grants.allow($0.permission, in: .site) : grants.allowSomewhere($0.permission)
        }
        return MenuEntry.Section.allCases.map { part in
            Section(
                title: words(part.rawValue),
                entries: entries.filter { $0.section == part }.map {
                    Entry(path: $0.path, title: words($0.title), isCurrent: $0.path == section)
                })
        }.filter { !$0.entries.isEmpty }
    }
}

/// An error page for people.
struct ProblemView: TemplateView {
    static let template = PageTemplate("problem", Embedded.problem_mustache)

    var heading: String
    var detail: String
}
