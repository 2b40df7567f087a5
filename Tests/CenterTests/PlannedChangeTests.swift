import Fleet
import Foundation
import StoreSQLite
import Testing
import Wire

@testable import Center

/// Changes that were previewed before saving, while others make theirs.
@Suite struct PlannedChangeTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test func `a plan is refused when one of its records has changed, and otherwise saved`() async throws {
        let fleet = try await LiveFleet(
            store: try SQLiteStore(path: "\(directory.path)/store"), trust: ImageTrust(keys: [])
        ) { _ in }
        var (one, two) = (
            Node(name: try NodeName("pc-1"), macAddresses: [MACAddress(rawValue: 1)]),
            Node(name: try NodeName("pc-2"), macAddresses: [MACAddress(rawValue: 2)])
        )
        let start = [one, two]
        let planned = try await fleet.change(by: "ann") { _ in start.map { .node($0.name, $0) } }.revision
        // A colleague changes another node meanwhile.
        two.tags = ["b"]
        let colleague = two
        try await fleet.change(by: "bob") { _ in [.node(colleague.name, colleague)] }
        one.tags = ["a"]
        let wanted = one
        let saved = try await fleet.change(by: "ann", planned: planned) { _ in [.node(wanted.name, wanted)] }
        #expect(saved.nodes[one.name] == one && saved.nodes[two.name] == two)
        // Now this record has changed since.
        one.tags = ["c"]
        let late = one
        await #expect(throws: StoreError.self) {
            try await fleet.change(by: "ann", planned: planned) { _ in [.node(late.name, late)] }
        }
        #expect(fleet.snapshot.nodes[one.name]?.tags == ["a"])
    }
}
