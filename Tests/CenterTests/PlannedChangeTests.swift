import API
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

    @Test func `what is set on several nodes at once comes into history without secrets`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin)], proof: .localSocket))
        let names = [try NodeName("pc-1")]
        func what(_ value: String) async throws -> String {
            let planned = try acts.planNodes(names, .set, value)
            let number = try await acts.make(planned.change)
            return try await acts.revision(number).what
        }
        #expect(try await what("root-password-hash=$6$salt$hash") == "set root-password-hash on 1 node")
        #expect(try await what("root-password=four random words") == "set root-password on 1 node")
        #expect(try await what("files=/etc/key=word") == "set files on 1 node")
        #expect(try await what("loader=ipxe") == "set loader=ipxe on 1 node")
        let word = String(repeating: "x", count: 250)
        #expect(
            try await what("kernel-arguments=\(word)")
                == "set kernel-arguments=\(word.prefix(183)) on 1 node")
    }
}
