import Synchronization

/// Where the server of this host is reached.
package enum ServerSocket {
    package static let standardPath = "/run/roost/api.sock"

    private static let find = Mutex<@Sendable () -> String>({ standardPath })

    /// What the server's configuration says, as far as the program reads it.
    package static var path: String { find.withLock { $0 }() }

    /// Tells the commands where to look; the program says so before one runs.
    package static func look(by find: @escaping @Sendable () -> String) {
        self.find.withLock { $0 = find }
    }
}
