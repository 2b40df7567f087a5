package import Wire

/// What nodes know of each other: names and addresses in `/etc/hosts`, host keys in `/etc/ssh/ssh_known_hosts`. The same for all that know the
/// same group.
package struct KnownNodes: Equatable, Sendable {
    package static let (hostsPath, keysPath) = ("/etc/hosts", "/etc/ssh/ssh_known_hosts")
    /// The name of its lines in both files.
    package static let name = "nodes"
    /// Of a larger group, the first by name: half a megabyte for each node that knows them.
    package static let nodeLimit = 4_096

    private let hosts: String
    private let keys: String

    /// - Parameters:
    ///   - group: its nodes, and those below.
    ///   - address: where a node is now; nil: not known.
    ///   - publicLine: of a node's SSH host key with a number.
    package init(
        in group: GroupPath, of snapshot: FleetSnapshot, domain: String, address: (Node) -> IPv4Address?,
        publicLine: (NodeName, Int) -> String
    ) {
        let nodes = Array(
            snapshot.nodeOrder.lazy.compactMap { snapshot.nodes[$0] }.filter { group.contains($0.group) }
                .prefix(Self.nodeLimit))
        hosts = nodes.compactMap { node in
            address(node).map { "\($0) \(node.name.hostNames(in: domain))\n" }
        }.joined()
        keys = knownHosts(of: nodes, in: snapshot, domain: domain, address: address, publicLine: publicLine)
    }

    /// Puts the lines into the files. Carried out again, it replaces them.
    package var acts: [StepAct] {
        [
            .lines(path: Self.hostsPath, name: Self.name, text: hosts),
            .lines(path: Self.keysPath, name: Self.name, text: keys),
        ]
    }

    /// What a running node is sent, and all that it takes.
    package var work: StepWork {
        StepWork(
            name: NodeStep.knownNodesName, failure: .goOn, attempts: 1,
            secondLimit: NodeStep.usualSecondLimit, acts: acts)
    }
}

extension NodeName {
    /// As in a line of `/etc/hosts`, the full name first.
    func hostNames(in domain: String) -> String { domain.isEmpty ? text : "\(text).\(domain) \(text)" }
}

extension GroupPath: SettingWord {
    package init(reading text: String) throws(InvalidSetting) {
        do { try self.init(text) } catch { throw InvalidSetting("\(error)") }
    }

    package var settingText: String { description }
}
