import Hummingbird

/// One page of a long list, with links to its neighbours.
struct Pager {
    static let rowLimit = 200

    let offset: Int
    private let path: String

    /// - Parameter path: the list's path, without a query.
    init(_ request: Request, path: String) throws {
        offset = try request.query("offset", 0...10_000_000, default: 0)
        self.path = path
    }

    /// The rows of this page.
    func rows<Row>(of all: [Row]) -> ArraySlice<Row> { all.dropFirst(offset).prefix(Self.rowLimit) }

    func links(count: Int) -> PagerView {
        let (previous, next) = (offset - Self.rowLimit, offset + Self.rowLimit)
        return PagerView(
            previous: offset > 0 ? "\(path)?offset=\(max(0, previous))" : nil,
            next: next < count ? "\(path)?offset=\(next)" : nil)
    }
}
