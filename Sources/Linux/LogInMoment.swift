/// Moments of a log-in on a terminal server at which a test ends the control center or the agent, as for a ``KillPoint``:
/// `ROOST_KILL_AT=log-in.agent.made roost-agent run`.
package enum LogInMoment: String, CaseIterable, Sendable {
    /// The center has chosen a server, and has told it nothing.
    case placed = "log-in.center.placed"
    /// The server is ready, and the node does not know it.
    case prepared = "log-in.center.prepared"
    /// The agent has the order.
    case ordered = "log-in.agent.ordered"
    /// The account is entered in the agent's list, and not made.
    case entered = "log-in.agent.entered"
    /// The account is made, and the list does not say so.
    case made = "log-in.agent.made"
    /// The ticket counts, and the center does not know it.
    case taken = "log-in.agent.taken"
    /// The ticket was claimed, and PAM has no answer.
    case claimed = "log-in.agent.claimed"
    /// The account of a session that has ended is closed, and not removed.
    case closed = "log-in.agent.closed"

    /// Ends the program if the environment names this moment.
    package func pass() { KillPoint.pass(rawValue) }
}
