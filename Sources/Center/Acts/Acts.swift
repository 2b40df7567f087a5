import API
import Fleet

/// What can be done with the fleet, and what is seen of it, by one caller.
///
/// Each act asks for its permission itself: for the whole site, or in the place of what it touches. What it answers is what this caller may
/// see. API and pages have this and nothing else of the server, and translate.
struct Acts: Sendable {
    let services: CenterServices
    let caller: Caller
    /// Seconds since 1970 to look back to; nil for now. Changes are made now, whatever it says.
    var at: Int?

    var fleet: LiveFleet { services.fleet }
    var store: any FleetStore { services.fleet.store }

    /// The same, of the past where `second` is one.
    func at(_ second: Int?) -> Acts { Acts(services: services, caller: caller, at: second) }

    /// The configuration that is looked at: of all places, so that it stays in here.
    func configuration() async throws -> FleetSnapshot {
        guard let at else { return fleet.snapshot }
        return try await store.snapshot(at: at)
    }

    /// The configuration's number, for a way back to what was just done.
    var revision: Int { fleet.snapshot.revision }

    // MARK: Permissions

    /// Whether to offer what takes `permission` in `group`: the act asks again.
    func may(_ permission: Permission, in group: GroupPath) -> Bool { caller.allows(permission, in: group) }

    /// Whether to offer what takes `permission` somewhere.
    func maySomewhere(_ permission: Permission) -> Bool { caller.grants.allowSomewhere(permission) }

    /// Throws unless the caller may do it somewhere: what is shown is then chosen by its place.
    func require(_ permission: Permission) throws { try caller.requireSomewhere(permission) }

    func require(_ permission: Permission, in group: GroupPath) throws {
        try caller.require(permission, in: group)
    }

    // MARK: Changes

    /// Makes edits as one revision, each of them with leave for the places of what was there and of what will be.
    ///
    /// - Parameter check: compares with what is there; only when there is leave, so that a refusal tells nothing of it.
    func change(
        what: String? = nil, planned: Int? = nil, _ make: @Sendable (FleetSnapshot) throws -> [FleetEdit],
        check: @Sendable (FleetSnapshot) throws -> Void = { _ in }
    ) async throws -> FleetSnapshot {
        try await fleet.change(by: caller.name, what: what, planned: planned) { [caller] current in
            let edits = try make(current)
            try caller.requireLeave(for: edits, in: current)
            try check(current)
            return edits
        }
    }
}

/// Where API and pages get their acts: nothing of the server leads around it.
struct Door: Sendable {
    private let services: CenterServices

    init(to services: CenterServices) { self.services = services }

    func acts(of caller: Caller) -> Acts { Acts(services: services, caller: caller) }

    /// The board that a link opens, without a log-in.
    func wall(of group: GroupPath, key: String) throws -> WallBoard {
        try WallBoard(of: group, key: key, services)
    }

    /// Throws unless the store and the data planes answer.
    func checkReadiness() async throws {
        _ = try await services.fleet.store.revisions(RevisionFilter(limit: 1))
        _ = await services.policy()
    }
}

/// A record as it was saved.
struct Saved<Record: Sendable>: Sendable {
    var record: Record
    /// Its state, for `If-Match`.
    var tag: String
    /// Of the configuration that has it.
    var revision: Int
}

extension Saved where Record: Encodable {
    init(_ record: Record, in snapshot: FleetSnapshot) throws {
        self.init(record: record, tag: try RecordTag.of(record), revision: snapshot.revision)
    }
}
