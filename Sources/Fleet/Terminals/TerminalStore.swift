/// What stands beside the records of terminal servers and their people.
package protocol TerminalStore: Sendable {
    /// The hash of a directory account's password, as in `/etc/shadow`; nil: it has none.
    func passwordHash(ofAccount name: LogInName) async throws(StoreError) -> String?
}
