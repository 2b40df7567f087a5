import Fleet
import Testing

extension FleetStore {
    /// Makes edits as the control center does: checked against the present state, then stored.
    func make(by who: String, _ edits: (FleetSnapshot) throws -> [FleetEdit]) async throws {
        let snapshot = try await snapshot()
        let wanted = try edits(snapshot)
        let number = try await apply(
            snapshot.checking(wanted), by: who, what: snapshot.summary(of: wanted))
        _ = try #require(number)
    }

    /// The edits that undo a revision now.
    func inverse(of number: Int) async throws -> [FleetEdit] {
        try await snapshot().undoing(edits(of: number), of: number)
    }

    func save(_ administrator: Administrator, passwordHash: String?, by who: String) async throws {
        try await make(by: who) { _ in
            [.administrator(administrator.name, administrator, passwordHash: passwordHash)]
        }
    }

    func removeAdministrator(_ name: String, by who: String) async throws {
        try await make(by: who) { $0.edits(removingAdministrator: name) }
    }

    /// - Returns: the token with its number.
    @discardableResult
    func addToken(_ token: APIToken, hash: String) async throws -> APIToken {
        var token = token
        token.id = try await snapshot().contents.access.nextToken
        let made = token
        try await make(by: made.owner) { _ in [.token(made.id, made, hash: hash)] }
        return made
    }

    /// - Returns: the link with its number.
    @discardableResult
    func addBoardLink(_ link: BoardLink, hash: String) async throws -> BoardLink {
        var link = link
        link.id = try await snapshot().contents.access.nextBoardLink
        let made = link
        try await make(by: made.createdBy) { _ in [.boardLink(made.id, made, hash: hash)] }
        return made
    }

    func removeToken(_ id: Int, by who: String) async throws {
        try await make(by: who) { _ in [.token(id, nil)] }
    }

    /// - Returns: the hook with its number.
    @discardableResult
    func addWebHook(_ hook: WebHook, by who: String) async throws -> WebHook {
        var hook = hook
        hook.id = try await snapshot().contents.access.nextWebHook
        let made = hook
        try await make(by: who) { _ in [.webHook(made.id, made)] }
        return made
    }

    func removeWebHook(_ id: Int, by who: String) async throws {
        try await make(by: who) { _ in [.webHook(id, nil)] }
    }
}
