import Glibc
import Linux
import Sealing

/// The node's key for this boot: made when it is first needed, and kept until the image's init starts, so that a repeated step asks with
/// the same key.
enum BootKey {
    /// The server's public key, from the archive that contains this program.
    static let serverPath = "/lib/roost/server-key"
    /// The same, once the image runs.
    static let runningServerPath = "/run/roost/server-key"
    private static let path = "/run/roost/boot-key"

    static func read() throws -> NodeKey {
        if let known = (try? WholeFile.read(path)).flatMap({ NodeKey(bytes: $0) }) { return known }
        let key = NodeKey()
        let file = try FileDescriptor(opening: path, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
        try file.write(key.bytes)
        return key
    }
}
