import Synchronization

/// The address of this host's server.
package enum ServerSocket {
    package static let standardPath = "/run/roost/api.sock"

    private static let find = Mutex<@Sendable () -> String>({ standardPath })

    /// The server's configuration, as far as the program reads it.
    package static var path: String { find.withLock { $0 }() }

    /// Tells the commands where to look; the program sets it before a command runs.
    package static func look(by find: @escaping @Sendable () -> String) {
        self.find.withLock { $0 = find }
    }
}
