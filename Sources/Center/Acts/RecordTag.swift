import API
import Fleet
import Foundation

/// The state of one record, for `ETag` and `If-Match` (RFC 9110 §13.1.1).
enum RecordTag {
    /// 64 bits of the record's JSON (FNV-1a): enough to see that somebody else changed it.
    static func of(_ record: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Another administrator may have changed nothing but a secret.
        encoder.userInfo[RecordSettings.revealsSecrets] = true
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in try encoder.encode(record) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return "\"\(String(hash, radix: 16))\""
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
