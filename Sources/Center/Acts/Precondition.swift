import API
import Fleet
import Foundation

/// The state of a record that a request depends on (RFC 9110 §13.1).
struct Precondition: Sendable {
    /// `If-Match`: tags of states, or `*` for any. Nil: the request says nothing of it.
    var ifMatch: String?
    /// `If-None-Match`: tags of states that it must not have, or `*` when there must be no record.
    var ifNoneMatch: String?

    /// Whatever there is.
    static let none = Precondition()
    /// There is no such record yet.
    static let isNew = Precondition(ifNoneMatch: "*")

    static func matching(_ tag: String) -> Self { Precondition(ifMatch: tag) }

    /// Throws when `record`, the present one, is in another state.
    func check<Record: FleetRecord>(_ record: Record?, at key: Record.Key) throws {
        try check(record, existing: Record.existing(key))
    }

    /// - Parameter text: what is said where a record must not be, and is.
    func check(_ record: (some Encodable)?, existing text: Sentence) throws {
        if let ifMatch { try requireMatch(ifMatch, record) }
        guard let ifNoneMatch, let record else { return }
        if ifNoneMatch.trimmed == "*" { throw Self.failed(text) }
        // Weak tags count here, and not in If-Match (RFC 9110 §8.8.3.2).
        let unwanted = Self.tags(ifNoneMatch).map { $0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0 }
        if unwanted.contains(try RecordTag.of(record)) {
            throw Self.failed("it is still in a state that the request excludes")
        }
    }

    private func requireMatch(_ wanted: String, _ record: (some Encodable)?) throws {
        guard let record else { throw Self.failed("it was removed; read the list again") }
        let tag = try RecordTag.of(record)
        guard wanted.trimmed == "*" || Self.tags(wanted).contains(tag) else {
            throw Self.failed("it was changed since you read it; read it again and repeat the change")
        }
    }

    private static func tags(_ list: String) -> [String] {
        list.split(separator: ",").map { String($0.trimmed) }
    }

    private static func failed(_ text: Sentence) -> Problem { Problem(412, "Precondition failed", text) }
}
