package import Fleet

/// An error of the API (RFC 9457).
package struct Problem: Codable, Sendable, Error, CustomStringConvertible {
    package var title: String
    package var status: Int
    package var detail: String
    /// The detail for pages, which translate it; not part of the body. Nil: the detail has no values, or is not ours.
    package var sentence: Sentence?
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

    /// - Parameter sentence: the detail, which pages translate.
    package init(_ status: Int, _ title: String, saying sentence: Sentence, retryAfter: Int? = nil) {
        self.init(status, title, sentence.english, retryAfter: retryAfter)
        self.sentence = sentence
    }

    package var description: String { detail }
}
