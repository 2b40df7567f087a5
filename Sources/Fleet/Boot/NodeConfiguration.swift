package import Wire

/// The files that Roost writes into a node's root before its init starts, as one cpio archive.
///
/// `files/…` is copied over the root as it stands; what has to be merged with what the image has lies beside it:
/// `time-zone`, `root-password-hash`, the beginning of `resolv.conf`; and `volume-key`, which nothing of the root gets.
///
/// - Parameters:
///   - node: what the machine is; nil for one that is not enrolled.
///   - hostKey: makes the node's SSH host key of a number.
///   - volumeKey: of the node's volume, when that is encrypted.
package func configurationArchive(
    for machine: MACAddress, being node: Node?, in snapshot: FleetSnapshot, policy: BootPolicy,
    hostKey: (NodeName, Int) -> HostKeyFiles, volumeKey: [UInt8]? = nil
) -> [UInt8] {
    let settings = snapshot.settings(of: node)
    let name = node?.name ?? NodeName(unknown: machine)
    var archive = CPIOWriter()
    archive.addFile("files/etc/hostname", data: Array("\(name)\n".utf8))
    archive.addFile(
        "files/etc/hosts",
        data: Array(hostsFile(name: name, settings: settings, snapshot: snapshot, policy: policy).utf8))
    let keys = settings.list(.authorizedKeys)
    if !keys.isEmpty {
        archive.addDirectory("files/root/.ssh", mode: 0o700)
        archive.addFile(
            "files/root/.ssh/authorized_keys", mode: 0o600,
            data: Array((keys.joined(separator: "\n") + "\n").utf8))
    }
    if let number = settings.hostKeyNumber {
        let files = hostKey(name, number)
        let path = "files/etc/ssh/ssh_host_ed25519_key"
        archive.addFile(path, mode: 0o600, data: Array(files.privateFile.utf8))
        archive.addFile("\(path).pub", data: Array("\(files.publicLine) \(name)\n".utf8))
    }
    for (key, content) in settings.map(.files).sorted(by: { $0.key < $1.key }) {
        guard let file = ConfiguredFile(key: key) else { continue }
        // A line of text ends with a line end, whether or not somebody typed it.
        let text = content.isEmpty || content.hasSuffix("\n") ? content : content + "\n"
        archive.addFile("files/\(file.path)", mode: file.mode, data: Array(text.utf8))
    }
    archive.addFile("time-zone", data: Array("\(settings.text(.timeZone))\n".utf8))
    // The name servers are those of the network that the node is in: it knows them itself.
    let search = policy.domain.isEmpty ? "" : "search \(policy.domain)\n"
    archive.addFile("resolv.conf", data: Array(search.utf8))
    let hash = settings.text(.rootPasswordHash)
    if !hash.isEmpty { archive.addFile("root-password-hash", mode: 0o600, data: Array("\(hash)\n".utf8)) }
    if let volumeKey { archive.addFile("volume-key", mode: 0o600, data: volumeKey) }
    archive.finish()
    return archive.bytes
}

/// A node's SSH host key, as OpenSSH reads it.
package struct HostKeyFiles: Equatable, Sendable {
    package var privateFile: String
    /// `ssh-ed25519 AAAA…`
    package var publicLine: String

    package init(privateFile: String, publicLine: String) {
        self.privateFile = privateFile
        self.publicLine = publicLine
    }
}

extension EffectiveSettings {
    /// The number of the node's host key from this server; nil when each boot makes its own, or one is among its files.
    package var hostKeyNumber: Int? {
        let number = integer(.sshHostKey)
        let hasOwn = map(.files).keys.contains { $0.hasPrefix("/etc/ssh/ssh_host_") }
        return number > 0 && !hasOwn ? number : nil
    }
}

/// The lines by which SSH clients know nodes (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): names and fixed addresses, and the key.
///
/// Nodes with a key of their own making, or one that is set among their files, are left out.
package func knownHosts(
    of nodes: some Sequence<Node>, in snapshot: FleetSnapshot, domain: String,
    publicLine: (NodeName, Int) -> String
) -> String {
    nodes.compactMap { node -> String? in
        guard let number = snapshot.settings(of: node).hostKeyNumber else { return nil }
        let names =
            [node.name.text] + (domain.isEmpty ? [] : ["\(node.name).\(domain)"])
            + (node.address.map { [$0.description] } ?? [])
        return "\(names.joined(separator: ",")) \(publicLine(node.name, number))\n"
    }.joined()
}

/// `/etc/hosts`: the node itself, the server, the nodes with fixed addresses, and what the settings add.
private func hostsFile(
    name: NodeName, settings: EffectiveSettings, snapshot: FleetSnapshot, policy: BootPolicy
) -> String {
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
    for (address, names) in settings.map(.hosts).sorted(by: { $0.key < $1.key }) {
        lines.append("\(address) \(names)")
    }
    return lines.joined(separator: "\n") + "\n"
}
