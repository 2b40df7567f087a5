import Fleet
import Synchronization
import Testing

@testable import Center

/// When a listener of events is authenticated again.
@Suite struct ListeningLeaveTests {
    @Test func `changes of access are looked at, and no others`() async throws {
        let small = try await SmallFleet()
        let fleet = small.services.fleet
        let checks = Mutex(0)
        let leave = ListeningLeave(fleet) {
            checks.withLock { count in
                count += 1
                return count < 4
            }
        }
        func checked(after edits: [FleetEdit]) async throws -> Int {
            try await fleet.change(by: "test") { _ in edits }
            _ = await leave.holds()
            return checks.withLock(\.self)
        }
        let rule = MatchRule(name: try RuleName("listening"), condition: "memory < 2GiB")
        #expect(try await checked(after: [.rule(rule.name, rule)]) == 0)
        let account = Administrator(name: "listener", grants: [Grant(.auditor)])
        #expect(try await checked(after: [.administrator("listener", account, passwordHash: "a")]) == 1)
        // The record is the same.
        #expect(try await checked(after: [.administrator("listener", account, passwordHash: "b")]) == 2)
        #expect(await leave.holds())
        #expect(checks.withLock(\.self) == 2)
        // Another program may have changed anything.
        try await fleet.reload()
        #expect(await leave.holds())
        #expect(try await checked(after: [.administrator("listener", nil)]) == 4)
    }

    @Test func `a listener whom the check refuses is let go`() async throws {
        let fleet = try await SmallFleet().services.fleet
        let leave = ListeningLeave(fleet) { false }
        #expect(await leave.holds())
        try await fleet.reload()
        #expect(await !leave.holds())
    }
}
