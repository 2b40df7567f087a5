import API
import ConfigurationFile
import Fleet
import Foundation
import Wire

/// The nodes as a dynamic inventory of Ansible (the JSON of `ansible-inventory --list`): groups of Roost are groups there, tags too.
struct AnsibleInventory {
    private let nodes: [Node]
    private let groups: [NodeGroup]
    /// The addresses of now, by name.
    private let addresses: [NodeName: String]

    init(_ export: ConfigurationExport, addresses: [NodeName: String]) {
        nodes = export[Node.self]
        groups = export[NodeGroup.self]
        self.addresses = addresses
    }

    func json() throws -> Data {
        var inventory: [String: JSONTree] = [:]
        var hosts: [String: [String]] = [:]
        for node in nodes {
            hosts[Self.name(node.group), default: []].append(node.name.text)
            for tag in node.tags { hosts["tag_\(Self.word(tag))", default: []].append(node.name.text) }
        }
        var children: [String: [String]] = [:]
        for path in Swift.Set(groups.map(\.path) + nodes.map(\.group)).sorted() {
            // Groups without a record of their own are between others all the same.
            let lineage = path.lineage
            for (parent, child) in zip(lineage, lineage.dropFirst()) {
                let (above, below) = (Self.name(parent), Self.name(child))
                if children[above]?.contains(below) != true { children[above, default: []].append(below) }
            }
        }
        for name in Swift.Set(hosts.keys).union(children.keys).union(children.values.joined())
        where name != "all" {
            var group: [String: JSONTree] = ["hosts": .list(hosts[name] ?? [])]
            group["children"] = children[name].map { .list($0) }
            inventory[name] = .object(group)
        }
        let tags = hosts.keys.filter { $0.hasPrefix("tag_") }
        inventory["all"] = .object([
            "hosts": .list(hosts["all"] ?? []), "children": .list(((children["all"] ?? []) + tags).sorted()),
        ])
        inventory["_meta"] = .object([
            "hostvars": .object(Dictionary(uniqueKeysWithValues: nodes.map(variables)))
        ])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return try encoder.encode(inventory)
    }

    private func variables(of node: Node) -> (String, JSONTree) {
        var variables: [String: JSONTree] = [
            "roost_group": .string(node.group.description), "roost_tags": .list(node.tags),
            "roost_macs": .list(node.macAddresses.map(\.description)),
        ]
        variables["ansible_host"] = (addresses[node.name] ?? node.address?.description).map { .string($0) }
        return (node.name.text, .object(variables))
    }

    /// `/school/room-1` is `group_school_room_1`; names of Ansible's groups are those of variables.
    private static func name(_ path: GroupPath) -> String {
        path == .site ? "all" : "group_\(word(String(path.description.dropFirst())))"
    }

    private static func word(_ text: String) -> String {
        String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
