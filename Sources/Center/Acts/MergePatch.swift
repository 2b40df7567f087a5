import API
import Fleet
import Foundation

/// A partial change to a record; null removes a member (RFC 7396).
///
/// Its members are those of any record: what a patch leaves out, and what it sets to null, is known only from the JSON itself.
struct MergePatch: Sendable {
    private let bytes: Data

    /// Throws unless it is a JSON object.
    init(_ bytes: Data) throws {
        self.bytes = bytes
        _ = try Self.object(bytes)
    }

    func applied<Record: Codable>(to record: Record) throws -> Record {
        let encoder = JSONEncoder()
        // Members that are not changed stay, secrets included.
        encoder.userInfo[RecordSettings.revealsSecrets] = true
        let patch = try Self.object(bytes)
        let merged = Self.merged(patch, into: try Self.object(encoder.encode(record)))
        let result = try JSONDecoder().decode(
            Record.self, from: JSONSerialization.data(withJSONObject: merged))
        try UnknownMember.refuse(in: patch, .request(Record.self))
        return result
    }

    /// The same for a record that keeps its name.
    func applied<Record: ListedRecord>(to record: Record, named key: Record.Key) throws -> Record {
        let result = try applied(to: record)
        try result.requireName(key)
        return result
    }

    /// A patch as people type it: `capacity=20`, and without a value what it removes.
    ///
    /// - Parameter text: a JSON object.
    static func assignments(in text: String) -> [String] {
        let members = (try? object(Data(text.utf8))) ?? [:]
        return members.sorted { $0.key < $1.key }.map { name, value in
            if value is NSNull { return "\(name)=" }
            // What looks like JSON is read as that.
            if let text = value as? String, text.first.map({ !"[{\"".contains($0) }) ?? false {
                return "\(name)=\(text)"
            }
            let json = try? JSONSerialization.data(
                withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
            return "\(name)=\(String(decoding: json ?? Data(), as: UTF8.self))"
        }
    }

    private static func object(_ data: Data) throws -> [String: Any] {
        guard let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any] else {
            throw Problem(422, "Unreadable request", "a JSON object with the changes is required")
        }
        return object
    }

    private static func merged(_ patch: [String: Any], into target: [String: Any]) -> [String: Any] {
        var result = target
        for (key, value) in patch {
            if value is NSNull {
                result[key] = nil
            } else if let part = value as? [String: Any] {
                result[key] = merged(part, into: result[key] as? [String: Any] ?? [:])
            } else {
                result[key] = value
            }
        }
        return result
    }
}

extension ListedRecord {
    /// Throws where a request gives a record another name than its path does: it would be saved under one of them, and not be found under
    /// the other.
    func requireName(_ name: Key) throws {
        guard key != name else { return }
        let noun = Sentence(phrase: Self.kind.replacing("-", with: " "))
        throw Problem(
            422, "Invalid name",
            "the request is for \(noun) \(name), and what it sends is \(noun) \(key): send the same name")
    }
}
