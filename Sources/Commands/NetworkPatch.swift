import Fleet
import Foundation

extension Network {
    /// What differs from `before`, in the form of RFC 7396: other fields stay as others have set them in the meantime.
    func patch(since before: Network) throws -> Data { try RecordPatch.from(before, to: self) }
}

/// What differs between two states of a record, in the form of RFC 7396.
enum RecordPatch {
    static func from<Record: Encodable>(_ old: Record, to new: Record) throws -> Data {
        let patch = try difference(from: members(old), to: members(new))
        return try JSONSerialization.data(withJSONObject: patch, options: [.sortedKeys])
    }

    private static func members(_ record: some Encodable) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: JSONEncoder().encode(record)) as? [String: Any] ?? [:]
    }

    private static func difference(from old: [String: Any], to new: [String: Any]) throws -> [String: Any] {
        var patch: [String: Any] = [:]
        for key in old.keys where new[key] == nil { patch[key] = NSNull() }
        for (key, value) in new {
            if let former = old[key] as? [String: Any], let value = value as? [String: Any] {
                let part = try difference(from: former, to: value)
                if !part.isEmpty { patch[key] = part }
            } else if try old[key].map(text) != text(value) {
                patch[key] = value
            }
        }
        return patch
    }

    /// JSON of a value, to compare it.
    private static func text(_ value: Any) throws -> Data {
        try JSONSerialization.data(withJSONObject: [value], options: [.sortedKeys])
    }
}
