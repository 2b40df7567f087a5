/// What tells whether a file is still the one that a client has (RFC 9110 §8.8), and what a client's conditions mean for it (§13).
package struct HTTPValidators: Equatable, Sendable {
    /// The entity tag, with its quotes.
    package var tag: String
    /// The last change, in seconds since 1970; nil where it is not told.
    package var modifiedAt: Int?

    package init(tag: String, modifiedAt: Int? = nil) {
        self.tag = tag
        self.modifiedAt = modifiedAt
    }

    package enum Outcome: Equatable, Sendable {
        case serves
        /// 304: the client has it.
        case notModified
        /// 412: it is not the one that the client wants.
        case failed
    }

    /// The conditions in their order (§13.2.2). A date that cannot be read is none (§13.1.3).
    package func outcome(of request: HTTPRequestHead) -> Outcome {
        if let wanted = request["if-match"] {
            guard wanted == "*" || Self.tags(wanted).contains(tag) else { return .failed }
        } else if let modifiedAt, let last = Self.second(request["if-unmodified-since"]), modifiedAt > last {
            return .failed
        }
        if let known = request["if-none-match"] {
            // The weak comparison (§8.8.3.2): a proxy that compresses makes weak tags.
            let isKnown = known == "*" || Self.tags(known).contains { $0 == tag || $0 == "W/\(tag)" }
            return isKnown ? .notModified : .serves
        }
        if let modifiedAt, let last = Self.second(request["if-modified-since"]), modifiedAt <= last {
            return .notModified
        }
        return .serves
    }

    /// Whether a part may be sent (§13.1.5). A date does not do: a file can change twice within a second.
    package func allowsPart(_ request: HTTPRequestHead) -> Bool {
        request["if-range"].map { $0 == tag } ?? true
    }

    private static func tags(_ list: String) -> [String] {
        list.split(separator: ",").map { part in String(part.filter { $0 != " " && $0 != "\t" }) }
    }

    private static func second(_ text: String?) -> Int? { text.flatMap { HTTPDate.second($0) } }
}
