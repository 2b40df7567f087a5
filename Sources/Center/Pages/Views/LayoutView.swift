import Fleet
import Hummingbird

/// The frame of every page.
struct LayoutView: TemplateView {
    static let template = PageTemplate("layout", Embedded.layout_mustache)

    var language: String
    var title: String
    var user: String?
    var hasMenu: Bool
    var menu: [Entry]
    var flash: Flash?
    /// The page's HTML, not escaped again.
    var content: String
    var version: String
    /// The page's own path: changing the language returns to it.
    var path: String
    var languages: [Choice]

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

    private static let entries: [(path: String, title: String, permission: Permission)] = [
        ("/", "Dashboard", .read), ("/nodes", "Nodes", .read), ("/machines", "Unknown machines", .read),
        ("/groups", "Groups", .read), ("/rules", "Match rules", .read), ("/secrets", "Secrets", .read),
        ("/files", "Files for nodes", .read),
        ("/desktops", "Desktops", .read),
        ("/images", "Images", .read), ("/schedules", "Schedules", .read),
        ("/volumes", "Volumes", .read),
        ("/networks", "Networks", .read), ("/leases", "Leases", .read), ("/boots", "Boots", .read),
        ("/history", "History", .audit),
        ("/administrators", "Administrators", .administer), ("/tokens", "API tokens", .read),
        ("/boards", "Wall boards", .configure), ("/hooks", "Web hooks", .administer),
        ("/kept-files", "Kept files", .read), ("/settings", "Settings", .read),
        ("/wizard", "First steps", .configure),
    ]

    /// Pages for the whole site: callers with only a part of it would be refused.
    private static let siteWide: Set<String> = ["/settings", "/kept-files", "/hooks"]

    /// The entries that `grants` allow.
    static func menu(_ section: String, grants: [Grant], _ words: Words) -> [Entry] {
        entries.filter { entry in
            siteWide.contains(entry.path)
                ? grants.allow(entry.permission, in: .site) : grants.allowSomewhere(entry.permission)
        }.map { Entry(path: $0.path, title: words($0.title), isCurrent: $0.path == section) }
    }
}

/// An error page for people.
struct ProblemView: TemplateView {
    static let template = PageTemplate("problem", Embedded.problem_mustache)

    var heading: String
    var detail: String
}
