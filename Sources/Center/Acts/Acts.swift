import API
import Fleet
import Wire

/// What one caller can do with the fleet and see of it.
///
/// Each act checks its permission itself: for the whole site, or for the place of what it touches. It returns only what this caller may
/// see. API and pages reach the server only through acts, and only translate.
struct Acts: Sendable {
    let services: CenterServices
    let caller: Caller
    /// Seconds since 1970 to look back to; nil: now. Changes always apply now.
    var at: Int?

    var fleet: LiveFleet { services.fleet }
    var store: any FleetStore { services.fleet.store }

    /// The same acts, looking back to `second` if there is one.
    func at(_ second: Int?) -> Acts { Acts(services: services, caller: caller, at: second) }

    /// The configuration to look at, of all groups: it must not leave the acts.
    func configuration() async throws -> FleetSnapshot {
        guard let at else { return fleet.snapshot }
        let past = try await store.snapshot(at: at)
        if past.revision == 0, let first = try await store.revisions(RevisionFilter(before: 2)).last {
            throw Problem(
                422, "Invalid time",
                "at: the history of the configuration begins at \(RFC3339.text(seconds: first.at))")
        }
        return past
    }

    /// The configuration's revision.
    var revision: Int { fleet.snapshot.revision }

    /// The caller's newest revision after `number`, to offer undo behind an act that does not tell its own; nil: there is none. Others make
    /// revisions at the same time, which are not the caller's to undo unseen.
    func ownRevision(after number: Int) async throws -> Int? {
        try await store.revisions(RevisionFilter(who: caller.name, limit: 1)).first
            .map(\.number).flatMap { $0 > number ? $0 : nil }
    }

    /// Runs a read when it is its turn among those of the caller's account, whichever of its tokens they come by.
    func inTurn<Answer: Sendable>(_ read: @Sendable () async throws -> Answer) async throws -> Answer {
        try await services.turns.run(of: caller.account ?? caller.name, read)
    }

    // MARK: Permissions

    /// Whether to offer what needs `permission` in `group`: the act checks again.
    func may(_ permission: Permission, in group: GroupPath) -> Bool { caller.allows(permission, in: group) }

    /// Whether to offer what needs `permission` somewhere.
    func maySomewhere(_ permission: Permission) -> Bool { caller.grants.allowSomewhere(permission) }

    /// Throws unless the caller has the permission somewhere: results are then filtered by place.
    func require(_ permission: Permission) throws { try caller.requireSomewhere(permission) }

    func require(_ permission: Permission, in group: GroupPath) throws {
        try caller.require(permission, in: group)
    }

    /// Whose leave is in what the caller makes; nil: the local socket's, which has no account.
    func maker() throws -> Maker? {
        guard let name = caller.account else { return nil }
        let access = fleet.snapshot.contents.access
        // Those that are gone since the request began have no leave, and not that of the server's host.
        guard let account = access.administrators[name] else {
            throw StoreError.notFound(Administrator.missing(name))
        }
        guard case .token(let id) = caller.proof, caller.proof != .ofSchedule else {
            return Maker(account: account)
        }
        guard let token = access.tokens[id] else { throw StoreError.notFound(APIToken.missing(id)) }
        return Maker(account: account, token: token)
    }

    // MARK: Changes

    /// What the caller may name in a change.
    var sight: NameSight {
        NameSight(seeing: { [caller] in caller.sees($0) }) { [zones = services.schedules.zones] in
            zones.problem(of: $0)
        }
    }

    /// What edits may name.
    enum Naming: Sendable {
        /// What the caller sees.
        case seen
        /// The same, and images that come later: files of the configuration.
        case seenOrAwaited
        /// All that is there: the edits are not the caller's wish.
        case all
    }

    func sight(_ naming: Naming) -> NameSight {
        switch naming {
        case .seen: sight
        case .seenOrAwaited: sight.ofFiles
        case .all: NameSight()
        }
    }

    /// Makes edits as one revision, each permitted in the old and the new place of its record.
    ///
    /// - Parameters:
    ///   - naming: what the edits may name.
    ///   - check: compares with the present state; called only with permission, so that a refusal reveals nothing.
    func change(
        what: String? = nil, planned: Int? = nil, naming: Naming = .seen,
        _ make: @Sendable (FleetSnapshot) throws -> [FleetEdit],
        check: @Sendable (FleetSnapshot) throws -> Void = { _ in }
    ) async throws -> FleetSnapshot {
        try await fleet.change(by: caller.name, what: what, planned: planned) { [self] current in
            let edits = try make(current)
            try caller.requireLeave(for: edits, in: current)
            try check(current)
            try current.requireKnownNames(in: edits, in: sight(naming))
            return edits
        }
    }
}

/// Where API and pages get their acts: they have no other access to the server.
struct Door: Sendable {
    private let services: CenterServices

    init(to services: CenterServices) { self.services = services }

    func acts(of caller: Caller) -> Acts { Acts(services: services, caller: caller) }

    /// The board behind a link, without a log-in.
    func wall(key: String) async throws -> WallBoard { try await WallBoard(key: key, services) }

    /// The agent of a terminal server joins: its token is its leave.
    func join(_ request: AgentJoinRequest, from address: String) async throws -> AgentJoinAnswer {
        try await services.agents.join(request, from: address)
    }

    /// Throws unless the store and the data planes respond.
    func checkReadiness() async throws {
        _ = try await services.fleet.store.revisions(RevisionFilter(limit: 1))
        _ = await services.policy()
    }
}

/// A record as saved.
struct Saved<Record: Sendable>: Sendable {
    var record: Record
    /// Its tag, for `If-Match`.
    var tag: String
    /// The revision that saved it.
    var revision: Int
}

extension Saved where Record: Encodable {
    init(_ record: Record, in snapshot: FleetSnapshot) throws {
        self.init(record: record, tag: try RecordTag.of(record), revision: snapshot.revision)
    }
}
