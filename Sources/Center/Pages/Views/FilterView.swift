import Fleet

/// The search of a list, with frequent ones as chips.
struct FilterView: TemplateView {
    static let template = PageTemplate("filter", Embedded.filter_mustache)

    var path: String
    var query: String
    var label: String
    var hasChips: Bool
    var chips: [Chip]

    struct Chip: View {
        var path: String
        var title: String
        /// Rows that it shows.
        var count: Int
        var isCurrent: Bool
    }

    /// - Parameters:
    ///   - label: what is searched for; people read it in the empty field.
    ///   - chips: searches with their titles and how many rows they show; those without rows are left out.
    init(
        _ path: String, query: String, label: String,
        chips: [(query: String, title: String, count: Int)] = []
    ) {
        (self.path, self.query, self.label) = (path, query, label)
        self.chips = chips.filter { $0.count > 0 || $0.query == query }.map { one in
            let isCurrent = one.query == query
            return Chip(
                // A chosen one leads back to all rows.
                path: isCurrent ? path : "\(path)?q=\(Escape.component(one.query))", title: one.title,
                count: one.count, isCurrent: isCurrent)
        }
        hasChips = !self.chips.isEmpty
    }
}
