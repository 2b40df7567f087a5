import API
import Fleet
import Foundation
import Sealing

/// The state of one record, for `ETag` and `If-Match` (RFC 9110 §13.1.1).
enum RecordTag {
    /// Tags depend on the record's secrets; without this key, a reader could test guesses of them. It lives as long as the server; after a
    /// restart, clients read records again.
    private static let key = Secrets.make()

    /// 64 bits of a keyed hash of the record's JSON: enough to detect a concurrent change.
    static func of(_ record: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Another administrator may have changed only a secret.
        encoder.userInfo[RecordSettings.revealsSecrets] = true
        let code = Hashing.hmac(of: Array(try encoder.encode(record)), key: Array(key.utf8))
        return "\"\(Hashing.hexadecimal(code.prefix(8)))\""
    }

    /// Throws when the request expects a different state of `record`.
    static func check(_ wanted: String?, _ record: (some Encodable)?) throws {
        guard let wanted else { return }
        guard let record else {
            throw Problem(412, "Precondition failed", "it was removed; read the list again")
        }
        let tag = try of(record)
        guard wanted == "*" || wanted.split(separator: ",").contains(where: { String($0).trimmed == tag })
        else {
            throw Problem(
                412, "Precondition failed",
                "it was changed since you read it; read it again and repeat the change")
        }
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
