/// A machine's activity on the export of its root.
package struct RootActivity: Sendable, Codable, Equatable {
    package var connections: Int
    /// Since the last read, or since it was opened when nothing was read yet.
    package var idleMilliseconds: Int

    package init(connections: Int, idleMilliseconds: Int) {
        self.connections = connections
        self.idleMilliseconds = idleMilliseconds
    }
}
