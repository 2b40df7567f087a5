import API
import Fleet
import Hummingbird

extension Request {
    /// One page of the list that fits the search `q`, with a link to the next.
    ///
    /// - Parameter rows: gets the search, the offset and the limit.
    func page<Row: Encodable>(
        of list: String, _ rows: (String, Int, Int) async throws -> Acts.Page<Row>
    ) async throws -> JSONAnswer {
        let offset = try query("offset", 0...10_000_000, default: 0)
        let limit = try query("limit", 1...Acts.pageLimit, default: Acts.pageLimit)
        let page = try await rows(query("q") ?? "", offset, limit)
        let others = ["q", "at"].compactMap { name in
            query(name).map { "&\(name)=\(Escape.component($0))" }
        }.joined()
        return try JSONAnswer(
            page.rows, next: page.next.map { "/api/v1/\(list)?offset=\($0)&limit=\(limit)\(others)" })
    }
}
