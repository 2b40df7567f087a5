import API
import Fleet
import Testing
import Wire

@testable import Center

/// What a list of changes means in the configuration that it meets.
@Suite struct EditsTests {
    private let name: NodeName
    private let secret: SettingValue = .text("$6$hash")

    init() throws { name = try NodeName("pc-1") }

    private func fleet() throws -> FleetSnapshot {
        FleetSnapshot(
            revision: 3,
            nodes: [
                Node(
                    name: name, macAddresses: [MACAddress(rawValue: 0x5254_0000_0001)],
                    settings: ["root-password-hash": secret])
            ],
            groups: [NodeGroup(path: try GroupPath("/school"))], images: [])
    }

    private func edits(_ edits: ChangeRequest.Edit...) throws -> [FleetEdit] {
        try Edits.of(ChangeRequest(edits: edits), in: fleet())
    }

    @Test func `edits of one record build on each other`() throws {
        let made = try edits(
            .init(settings: SettingsChange(target: "pc-1", set: ["loader": .text("ipxe")])),
            .init(settings: SettingsChange(target: "pc-1", set: ["time-zone": .text("Europe/Paris")])),
            .init(settings: SettingsChange(target: "pc-1", unset: ["loader"])))
        #expect(made.count == 3)
        let settings = made.last?.of(Node.self)?.after?.settings
        #expect(settings == ["root-password-hash": secret, "time-zone": .text("Europe/Paris")])
    }

    @Test func `a secret that an answer hid comes back as it is`() throws {
        var node = try #require(try fleet().nodes[name])
        node.settings["root-password-hash"] = RecordSettings.hidden
        node.tags = ["new"]
        let kept = try edits(.init(.node(name, node))).first?.of(Node.self)?.after
        #expect(kept?.settings["root-password-hash"] == secret && kept?.tags == ["new"])
        // Also behind its own removal in the same change.
        let again = try edits(.init(.node(name, nil)), .init(.node(name, node)))
        #expect(again.last?.of(Node.self)?.after?.settings["root-password-hash"] == secret)
    }

    @Test func `nothing, and a move among others, are no change`() throws {
        let move = ChangeRequest.GroupMove(from: try GroupPath("/school"), to: try GroupPath("/college"))
        #expect(throws: Problem.self) { try edits() }
        #expect(throws: Problem.self) { try edits(.init(.node(name, nil)), .init(moveGroup: move)) }
        #expect(try edits(.init(moveGroup: move)).map(\.key).contains("/college"))
        #expect(throws: StoreError.self) {
            try edits(.init(settings: SettingsChange(target: "rule:none", set: ["loader": .text("ipxe")])))
        }
        #expect(throws: StoreError.self) {
            try edits(.init(settings: SettingsChange(target: "/none", set: ["loader": .text("ipxe")])))
        }
    }

    @Test func `what is to be new may not be there`() throws {
        let fleet = try fleet()
        let other = Node(name: try NodeName("pc-2"), macAddresses: [])
        try Edits.requireNew(ChangeRequest(edits: [.init(.node(other.name, other), isNew: true)]), in: fleet)
        try Edits.requireNew(ChangeRequest(edits: [.init(.node(name, fleet.nodes[name]))]), in: fleet)
        #expect(throws: StoreError.self) {
            try Edits.requireNew(
                ChangeRequest(edits: [.init(.node(name, fleet.nodes[name]), isNew: true)]), in: fleet)
        }
        #expect(throws: InvalidSetting.self) {
            try Edits.requireNew(ChangeRequest(edits: [.init(.node(name, nil), isNew: true)]), in: fleet)
        }
        var settings = ChangeRequest.Edit(settings: SettingsChange(target: "pc-1", unset: ["loader"]))
        settings.isNew = true
        let change = ChangeRequest(edits: [settings])
        #expect(throws: Problem.self) { try Edits.requireNew(change, in: fleet) }
    }
}
