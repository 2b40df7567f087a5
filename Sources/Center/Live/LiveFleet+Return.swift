package import Fleet
import Synchronization

/// A state that was copied back, or a snapshot's: what machines were given shows that there was a later one.
extension LiveFleet {
    /// Seconds for which it is shown.
    private static let newsSeconds = 30 * 24 * 3_600

    /// A machine brings back the mark of a revision that is not here.
    ///
    /// - Returns: what is missing, for the log; nil: it is known already.
    @discardableResult
    package func noteLater(_ revision: Int) async throws -> LostRevisions? {
        guard revision > snapshot.revision, let lost = try await store.passOver(to: revision) else {
            return nil
        }
        state.withLock { state in
            state.lostRevisions = lost
            // Log-ins have ended.
            state.accessNumber += 1
        }
        try await reload()
        return lost
    }

    /// Of the last thirty days.
    var lostRevisions: LostRevisions? {
        state.withLock { $0.lostRevisions }.flatMap {
            Clock.second - $0.noticedAt < Self.newsSeconds ? $0 : nil
        }
    }
}

extension LostRevisions {
    /// What it means, and what to do.
    package var warning: String {
        """
        \(Self.what): revisions \(text) are missing. What was revoked, disabled or used up in them holds again: look at accounts, tokens, \
        links, agents and armed secrets (roost admin list, roost token list, roost board list, roost server agents, roost secret list); \
        bring back a state with ‘roost restore’
        """
    }
}
