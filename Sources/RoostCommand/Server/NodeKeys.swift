import Fleet
import Foundation
import Linux
import Sealing

/// The keys that identify the server and its nodes to each other, and the secret behind the nodes' own keys. Only root reads them: the
/// server does so before it drops its rights.
struct NodeKeys {
    /// A new one does no harm: nodes get its public half with the archive that they start from.
    let server: ServerKey
    /// With a new one, the host keys of all nodes would change: it must be kept.
    let secrets: NodeSecrets

    static let directoryName = "keys"

    /// The secrets of an earlier server; nil if there was none.
    static func secrets(in stateDirectory: String) throws -> NodeSecrets? {
        let path = "\(stateDirectory)/\(directoryName)/nodes"
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        return NodeSecrets(bytes: try WholeFile.read(path))
    }

    init(stateDirectory: String) throws {
        let directory = "\(stateDirectory)/\(Self.directoryName)"
        server = try Self.key(
            "\(directory)/server", at: .serverKey, known: ServerKey.init(seed:), make: ServerKey.init,
            bytes: \.seed)
        secrets = try Self.key(
            "\(directory)/nodes", at: .nodeSecrets, known: NodeSecrets.init(bytes:), make: NodeSecrets.init,
            bytes: \.bytes)
    }

    /// The key in a file, or a new one if the file is missing. An unreadable key is not replaced: it may be needed.
    private static func key<Key>(
        _ path: String, at replacement: Replacement, known: ([UInt8]) -> Key?, make: () -> Key,
        bytes: (Key) -> [UInt8]
    ) throws -> Key {
        guard FileManager.default.fileExists(atPath: path) else {
            let key = make()
            try WholeFile.replace(path, with: bytes(key), at: replacement)
            return key
        }
        guard let key = known(try WholeFile.read(path)) else {
            throw InvalidSetting(
                "\(path) is damaged: restore a copy, or remove it and let the server create a new key")
        }
        return key
    }
}
