import Fleet

/// Accounts of the directory that no longer open, and the servers on which they still have to be closed.
///
/// A value without clock or network, like ``SessionWatch``.
struct AccountWatch {
    struct Closing: Hashable, Sendable {
        var server: TerminalName
        var user: LogInName
    }

    /// Orders of one look.
    static let limit = 64

    /// Those that opened at the last look.
    private var open: Set<LogInName> = []
    private var closed: Set<LogInName> = []
    private var told: Set<Closing> = []

    /// The accounts to close, by server: each once on each server that reports.
    ///
    /// - Parameter day: today, as `2026-11-29`.
    mutating func closings(
        _ accounts: [LogInName: DirectoryAccount], on servers: Set<TerminalName>, day: String
    ) -> [Closing] {
        let now = Set(accounts.values.filter { $0.isOpen(on: day) }.map(\.name))
        // Disabled and expired ones, and those that were removed since the last look.
        closed.formUnion(accounts.keys)
        closed.formUnion(open)
        closed.subtract(now)
        told = told.filter { closed.contains($0.user) }
        open = now
        var closings: [Closing] = []
        for user in closed.sorted() {
            for server in servers.sorted() where closings.count < Self.limit {
                let closing = Closing(server: server, user: user)
                if told.insert(closing).inserted { closings.append(closing) }
            }
        }
        return closings
    }

    /// An order did not reach its agent: it is given again.
    mutating func retry(_ closing: Closing) { told.remove(closing) }
}
