import Hummingbird

/// One page of a long list, with the ways to its neighbours.
struct Pager {
    static let rowLimit = 200

    private let offset: Int
    private let path: String

    /// - Parameter path: of the list, without a query.
    init(_ request: Request, path: String) throws {
        offset = try request.query("offset", 0...10_000_000, default: 0)
        self.path = path
    }

    /// The rows of this page.
    func rows<Row>(of all: [Row]) -> ArraySlice<Row> { all.dropFirst(offset).prefix(Self.rowLimit) }

    /// What `pages` in a template shows: `previous` and `next`, where there are any.
    func links(count: Int) -> [String: Any] {
        var links: [String: Any] = [:]
        if offset > 0 { links["previous"] = "\(path)?offset=\(max(0, offset - Self.rowLimit))" }
        if offset + Self.rowLimit < count { links["next"] = "\(path)?offset=\(offset + Self.rowLimit)" }
        return links
    }
}
