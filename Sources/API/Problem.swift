/// An error of the API (RFC 9457).
package struct Problem: Codable, Sendable, Error, CustomStringConvertible {
    package var title: String
    package var status: Int
    package var detail: String
    /// Seconds to wait before trying again (`Retry-After`); not part of the body.
    package var retryAfter: Int?
    /// The methods that the path has (`Allow`); not part of the body.
    package var allowedMethods: String?

    private enum CodingKeys: String, CodingKey {
        case title, status, detail
    }

    package init(
        _ status: Int, _ title: String, _ detail: String, retryAfter: Int? = nil,
        allowedMethods: String? = nil
    ) {
        self.title = title
        self.status = status
        self.detail = detail
        self.retryAfter = retryAfter
        self.allowedMethods = allowedMethods
    }

    package var description: String { detail }
}
