import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Commands

@Suite struct AnsibleInventoryTests {
    @Test func `groups and tags of nodes are groups of Ansible`() throws {
        let room = try GroupPath("/school/room-1")
        let nodes = [
            Node(name: try NodeName("pc-1"), group: room, macAddresses: [], tags: ["lab"]),
            Node(name: try NodeName("pc-2"), macAddresses: [], address: IPv4Address("10.0.0.2")),
        ]
        var export = ConfigurationExport(revision: 1)
        export[NodeGroup.self] = [NodeGroup(path: room)]
        export[Node.self] = nodes
        let inventory = AnsibleInventory(export, addresses: [nodes[0].name: "10.0.0.7"])
        let json = try JSONSerialization.jsonObject(with: inventory.json()) as? [String: Any]
        func group(_ name: String, _ key: String) -> [String]? {
            (json?[name] as? [String: Any])?[key] as? [String]
        }
        #expect(group("all", "hosts") == ["pc-2"])
        #expect(group("all", "children") == ["group_school", "tag_lab"])
        #expect(group("group_school", "children") == ["group_school_room_1"])
        #expect(group("group_school_room_1", "hosts") == ["pc-1"] && group("tag_lab", "hosts") == ["pc-1"])
        let meta = (json?["_meta"] as? [String: Any])?["hostvars"] as? [String: [String: Any]]
        #expect(meta?["pc-1"]?["ansible_host"] as? String == "10.0.0.7")
        #expect(meta?["pc-2"]?["ansible_host"] as? String == "10.0.0.2")
        #expect(meta?["pc-1"]?["roost_group"] as? String == "/school/room-1")
    }
}
