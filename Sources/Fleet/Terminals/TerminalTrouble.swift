/// What is wrong with terminal servers and log-ins, for people who can fix it.
package enum TerminalTrouble: Sendable, Equatable {
    /// A pool is open, and no server of it takes log-ins: of none was ever anything heard, or they are silent, drain or fail. Servers are
    /// those that may be named, and how many others there are.
    case unserved(PoolName, [TerminalName], otherCount: Int, wasHeard: Bool)
    /// Log-ins of the last minutes found no server.
    case noServer(PoolName, count: Int, why: String)
    /// Nothing is heard of a server on which people have sessions.
    ///
    /// - Parameter since: seconds since 1970.
    case silent(TerminalName, sessionCount: Int, since: Int)
    case failing(TerminalName, count: Int)
    /// What the agent says.
    case reported(TerminalName, String)
    /// It shows another certificate than the one that is pinned.
    case otherCertificate(TerminalName)
    /// It answers by RDP, and its certificate is not known.
    case unknownCertificate(TerminalName)
    /// Its agent lacks what this server counts on.
    case oldAgent(TerminalName, version: String)
}
