package import Fleet

/// An error of the API (RFC 9457).
package struct Problem: Codable, Sendable, Error, CustomStringConvertible {
    package var title: String
    package var status: Int
    /// What is said of it, which pages translate; in the body it is English, under `detail`.
    package var sentence: Sentence
    /// Seconds to wait before trying again (`Retry-After`); not part of the body.
    package var retryAfter: Int?
    /// The methods that the path has (`Allow`); not part of the body.
    package var allowedMethods: String?

    private enum CodingKeys: String, CodingKey {
        case title, status
        case sentence = "detail"
    }

    package init(
        _ status: Int, _ title: String, _ sentence: Sentence, retryAfter: Int? = nil,
        allowedMethods: String? = nil
    ) {
        self.title = title
        self.status = status
        self.sentence = sentence
        self.retryAfter = retryAfter
        self.allowedMethods = allowedMethods
    }

    /// In English.
    package var detail: String { sentence.english }

    package var description: String { detail }
}
