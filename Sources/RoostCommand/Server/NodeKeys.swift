import Foundation
import Linux
import Sealing

/// What the server and its nodes know each other by.
enum NodeKeys {
    /// The server's key. A new one is no harm: nodes get its public half with the archive that they start from.
    static func serverKey(stateDirectory: String) throws -> ServerKey {
        let directory = "\(stateDirectory)/keys"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        let path = "\(directory)/server"
        if let known = (try? WholeFile.read(path)).flatMap({ ServerKey(seed: $0) }) { return known }
        let key = ServerKey()
        try WholeFile.replace(path, with: key.seed, mode: 0o600, at: .serverKey)
        return key
    }
}
