package import Wire

/// What a node's configuration consists of: files, and the steps that put them and everything else in place.
package struct NodeContents: Equatable, Sendable {
    /// A file, by its path below the root.
    struct File: Equatable, Sendable {
        var path: String
        var mode: UInt32
        var data: [UInt8]
    }

    static let authorizedKeysPath = "root/.ssh/authorized_keys"

    package let steps: [NodeStep]
    private(set) var files: [File]
    let timeZone: String
    /// The server's, in which short names are looked up.
    let domain: String
    let rootPasswordHash: PasswordHash?

    /// - Parameters:
    ///   - node: the machine's node; nil when it is not enrolled.
    ///   - address: where the machine is, for sections of kept files.
    ///   - stored: contents of stored files.
    ///   - hostKey: makes the SSH host key of a name, with a number.
    package init(
        for machine: MACAddress, being node: Node?, at address: IPv4Address? = nil,
        in snapshot: FleetSnapshot,
        policy: BootPolicy, stored: StoredContents = StoredContents(),
        hostKey: (NodeName, Int) -> HostKeyFiles
    ) throws(UnreadableSetting) {
        let settings = snapshot.settings(of: node, at: address, card: machine)
        let name = node?.name ?? NodeName(unknown: machine)
        files =
            try Self.identityFiles(name, at: address, settings, snapshot, policy, hostKey)
            + Self.configuredFiles(settings)
        let placed = try PlacedFiles(settings.value(of: Settings.files), in: snapshot, stored)
        files += placed.files
        timeZone = try settings.value(of: Settings.timeZone).settingText
        domain = policy.domain
        rootPasswordHash = try settings.value(of: Settings.rootPasswordHash)
        steps = try placed.steps(
            from: nodeSteps(of: settings, domain: policy.domain, secrets: snapshot.contents.secrets))
    }

    private static func identityFiles(
        _ name: NodeName, at address: IPv4Address?, _ settings: EffectiveSettings,
        _ snapshot: FleetSnapshot, _ policy: BootPolicy, _ hostKey: (NodeName, Int) -> HostKeyFiles
    ) throws(UnreadableSetting) -> [File] {
        let hosts = try hostsFile(
            name: name, at: address, settings: settings, snapshot: snapshot, policy: policy)
        var files = [File("etc/hostname", "\(name)\n"), File("etc/hosts", hosts)]
        let keys = try settings.value(of: Settings.authorizedKeys).map(\.settingText)
        if !keys.isEmpty {
            files.append(File(authorizedKeysPath, mode: 0o600, keys.joined(separator: "\n") + "\n"))
        }
        if let number = try settings.hostKeyNumber {
            let key = hostKey(snapshot.hostKeyName(of: name), number)
            let path = String(HostKeyFiles.path.dropFirst())
            files.append(File(path, mode: 0o600, key.privateFile))
            files.append(File("\(path).pub", "\(key.publicLine) \(name)\n"))
        }
        return files
    }

    private static func configuredFiles(_ settings: EffectiveSettings) throws(UnreadableSetting) -> [File] {
        // Variables may be passwords.
        var files = try settings.variableFiles.map { File($0.path, mode: 0o600, $0.text) }
        for file in try settings.value(of: Settings.files) where file.stored == nil {
            // A text file ends with a line end, typed or not.
            let text = file.text.isEmpty || file.text.hasSuffix("\n") ? file.text : file.text + "\n"
            files.append(File(file.path, mode: file.mode, text))
        }
        return files
    }

    /// All that a step carries out: other bytes mean that it has changed.
    func bytes(of step: NodeStep) -> [UInt8] {
        var bytes: [UInt8] = []
        complete(step.work).write(to: &bytes)
        // Another step writes the file that says what is mounted there.
        if case .mounted(let line) = step.kind { bytes += Array(line.text.utf8) }
        return bytes
    }

    /// Work with the contents of the files that it copies.
    func complete(_ work: StepWork) -> StepWork {
        var work = work
        work.acts = work.acts.map { act in
            guard case .copy(let path) = act,
                let file = files.last(where: { "/\($0.path)" == path })
            else { return act }
            return .write(path: path, mode: file.mode, content: file.data)
        }
        return work
    }
}

extension NodeContents.File {
    fileprivate init(_ path: String, mode: UInt32 = 0o644, _ text: String) {
        (self.path, self.mode, data) = (path, mode, Array(text.utf8))
    }
}

/// `/etc/hosts`: the node itself, the server, nodes with fixed addresses, and lines from settings.
///
/// What ``KnownNodes`` has is left out. A node that knows others has its own name at the address by which others know it: programs that tell each
/// other their addresses, as those of MPI, must not tell 127.0.1.1.
private func hostsFile(
    name: NodeName, at address: IPv4Address?, settings: EffectiveSettings, snapshot: FleetSnapshot,
    policy: BootPolicy
) throws(UnreadableSetting) -> String {
    func full(_ name: NodeName) -> String { name.hostNames(in: policy.domain) }
    let known = try settings.value(of: Settings.knownNodes)
    let own = known == nil ? nil : snapshot.nodes[name]?.address ?? address
    var lines = [
        "127.0.0.1 localhost", "\(own?.description ?? "127.0.1.1") \(full(name))",
        "::1 localhost ip6-localhost ip6-loopback", "\(policy.server) roost",
    ]
    for node in snapshot.nodes.values.sorted(by: { $0.name < $1.name })
    where node.name != name && known?.contains(node.group) != true {
        if let address = node.address { lines.append("\(address) \(full(node.name))") }
    }
    for line in try settings.value(of: Settings.hosts) { lines.append("\(line.key) \(line.text)") }
    return lines.joined(separator: "\n") + "\n"
}
