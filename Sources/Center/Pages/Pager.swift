import Hummingbird

/// One page of a long list, with links to its neighbours.
struct Pager {
    /// Rows of a page of most lists.
    static let rowLimit = 200

    let offset: Int
    /// Rows of a page.
    let limit: Int
    /// The search of the list; empty: all rows.
    let query: String
    /// The list's order, where it is not the usual one.
    let sort: String?
    private let path: String

    /// - Parameters:
    ///   - path: the list's path, without a query.
    ///   - limit: rows of a page.
    ///   - sort: the list's order, where it is not the usual one.
    init(_ request: Request, path: String, limit: Int = Self.rowLimit, sort: String? = nil) throws {
        self.sort = sort
        self.limit = limit
        offset = try request.query("offset", 0...10_000_000, default: 0)
        query = request.query("q") ?? ""
        self.path = path
    }

    /// The rows of this page.
    func rows<Row>(of all: [Row]) -> ArraySlice<Row> { all.dropFirst(offset).prefix(limit) }

    func links(count: Int) -> PagerView {
        let (previous, next) = (offset - limit, offset + limit)
        return PagerView(
            previous: offset > 0 ? link(max(0, previous)) : nil, next: next < count ? link(next) : nil,
            range: PagerView.Range(offset: offset, limit: limit, count: count))
    }

    private func link(_ offset: Int) -> String {
        "\(path)?offset=\(offset)" + (query.isEmpty ? "" : "&q=\(Escape.component(query))")
            + (sort.map { "&order=\($0)" } ?? "")
    }
}
