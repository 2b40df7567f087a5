import Wire

/// How long the command line of a node's kernel becomes, at most, and what that means.
///
/// Kernels keep 2,047 bytes (`COMMAND_LINE_SIZE`, 2048 with its end, of x86 and arm64) and lose the rest in silence; what is lost are
/// the last words: the operator's own, and the console's. No loader keeps less of what is counted here (docs/protocols.md), but iPXE takes
/// a number of words only.
package struct CommandLineLength: Equatable, Sendable {
    package static let limit = 2_047
    /// Words that iPXE takes: its commands have 255 arguments (`MAX_ARGUMENTS`), of which one is the kernel and two name the archives. With
    /// more, `kernel` only prints how it is used.
    package static let wordLimit = 252

    /// Bytes of the whole line.
    package var byteCount: Int
    /// Its words, without those of loaders.
    package var wordCount: Int
    /// Bytes of the words that a setting adds.
    package var shares: [String: Int]

    package var isTooLong: Bool { byteCount > Self.limit || wordCount > Self.wordLimit }

    /// Settings that may have any number of words.
    static let open = [
        Settings.kernelArguments.definition, Settings.console.definition,
        Settings.persistentDirectories.definition,
    ]

    /// What loaders put in front: GRUB names the kernel («BOOT_IMAGE=(tftp,…)/i/…/kernel»), iPXE the archives, which is shorter.
    private static let loaderByteCount =
        "BOOT_IMAGE=(tftp,255.255.255.255)/i//kernel ".utf8.count + Digest.digitCount

    init(words: [String], settings: EffectiveSettings) {
        wordCount = words.count
        byteCount = Self.loaderByteCount + Self.byteCount(of: words) - 1
        shares = Dictionary(
            uniqueKeysWithValues: Self.open.map { definition in
                guard case .list(let words) = settings.shown(definition) else { return (definition.name, 0) }
                return (definition.name, Self.byteCount(of: words))
            })
    }

    func isLonger(than other: Self) -> Bool {
        byteCount > other.byteCount || wordCount > other.wordCount
    }

    /// With what stands between them.
    static func byteCount(of words: [String]) -> Int { words.reduce(0) { $0 + $1.utf8.count + 1 } }

    /// `2600 bytes of 2047`.
    package var text: String { "\(byteCount) bytes of \(Self.limit)" }

    /// What is wrong with the line of `name`, and which setting to shorten.
    package func problem(of name: some CustomStringConvertible) -> String {
        let longest = shares.max { ($0.value, $1.key) < ($1.value, $0.key) }
        guard byteCount > Self.limit else {
            return
                "the kernel command line of \(name) would have \(wordCount) words, and iPXE takes \(Self.wordLimit): \(longest?.key ?? "") has most of them"
        }
        return
            "the kernel command line of \(name) would have \(byteCount) bytes, and kernels keep \(Self.limit) and lose the rest: \(longest?.key ?? "") takes \(longest?.value ?? 0) of them"
    }
}

extension FleetSnapshot {
    /// Bytes that all but the settings of ``CommandLineLength/open`` can take: a quick look needs no exact one.
    private static let usualByteCount = 1_300
    /// The same of its words.
    private static let usualWordCount = 60

    /// The command line of a node with the longest addresses, in a trial; nil stands for an unknown machine.
    package func commandLineLength(of node: Node?) throws(UnreadableSetting) -> CommandLineLength {
        let settings = settings(of: node)
        guard let network = IPv4Network(containing: .broadcast, prefixLength: 32) else {
            preconditionFailure("thirty-two bits are a network")
        }
        let address = ClientAddress(
            address: .broadcast, network: network, router: .broadcast,
            nameServers: [.broadcast, .broadcast, .broadcast], leaseSeconds: .max)
        let machine = node?.macAddresses.first ?? MACAddress(rawValue: 0)
        let identity = BootIdentity(
            macAddress: machine, address: address, boot: String(repeating: "f", count: 16))
        let policy = BootPolicy(
            server: .broadcast, httpPort: .max, nbdPort: .max, loaders: [], nodeArchives: [:],
            netconsolePort: .max,
            nfs: NFSDirectories(images: "/var/lib/roost/images", trees: "/var/lib/roost/trees"))
        let version = version(for: settings) ?? .longest
        let choice = ChosenVersion(version: version, because: "", trial: Rollout.Terms())
        let words = try kernelCommandLine(
            for: identity, named: node?.name ?? NodeName(unknown: machine), choice, settings: settings,
            volume: node.flatMap { volume(of: $0.name) }, policy: policy)
        return CommandLineLength(words: words, settings: settings)
    }

    /// What is wrong with the command lines of nodes, at most `limit` of them.
    package func commandLineProblems(limit: Int) -> [String] {
        guard mayHaveLongCommandLines else { return [] }
        var problems: [String] = []
        for name in nodeOrder {
            guard problems.count < limit, let node = nodes[name] else { break }
            // A node whose settings cannot be read does not boot.
            guard let length = try? commandLineLength(of: node) else { continue }
            if length.isTooLong { problems.append(length.problem(of: name)) }
        }
        return problems
    }

    /// Refuses edits that make a line too long, or one that is too long longer still.
    func checkCommandLines(of edits: [FleetEdit], before: FleetSnapshot) throws {
        guard mayHaveLongCommandLines else { return }
        for node in candidates(of: edits) {
            guard let length = try? commandLineLength(of: node), length.isTooLong else { continue }
            let former = try? before.commandLineLength(of: node.flatMap { before.nodes[$0.name] })
            if let former, former.isTooLong, !length.isLonger(than: former) { continue }
            throw InvalidSetting(length.problem(of: node?.name.text ?? "an unknown machine"))
        }
    }

    /// Whose lines edits can have changed; nil among them stands for unknown machines.
    private func candidates(of edits: [FleetEdit]) -> [Node?] {
        var (names, groups): (Set<NodeName>, [GroupPath]) = ([], [])
        for edit in edits where edit.type.hasSettings {
            switch edit.reach {
            case .node(let name): names.insert(name)
            case .group(let path): groups.append(path)
            case .none: continue
            }
        }
        if names.isEmpty, groups.isEmpty { return [] }
        let concerned = nodeOrder.compactMap { nodes[$0] }.filter { node in
            names.contains(node.name) || groups.contains { $0.contains(node.group) }
        }
        return groups.contains(.site) ? [nil] + concerned : concerned
    }

    /// Whether any line can be too long: what all levels together add, and the node that adds most, is more than there is room for.
    private var mayHaveLongCommandLines: Bool {
        func added(_ settings: [String: SettingValue]) -> (bytes: Int, words: Int) {
            CommandLineLength.open.reduce(into: (0, 0)) { sum, definition in
                guard case .list(let words)? = settings[definition.name] else { return }
                sum.bytes += CommandLineLength.byteCount(of: words)
                sum.words += words.count
            }
        }
        let shared = (groups.values.map(\.settings) + rules.values.map(\.settings)).map(added)
        let own = nodes.values.lazy.map { added($0.settings) }
        let bytes = shared.reduce(0) { $0 + $1.bytes } + (own.map { $0.bytes }.max() ?? 0)
        let words = shared.reduce(0) { $0 + $1.words } + (own.map { $0.words }.max() ?? 0)
        return Self.usualByteCount + bytes > CommandLineLength.limit
            || Self.usualWordCount + words > CommandLineLength.wordLimit
    }
}

extension ImageVersion {
    /// One whose name takes as much room as a name can.
    fileprivate static let longest = ImageVersion(
        image: ImageName(constant: "x23456789-x23456789-x23456789-x23456789-x23456789-x23456789-x23"),
        number: 1,
        digest: .zero, publishedAt: 0,
        manifest: ImageManifest(
            image: ImageName(constant: "x"), architecture: "amd64", kernelRelease: "", system: "",
            files: [ImageManifest.File(name: "root.squashfs", byteCount: 1 << 40, sha256: .zero)],
            packages: [],
            origin: ""))
}
