package import API

/// Accounts and tickets of this server, as the rest of the agent calls them.
///
/// Every call may block, and comes from a thread of the agent's own. Log-ins are prepared one after the other; claims, ends of accounts and
/// looks come at any time.
package protocol LogInDoor: Sendable {
    /// Makes the account where that is asked for, and takes the ticket.
    ///
    /// - Throws: ``AccountEnds`` where the account is just being removed; an ``AgentProblem``, or another error whose description is for people.
    func prepare(_ logIn: AgentLogIn) throws -> AgentResult.Ready

    /// A person whose log-in was prepared is there: this server itself has let them in.
    func arrived(_ user: String)

    /// The log-in does not come: its ticket no longer counts, and an account that was made for it alone goes.
    func forget(_ ticket: String)

    /// Claims a ticket: at most once for each, and only for its user, its kind, and its address where `from` is known.
    ///
    /// - Parameters:
    ///   - secret: as PAM gave it, without a trailing NUL.
    ///   - service: PAM's: `xrdp-sesman`, `sshd` and so on.
    ///   - from: PAM_RHOST, or empty.
    func claim(user: String, secret: [UInt8], service: String, from: String) -> Bool

    /// Claims a ticket by the public key that its node has shown. sshd asks twice for one log-in, from one process, and the second answer is as
    /// the first: only another process finds the ticket used.
    ///
    /// - Parameters:
    ///   - publicKey: kind and key in Base64, as a line of authorized_keys has them.
    ///   - process: of sshd, which asks.
    func claim(user: String, publicKey: String, process: Int32) -> Bool

    /// Ends an account that the agent made. Any other account is left alone, with an error.
    func removeAccount(_ user: String, _ end: AgentOrder.HomeEnd) throws

    /// Called after each look at the sessions, and when the agent starts: tickets expire, accounts whose last session has ended go as their
    /// orders said.
    ///
    /// - Parameter sessions: all of this server, those without a connection too.
    func sweep(sessions: [AgentSession])
}

extension LogInDoor {
    package func claim(user: String, publicKey: String, process: Int32) -> Bool { false }
    package func arrived(_ user: String) {}
}

/// What prevents an agent's work, as a sentence for people.
package struct AgentProblem: Error, CustomStringConvertible, Equatable, Sendable {
    package var description: String

    package init(_ description: String) { self.description = description }
}

/// An account is just being removed: its next log-in can be prepared when that has ended.
package struct AccountEnds: Error, CustomStringConvertible, Equatable, Sendable {
    package var user: String

    package init(user: String) { self.user = user }

    package var description: String {
        "the account \(user) is just being removed here after its last session: log in again in some seconds"
    }
}

/// Where parts of the agent tell what happened. It is kept on disk until the center has it.
package protocol AgentEventSink: Sendable {
    /// - Parameters:
    ///   - id: of the session or of the ticket.
    ///   - text: for people.
    func note(_ kind: AgentEvent.Kind, user: String, id: String, _ text: String)
}

/// Runs programs of this server, so that tests can stand in for them.
package protocol AgentPrograms: Sendable {
    /// Runs a program by its arguments, without a shell, with an empty environment but for PATH and LANG=C, and waits for its end.
    ///
    /// - Parameters:
    ///   - program: a name that is looked for in /usr/sbin, /usr/bin, /sbin and /bin, or an absolute path.
    ///   - input: its standard input.
    ///   - seconds: after them it is ended, which is a failure.
    /// - Returns: its status, and the first 64 KiB of what it printed to both outputs.
    func run(_ program: String, _ arguments: [String], input: [UInt8], seconds: Int) throws -> ProgramEnd
}

/// How a program ended.
package struct ProgramEnd: Sendable, Equatable {
    /// 128 and the signal's number where a signal ended it.
    package var status: Int32
    package var output: [UInt8]

    package init(status: Int32, output: [UInt8]) {
        self.status = status
        self.output = output
    }
}
