package import Wire

/// The files that Roost writes into a node's root before its init starts, as one cpio archive.
///
/// ``ConfigurationEntry`` names the contents: files copied over the root unchanged, and the steps that carry it out. Nodes that booted
/// before the server was upgraded know no steps; for them there is data to be merged with the image's own.
///
/// - Parameters:
///   - node: the machine's node; nil when it is not enrolled.
///   - address: where the machine is, for sections of kept files.
///   - hostKey: makes the node's SSH host key with a number.
///   - volumeKey: the key of the node's volume, if that is encrypted.
///   - secrets: those that go out with it.
package func configurationArchive(
    for machine: MACAddress, being node: Node?, at address: IPv4Address? = nil, in snapshot: FleetSnapshot,
    policy: BootPolicy,
    hostKey: (NodeName, Int) -> HostKeyFiles, volumeKey: [UInt8]? = nil, secrets: [SecretFile] = []
) throws(UnreadableSetting) -> [UInt8] {
    let settings = snapshot.settings(of: node, at: address, card: machine)
    let name = node?.name ?? NodeName(unknown: machine)
    var archive = CPIOWriter()
    let files = ConfigurationEntry.files.rawValue
    archive.addFile("\(files)/etc/hostname", data: Array("\(name)\n".utf8))
    archive.addFile(
        "\(files)/etc/hosts",
        data: Array(
            try hostsFile(name: name, settings: settings, snapshot: snapshot, policy: policy).utf8))
    let keys = try settings.value(of: Settings.authorizedKeys).map(\.settingText)
    if !keys.isEmpty {
        archive.addDirectory("\(files)/root/.ssh", mode: 0o700)
        archive.addFile(
            "\(files)/root/.ssh/authorized_keys", mode: 0o600,
            data: Array((keys.joined(separator: "\n") + "\n").utf8))
    }
    if let number = try settings.hostKeyNumber {
        let key = hostKey(name, number)
        let path = "\(files)\(HostKeyFiles.path)"
        archive.addFile(path, mode: 0o600, data: Array(key.privateFile.utf8))
        archive.addFile("\(path).pub", data: Array("\(key.publicLine) \(name)\n".utf8))
    }
    // They may be passwords.
    for (path, text) in try settings.variableFiles {
        archive.addFile("\(files)/\(path)", mode: 0o600, data: Array(text.utf8))
    }
    for file in try settings.value(of: Settings.files) {
        // A text file ends with a line end, typed or not.
        let text = file.text.isEmpty || file.text.hasSuffix("\n") ? file.text : file.text + "\n"
        archive.addFile("\(files)/\(file.path)", mode: file.mode, data: Array(text.utf8))
    }
    let zone = try settings.value(of: Settings.timeZone).settingText
    archive.addFile(ConfigurationEntry.timeZone.rawValue, data: Array("\(zone)\n".utf8))
    // The name servers are those of the node's network, which it knows itself.
    let search = policy.domain.isEmpty ? "" : "search \(policy.domain)\n"
    archive.addFile(ConfigurationEntry.resolver.rawValue, data: Array(search.utf8))
    if let hash = try settings.value(of: Settings.rootPasswordHash) {
        archive.addFile(
            ConfigurationEntry.rootPasswordHash.rawValue, mode: 0o600,
            data: Array("\(hash.settingText)\n".utf8))
    }
    let steps = try nodeSteps(of: settings, domain: policy.domain)
    for phase in StepPhase.allCases {
        var work = steps.filter { $0.phase == phase }.map(\.work)
        if phase == .beforeInit, !secrets.isEmpty {
            let commands = steps.count { $0.phase == phase && $0.isCommand }
            work.insert(contentsOf: SecretFile.steps(of: secrets), at: work.count - commands)
        }
        var list: [UInt8] = []
        for step in work { step.write(to: &list) }
        if list.isEmpty { continue }
        archive.addFile("\(ConfigurationEntry.steps.rawValue)/\(phase.rawValue)", mode: 0o600, data: list)
    }
    if let volumeKey {
        archive.addFile(ConfigurationEntry.volumeKey.rawValue, mode: 0o600, data: volumeKey)
    }
    archive.finish()
    return archive.bytes
}

/// A node's SSH host key in OpenSSH's format.
package struct HostKeyFiles: Equatable, Sendable {
    /// Where OpenSSH looks for it.
    package static let path = "/etc/ssh/ssh_host_ed25519_key"

    package var privateFile: String
    /// `ssh-ed25519 AAAA…`
    package var publicLine: String

    package init(privateFile: String, publicLine: String) {
        self.privateFile = privateFile
        self.publicLine = publicLine
    }
}

extension EffectiveSettings {
    /// The variables of LTSP for software in the image that reads them: files below the root. Those that the setting `files` names count
    /// instead.
    var variableFiles: [(path: String, text: String)] {
        get throws(UnreadableSetting) {
            let written = Set(try value(of: Settings.files).map(\.path))
            return LTSPVariableKind.Dialect.allCases.flatMap { dialect -> [(path: String, text: String)] in
                let variables = variables(dialect)
                if variables.isEmpty { return [] }
                let own = LTSPFileText.of(variables, header: dialect.header, isOneLine: dialect == .lts)
                let environment = LTSPFileText.of(variables, header: nil, isOneLine: false)
                return [(dialect.path, own), (dialect.environmentPath, environment)]
            }.filter { !written.contains($0.path) }
        }
    }

    /// The number of the node's host key from this server; nil when each boot makes its own, or one is among its files.
    package var hostKeyNumber: Int? {
        get throws(UnreadableSetting) {
            let number = try value(of: Settings.sshHostKey)
            let hasOwn = try value(of: Settings.files).contains { $0.path.hasPrefix("etc/ssh/ssh_host_") }
            return number > 0 && !hasOwn ? number : nil
        }
    }
}

/// The known_hosts lines of nodes for SSH clients (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): names, fixed addresses and the key.
///
/// Nodes that make their own key, or have one among their files, are left out.
package func knownHosts(
    of nodes: some Sequence<Node>, in snapshot: FleetSnapshot, domain: String,
    publicLine: (NodeName, Int) -> String
) -> String {
    nodes.compactMap { node -> String? in
        guard let number = try? snapshot.settings(of: node).hostKeyNumber else { return nil }
        let names =
            [node.name.text] + (domain.isEmpty ? [] : ["\(node.name).\(domain)"])
            + (node.address.map { [$0.description] } ?? [])
        return "\(names.joined(separator: ",")) \(publicLine(node.name, number))\n"
    }.joined()
}

/// `/etc/hosts`: the node itself, the server, nodes with fixed addresses, and lines from settings.
private func hostsFile(
    name: NodeName, settings: EffectiveSettings, snapshot: FleetSnapshot, policy: BootPolicy
) throws(UnreadableSetting) -> String {
    func full(_ name: NodeName) -> String {
        policy.domain.isEmpty ? name.text : "\(name.text).\(policy.domain) \(name.text)"
    }
    var lines = [
        "127.0.0.1 localhost", "127.0.1.1 \(full(name))", "::1 localhost ip6-localhost ip6-loopback",
        "\(policy.server) roost",
    ]
    for node in snapshot.nodes.values.sorted(by: { $0.name < $1.name }) where node.name != name {
        if let address = node.address { lines.append("\(address) \(full(node.name))") }
    }
    for line in try settings.value(of: Settings.hosts) { lines.append("\(line.key) \(line.text)") }
    return lines.joined(separator: "\n") + "\n"
}
