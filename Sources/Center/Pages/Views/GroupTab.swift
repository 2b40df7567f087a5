import Fleet

/// A part of a group's page, by its word in the address.
enum GroupTab: String, CaseIterable {
    case overview, image, settings, history

    var title: String {
        switch self {
        case .overview: "Overview"
        case .image: "Image"
        case .settings: "Settings"
        case .history: "History"
        }
    }

    /// - Parameter at: the time that is viewed, in seconds since 1970; nil: now.
    func path(of group: GroupPath, at: Int?) -> String {
        "/groups?path=\(Escape.component(group.description))" + (self == .overview ? "" : "&tab=\(rawValue)")
            + (at.map { "&at=\($0)" } ?? "")
    }
}

extension TabsView {
    /// - Parameter tabs: those that the caller may open.
    init(_ tabs: [GroupTab], of group: GroupPath, current: GroupTab, at: Int?, _ words: Words) {
        label = group.description
        entries = tabs.map {
            Entry(path: $0.path(of: group, at: at), title: words($0.title), isCurrent: $0 == current)
        }
    }
}
