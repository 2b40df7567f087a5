import Fleet
import Foundation
import Sealing
import Wire

/// Values as the database keeps them: JSON, with secret settings sealed.
struct RecordCoder: Sendable {
    /// Without them secrets are stored in clear, and sealed ones stay sealed.
    let secrets: NodeSecrets?
    private static let sealedPrefix = "sealed:"

    func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.userInfo[RecordSettings.revealsSecrets] = true
        encoder.userInfo[RecordSettings.sealer] = sealer
        if let key = CodingUserInfoKey.timestampsAreNumbers { encoder.userInfo[key] = true }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    func value<T: Decodable>(_: T.Type = T.self, json: String) throws -> T {
        let decoder = JSONDecoder()
        decoder.userInfo[RecordSettings.sealer] = sealer
        return try decoder.decode(T.self, from: Data(json.utf8))
    }

    /// A record with its secrets as they are, for the rest of the program.
    func opened(_ json: String?, kind: String) throws -> String? {
        try json.flatMap { try translated($0, kind: kind, to: Self(secrets: nil)) }
    }

    /// A record as `other` would store it; nil for a kind without settings.
    func translated(_ json: String, kind: String, to other: Self) throws -> String? {
        guard let type = FleetRecords.named(kind), type.hasSettings else { return nil }
        func translated<Record: FleetRecord>(_: Record.Type) throws -> String {
            try other.json(value(Record.self, json: json))
        }
        return try translated(type)
    }

    // MARK: Secrets

    private var sealer: SettingSealer? {
        secrets.map { secrets in
            SettingSealer(
                seal: { value in
                    if value.sealed != nil { return value }
                    let sealed = secrets.seal(secret: [UInt8](try JSONEncoder().encode(value)))
                    return SettingValue(sealed: Data(sealed).base64EncodedString())
                },
                open: { value in
                    guard let text = value.sealed, let sealed = Data(base64Encoded: text),
                        let content = secrets.open(secret: [UInt8](sealed)),
                        let opened = try? JSONDecoder().decode(SettingValue.self, from: Data(content))
                    else { return value }
                    return opened
                })
        }
    }

    /// A secret that has its own column.
    func sealed(_ secret: String) -> String {
        guard let secrets, !secret.hasPrefix(Self.sealedPrefix) else { return secret }
        return Self.sealedPrefix + Data(secrets.seal(secret: Array(secret.utf8))).base64EncodedString()
    }

    func opened(_ secret: String) -> String {
        guard let secrets, secret.hasPrefix(Self.sealedPrefix),
            let sealed = Data(base64Encoded: String(secret.dropFirst(Self.sealedPrefix.count))),
            let content = secrets.open(secret: [UInt8](sealed))
        else { return secret }
        return String(decoding: content, as: UTF8.self)
    }
}
