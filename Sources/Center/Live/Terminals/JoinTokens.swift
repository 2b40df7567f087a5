import Fleet
import Synchronization

/// The tokens by which agents join: each works once, for a day. Only their hashes are here, and only in memory: a restart of the server
/// forgets them, and people make others.
final class JoinTokens: Sendable {
    /// Seconds.
    static let lifetime = 86_400
    private static let countLimit = 1_000

    struct Token: Equatable, Sendable {
        /// The record that is joined; nil: the agent says its name.
        var server: TerminalName?
        /// Of a record that is made.
        var group: GroupPath
        /// Nil: made on the server's host itself.
        var maker: Maker?
        /// By ``Clock/steadySecond``.
        var endsAt: Int
    }

    private let tokens = Mutex<[String: Token]>([:])

    /// - Parameter now: seconds of a clock that is never set.
    func add(_ token: Token, secret: String, now: Int) {
        tokens.withLock { tokens in
            tokens = tokens.filter { $0.value.endsAt > now }
            if tokens.count >= Self.countLimit,
                let oldest = tokens.min(by: { $0.value.endsAt < $1.value.endsAt })
            {
                tokens[oldest.key] = nil
            }
            tokens[Secrets.hash(secret)] = token
        }
    }

    /// Takes a token, so that no other agent has it; nil: there is none.
    func take(_ secret: String, now: Int) -> Token? {
        let token = tokens.withLock { $0.removeValue(forKey: Secrets.hash(secret)) }
        return token.flatMap { $0.endsAt > now ? $0 : nil }
    }

    /// Gives a token back whose agent could not be taken.
    func restore(_ token: Token, secret: String) {
        tokens.withLock { $0[Secrets.hash(secret)] = token }
    }

    func isEmpty(now: Int) -> Bool { tokens.withLock { !$0.values.contains { $0.endsAt > now } } }
}
