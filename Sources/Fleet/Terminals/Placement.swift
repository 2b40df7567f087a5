/// One terminal server as placement sees it: what people declared, what its agent reported, and what other sources know.
package struct PlacementServer: Equatable, Sendable {
    package var name: String
    /// How much it takes compared with what its processors and memory say: 2 means twice as much.
    package var weight: Double
    /// Sessions that it never exceeds, if people set a limit.
    package var sessionLimit: Int?
    package var protocols: SessionProtocols
    /// Of its image, where it says one.
    package var release: String?
    /// It takes no new sessions.
    package var isDraining = false
    /// By its opening hours.
    package var isOpen = true
    /// It shows another certificate than it did, and people have not said that it may: no password goes there.
    package var isDistrusted = false
    /// Protocols that it should have, and that do not answer.
    package var silentProtocols: SessionProtocols = []
    /// Its certificate for RDP is not known: a node could not tell it from another machine.
    package var lacksCertificate = false
    /// Milliseconds without a sign of it after which it counts as gone.
    package var patience = Placement.silence
    package private(set) var load: TerminalLoad?
    package private(set) var average: TerminalAverage?
    /// When its agent, or a probe where there is none, last reached it; milliseconds.
    package var heardAt: Int?
    /// It was asked, and nothing there answered: it counts as gone until it is heard again.
    package private(set) var isGone = false
    /// Sessions there according to the nodes. A server that reports fewer does not look empty by that.
    package var seenSessionCount = 0
    /// Log-ins sent there that it does not report yet.
    package var underwayCount = 0
    /// Log-ins in a row that never got a session there, and the last one's time in milliseconds.
    package var failureCount = 0
    package var failedAt = 0

    package init(
        name: String, weight: Double = 1, sessionLimit: Int? = nil,
        protocols: SessionProtocols = .rdp, release: String? = nil
    ) {
        self.name = name
        self.weight = weight
        self.sessionLimit = sessionLimit
        self.protocols = protocols
        self.release = release
    }

    /// Takes a report of its agent; `time` is in milliseconds.
    package mutating func heard(_ load: TerminalLoad, at time: Int) {
        let load = load.sane
        self.load = load
        (heardAt, isGone) = (time, false)
        if average == nil { average = TerminalAverage(load, at: time) } else { average?.note(load, at: time) }
    }

    /// A probe reached it: what it uses now is not known.
    package mutating func reached(at time: Int) { (load, average, heardAt, isGone) = (nil, nil, time, false) }

    /// It was asked, and nothing there answered.
    package mutating func missed() { isGone = true }

    /// Whether there was a sign of it lately.
    package func isHeard(at time: Int) -> Bool { !isGone && heardAt.map { time - $0 <= patience } ?? false }

    /// Protocols by which sessions can be shown there now.
    package var usableProtocols: SessionProtocols {
        protocols.subtracting(silentProtocols).subtracting(lacksCertificate ? .rdp : [])
    }

    /// Sessions there, by the source that knows of more.
    package var sessionCount: Int { max(load?.sessionCount ?? 0, seenSessionCount) }
}

/// Ways in which a node shows a session.
package struct SessionProtocols: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let rdp = Self(rawValue: 1)
    package static let ssh = Self(rawValue: 2)
    package static let x2go = Self(rawValue: 4)
    package static let vnc = Self(rawValue: 8)
}

/// A log-in that wants a server.
package struct LogIn: Equatable, Sendable {
    package var user: String
    /// The one that the node can show, or some of them.
    package var protocols: SessionProtocols
    /// Only servers of this image release, if set.
    package var release: String?
    /// Where this user has a session now: it continues there.
    package var existing: String?
    /// Where this user was last: files are warm there, so it is preferred among servers that are about as free.
    package var former: String?

    package init(
        user: String, protocols: SessionProtocols = .rdp, release: String? = nil,
        existing: String? = nil, former: String? = nil
    ) {
        self.user = user
        self.protocols = protocols
        self.release = release
        self.existing = existing
        self.former = former
    }
}

/// The choice of a terminal server for a log-in, with a verdict about each server that was considered.
package struct Placement: Equatable, Sendable {
    /// Nil: none can take it.
    package var server: String?
    package var isReconnection = false
    /// The level of the pool that the choice came from: 0 is the first.
    package var level: Int?
    /// In the order of levels, then as given.
    package var verdicts: [Verdict]

    /// What placement decided about one server.
    package struct Verdict: Equatable, Sendable {
        package var server: String
        package var level: Int
        package var reason: Reason
    }

    /// Why a server was chosen, or not.
    package enum Reason: Equatable, Sendable {
        /// The user's session is there.
        case hasSession
        /// Chosen: with this log-in it uses the smallest share of its room.
        case freest(TerminalUse)
        /// Chosen: the user was there last, and it is about as free as the freest.
        case former(TerminalUse)
        /// It could have taken it; another is freer.
        case lessFree(TerminalUse)
        /// It could have taken it; an earlier level has room.
        case laterLevel(TerminalUse)
        /// Chosen: it can show the session by a protocol behind the one that it should, and no server with room has that one.
        case fallback(SessionProtocol, missing: SessionProtocol, TerminalUse)
        /// It could have taken it by a protocol behind the one that it should.
        case lesser(SessionProtocol, missing: SessionProtocol, TerminalUse)
        /// Taken only when no server of any level has room.
        case noRoom(TerminalUse)
        case neverHeard
        /// Nothing was heard from it for so many seconds.
        case notHeard(seconds: Int)
        case draining
        /// Its certificate has changed, and people have not accepted the new one.
        case otherCertificate
        case closed
        case otherProtocol
        /// A protocol that it should have does not answer.
        case silentProtocol(SessionProtocol)
        /// Its certificate for RDP is not known.
        case unknownCertificate
        case otherRelease(String?)
        /// It has as many sessions as it may.
        case full(sessionCount: Int, limit: Int)
        /// More would make it fail: memory, or processes that wait.
        case exhausted(TerminalUse)
        /// A figure of the pool's rule is above its critical value.
        case critical(LoadFigure, TerminalUse)
        /// Log-ins in a row found no session there; it is tried again later, with one at a time.
        case failing(count: Int)
        /// Chosen: the connection broker of the collection, which it belongs to, places the log-in itself.
        case broker
        /// Another server of the collection is there to reach the broker.
        case notNeeded

        /// Whether it could take the log-in.
        package var use: TerminalUse? {
            switch self {
            case .freest(let use), .former(let use), .lessFree(let use), .laterLevel(let use),
                .noRoom(let use), .fallback(_, _, let use), .lesser(_, _, let use):
                use
            default: nil
            }
        }

        var isLesser: Bool { if case .lesser = self { true } else { false } }
    }
}

extension Placement {
    /// A server counts as gone after this time without a report, in milliseconds.
    package static let silence = 15_000
    /// Failures in a row that stop log-ins, and for how long after the last one, in milliseconds.
    package static let (failureLimit, failurePause) = (3, 30_000)
    /// So much more of its room may the former server use than the freest one, and so much more of what the freest one uses: where little is
    /// used, little is a difference.
    package static let (preference, nearness) = (0.03, 0.05)
    /// Sessions of a server that reports no load and has no limit.
    static let usualSessionCount = 25.0
    static let (memoryEnd, processorEnd) = (0.95, 5.0)
}
