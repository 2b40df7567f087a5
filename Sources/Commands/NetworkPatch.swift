import ConfigurationFile
import Fleet
import Foundation

extension Network {
    /// What differs from `before`, in the form of RFC 7396: other fields stay as others have set them in the meantime.
    func patch(since before: Network) throws -> Data { try RecordPatch.from(before, to: self) }
}

/// What differs between two states of a record, in the form of RFC 7396.
enum RecordPatch {
    static func from<Record: Encodable>(_ old: Record, to new: Record) throws -> Data {
        try json(JSONTree(of: new).patch(since: JSONTree(of: old)))
    }

    /// A patch as it is sent.
    static func json(_ patch: [String: JSONTree]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(patch)
    }
}
