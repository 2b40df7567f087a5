package import Wire

/// The files that Roost writes into a node's root before its init starts, as one cpio archive.
///
/// ``ConfigurationEntry`` names the contents: files copied over the root unchanged, and the steps that carry it out. Nodes that booted
/// before the server was upgraded know no steps; for them there is data to be merged with the image's own.
///
/// - Parameters:
///   - volumeKey: the key of the node's volume, if that is encrypted.
///   - secrets: those that go out with it.
///   - knownNodes: what the node knows of those in a group.
///   - running: by what the node may later get changed steps; nil: it may not.
package func configurationArchive(
    of contents: NodeContents, volumeKey: [UInt8]? = nil, secrets: [SecretFile] = [],
    knownNodes: ((GroupPath) -> KnownNodes)? = nil, running: RunningKeys? = nil
) -> [UInt8] {
    var archive = CPIOWriter()
    let files = ConfigurationEntry.files.rawValue
    if contents.files.contains(where: { $0.path == NodeContents.authorizedKeysPath }) {
        archive.addDirectory("\(files)/root/.ssh", mode: 0o700)
    }
    for file in contents.files {
        archive.addFile("\(files)/\(file.path)", mode: file.mode, data: file.data)
    }
    archive.addFile(ConfigurationEntry.timeZone.rawValue, data: Array("\(contents.timeZone)\n".utf8))
    // The name servers are those of the node's network, which it knows itself.
    let search = contents.domain.isEmpty ? "" : "search \(contents.domain)\n"
    archive.addFile(ConfigurationEntry.resolver.rawValue, data: Array(search.utf8))
    if let hash = contents.rootPasswordHash {
        archive.addFile(
            ConfigurationEntry.rootPasswordHash.rawValue, mode: 0o600,
            data: Array("\(hash.settingText)\n".utf8))
    }
    for phase in StepPhase.allCases {
        var work = contents.steps.filter { $0.phase == phase }.map { $0.filled($0.work, knownNodes) }
        if phase == .beforeInit, !secrets.isEmpty {
            let commands = contents.steps.count { $0.phase == phase && $0.isCommand }
            work.insert(contentsOf: SecretFile.steps(of: secrets), at: work.count - commands)
        }
        var list: [UInt8] = []
        for step in work { step.write(to: &list) }
        if list.isEmpty { continue }
        archive.addFile("\(ConfigurationEntry.steps.rawValue)/\(phase.rawValue)", mode: 0o600, data: list)
    }
    if let running {
        let lines = contents.steps.map { "\(running.mark(contents.bytes(of: $0))) \($0.name)\n" }
        archive.addFile(ConfigurationEntry.marks.rawValue, mode: 0o600, data: Array(lines.joined().utf8))
        archive.addFile(ConfigurationEntry.runKey.rawValue, mode: 0o600, data: running.key)
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

/// The known_hosts lines of nodes for SSH clients (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): names, addresses and the key.
///
/// - Parameter publicLine: of the key that is made from a name, with its number.
///
/// Nodes that make their own key, or have one among their files, are left out.
package func knownHosts(
    of nodes: some Sequence<Node>, in snapshot: FleetSnapshot, domain: String,
    address: (Node) -> IPv4Address? = \.address, publicLine: (NodeName, Int) -> String
) -> String {
    nodes.compactMap { node -> String? in
        guard let number = try? snapshot.settings(of: node).hostKeyNumber else { return nil }
        let names =
            [node.name.text] + (domain.isEmpty ? [] : ["\(node.name).\(domain)"])
            + (address(node).map { [$0.description] } ?? [])
        return "\(names.joined(separator: ",")) \(publicLine(snapshot.hostKeyName(of: node.name), number))\n"
    }.joined()
}
