import Fleet
import Foundation
import Sealing

/// The state of one record, for `ETag` (RFC 9110 §8.8.3); what requests expect of it is a ``Precondition``.
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
}
