import Fleet

/// A page, or several that belong together, of one noun: its routes, its views, and its places in the menu.
protocol FleetPage: Sendable {
    /// The views that it shows, each with its template: see ``Assets/pages``. One that several pages show is named by one of them.
    static var views: [any TemplateView.Type] { get }
    /// Its entries of the menu, which has those of all pages in the order of ``Pages/all``.
    static var menu: [MenuEntry] { get }

    init(pages: Pages)
    func add(to routes: Routes)
}

extension FleetPage {
    static var menu: [MenuEntry] { [] }
}

/// An entry of the menu: where it leads, and who has it.
struct MenuEntry: Sendable {
    /// Entries that belong together, by their title.
    enum Section: String, CaseIterable {
        case nodes = "Fleet"
        case desktops = "Desktops"
        case images = "Images"
        case configuration = "Configuration"
        case network = "Network"
        case insight = "Insight"
        case administration = "Administration"
    }

    var path: String
    var title: String
    var section: Section
    var permission: Permission
    /// Whether it is for the whole site: callers with only a part of it would be refused.
    var isSiteWide: Bool

    init(
        _ path: String, _ title: String, _ section: Section, _ permission: Permission,
        isSiteWide: Bool = false
    ) {
        (self.path, self.title, self.section) = (path, title, section)
        (self.permission, self.isSiteWide) = (permission, isSiteWide)
    }
}
