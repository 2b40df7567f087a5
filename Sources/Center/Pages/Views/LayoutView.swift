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

    private typealias Places = [(path: String, title: String, permission: Permission)]

    private static let sections: [(title: String, entries: Places)] = [
        (
            "Fleet",
            [
                ("/", "Dashboard", .read), ("/nodes", "Nodes", .read), ("/groups", "Groups", .read),
                ("/machines", "Unknown machines", .read), ("/schedules", "Schedules", .read),
            ]
        ),
        (
            "Desktops",
            [
                ("/desktops", "Server pools", .read), ("/desktops/servers", "Servers", .read),
                ("/desktops/sessions", "Sessions", .read), ("/desktops/accounts", "Accounts", .read),
                ("/desktops/place", "Who lands where?", .read), ("/desktops/log-ins", "Log-ins", .read),
                ("/desktops/agents", "Agents", .read),
            ]
        ),
        (
            "Images",
            [
                ("/images", "Images", .read), ("/rollouts", "Roll-outs", .read),
                ("/volumes", "Volumes", .read),
            ]
        ),
        (
            "Configuration",
            [
                ("/settings", "Settings", .read), ("/rules", "Match rules", .read),
                ("/files", "Files for nodes", .read), ("/kept-files", "Kept files", .read),
                ("/secrets", "Secrets", .read),
            ]
        ),
        ("Network", [("/networks", "Networks", .read), ("/leases", "Leases", .read)]),
        (
            "Insight",
            [
                ("/boots", "Boots", .read), ("/history", "History", .audit),
                ("/boards", "Wall boards", .configure),
            ]
        ),
        (
            "Administration",
            [
                ("/administrators", "Administrators", .administer), ("/tokens", "API tokens", .read),
                ("/hooks", "Web hooks", .administer), ("/wizard", "First steps", .configure),
            ]
        ),
    ]

    /// Pages for the whole site: callers with only a part of it would be refused.
    private static let siteWide: Set<String> = ["/settings", "/kept-files", "/hooks"]

    /// The sections and entries that `grants` allow.
    static func menu(_ section: String, grants: [Grant], _ words: Words) -> [Section] {
        sections.map { title, entries in
            Section(
                title: words(title),
                entries: entries.filter { entry in
                    siteWide.contains(entry.path)
                        ? grants.allow(entry.permission, in: .site)
                        : grants.allowSomewhere(entry.permission)
                }.map { Entry(path: $0.path, title: words($0.title), isCurrent: $0.path == section) })
        }.filter { !$0.entries.isEmpty }
    }
}

/// An error page for people.
struct ProblemView: TemplateView {
    static let template = PageTemplate("problem", Embedded.problem_mustache)

    var heading: String
    var detail: String
}
