import Fleet
import Testing

extension FleetStore {
    /// Makes an edit as the control center does: checked against the present state, then stored.
    func make(_ edit: FleetEdit, by who: String) async throws {
        let snapshot = try await snapshot()
        let number = try await apply(
            snapshot.checking([edit]), by: who, what: edit.summary(in: snapshot))
        _ = try #require(number)
    }

    func save(_ administrator: Administrator, passwordHash: String?, by who: String) async throws {
        try await make(
            .administrator(administrator.name, administrator, passwordHash: passwordHash), by: who)
    }

    func removeAdministrator(_ name: String, by who: String) async throws {
        try await make(.administrator(name, nil), by: who)
    }
}
