import API
import Fleet

extension CenterServices {
    /// Events for one listener at an address.
    ///
    /// - Parameter guest: the account or the link that it has them by.
    func events(for address: String, as guest: String) throws -> AsyncStream<EventHub.Numbered> {
        guard let place = limits.takeStream(from: address) else {
            throw Problem(
                503, "Too many listeners",
                "at most \(CenterLimits.connectionLimit) streams of events for one address", retryAfter: 30)
        }
        do throws(EventHub.Refusal) {
            return try fleet.events.listen(as: guest) { [limits] in limits.release(place) }
        } catch {
            limits.release(place)
            let why: Sentence =
                switch error {
                case .all: "there are already \(EventHub.listenerLimit) listeners"
                case .share: "at most \(EventHub.shareLimit) streams of events for one account or one link"
                }
            throw Problem(503, "Too many listeners", why, retryAfter: 30)
        }
    }
}

extension Acts {
    /// Events from now on that the caller may see; an element without an event is a keep-alive.
    ///
    /// - Parameters:
    ///   - address: the listener's address.
    ///   - recheck: authenticates the caller again: the stream ends with the token that opened it, soon after the log-in, and with any change to the
    ///     caller's roles. Browsers reconnect by themselves. Nil: nothing can change.
    func listen(from address: String, recheck: (@Sendable () async throws -> Caller?)?) throws
        -> some AsyncSequence<EventHub.Numbered, Never> & Sendable
    {
        try require(.read)
        let events = try services.events(for: address, as: caller.account ?? caller.name)
        let leave = ListeningLeave(fleet) { [caller] in
            guard let recheck else { return true }
            return (try? await recheck())?.grants == caller.grants
        }
        return events.prefix { _ in await leave.holds() }.filter { [caller] numbered in
            numbered.event.map { caller.sees($0.group) } ?? true
        }
    }
}

/// Whether a listener may continue.
actor ListeningLeave {
    /// Seconds after which it is checked again without a change: tokens, log-ins and links expire.
    private static let patience = 60

    private let fleet: LiveFleet
    private let check: @Sendable () async -> Bool
    private var access: Int
    private var checkedAt = Clock.steadySecond

    init(_ fleet: LiveFleet, check: @escaping @Sendable () async -> Bool) {
        (self.fleet, self.check) = (fleet, check)
        access = fleet.accessNumber
    }

    /// A thousand listeners hear of every change: they are authenticated again only for one of accounts, tokens or links.
    func holds() async -> Bool {
        let (access, now) = (fleet.accessNumber, Clock.steadySecond)
        guard access != self.access || now - checkedAt >= Self.patience else { return true }
        (self.access, checkedAt) = (access, now)
        return await check()
    }
}
