import Hummingbird

/// One page of a long list, with links to its neighbours.
struct Pager {
    static let rowLimit = 200

    let offset: Int
    /// The search of the list; empty: all rows.
    let query: String
    private let path: String

    /// - Parameter path: the list's path, without a query.
    init(_ request: Request, path: String) throws {
        offset = try request.query("offset", 0...10_000_000, default: 0)
        query = request.query("q") ?? ""
        self.path = path
    }

    /// The rows of this page.
    func rows<Row>(of all: [Row]) -> ArraySlice<Row> { all.dropFirst(offset).prefix(Self.rowLimit) }

    func links(count: Int) -> PagerView {
        let (previous, next) = (offset - Self.rowLimit, offset + Self.rowLimit)
        return PagerView(
            previous: offset > 0 ? link(max(0, previous)) : nil, next: next < count ? link(next) : nil)
    }

    private func link(_ offset: Int) -> String {
        "\(path)?offset=\(offset)" + (query.isEmpty ? "" : "&q=\(Escape.component(query))")
    }
}
