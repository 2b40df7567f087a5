import Fleet

/// A part of a node's page, by its word in the address.
enum NodeTab: String, CaseIterable {
    case overview, boots, settings, hardware, log, history

    var title: String {
        switch self {
        case .overview: "Overview"
        case .boots: "Boots"
        case .settings: "Settings"
        case .hardware: "Hardware"
        case .log: "Log"
        case .history: "History"
        }
    }

    /// - Parameter at: the time that is viewed, in seconds since 1970; nil: now.
    func path(of node: NodeName, at: Int?) -> String {
        let query = [self == .overview ? nil : "tab=\(rawValue)", at.map { "at=\($0)" }].compactMap(\.self)
        return "/nodes/\(node)" + (query.isEmpty ? "" : "?" + query.joined(separator: "&"))
    }
}

extension TabsView {
    /// - Parameter tabs: those that the caller may open.
    init(_ tabs: [NodeTab], of node: NodeName, current: NodeTab, at: Int?, _ words: Words) {
        label = node.text
        entries = tabs.map {
            Entry(path: $0.path(of: node, at: at), title: words($0.title), isCurrent: $0 == current)
        }
    }
}
