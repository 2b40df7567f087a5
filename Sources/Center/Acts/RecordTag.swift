import API
import Fleet
import Foundation
import Sealing

/// The state of one record, for `ETag` and `If-Match` (RFC 9110 §13.1.1).
enum RecordTag {
    /// A tag tells of the record's secrets, too: without this, who reads one could try what they are. It lives as long as the server;
    /// who has read a record before a restart reads it again.
    private static let key = Secrets.make()

    /// 64 bits of a code of the record's JSON: enough to see that somebody else changed it.
    static func of(_ record: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Another administrator may have changed nothing but a secret.
        encoder.userInfo[RecordSettings.revealsSecrets] = true
        let code = Hashing.hmac(of: Array(try encoder.encode(record)), key: Array(key.utf8))
        return "\"\(Hashing.hexadecimal(code.prefix(8)))\""
    }

    /// Throws when the request wants another state than `record` has.
    static func check(_ wanted: String?, _ record: (some Encodable)?) throws {
        guard let wanted else { return }
        guard let record else {
            throw Problem(412, "Precondition failed", "it is gone; read the list again")
        }
        let tag = try of(record)
        guard wanted == "*" || wanted.split(separator: ",").contains(where: { String($0).trimmed == tag })
        else {
            throw Problem(
                412, "Precondition failed",
                "it was changed since you have read it; read it again and repeat the change")
        }
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespaces) }
}
