import Wire

/// The maximum length of a node's kernel command line, and its limits.
///
/// Kernels keep 2,047 bytes (`COMMAND_LINE_SIZE`, 2048 with its terminator, on x86 and arm64) and silently drop the rest: the last words,
/// which are the operator's own and the console's. No loader keeps less of what is counted here (docs/protocols.md), but iPXE limits the
/// number of words.
package struct CommandLineLength: Equatable, Sendable {
    package static let limit = 2_047
    /// iPXE's word limit: its commands have 255 arguments (`MAX_ARGUMENTS`), of which one is the kernel and two name the archives. With
    /// more, `kernel` only prints its usage.
    package static let wordLimit = 252

    /// Bytes of the whole line.
    package var byteCount: Int
    /// The number of words, without those of loaders.
    package var wordCount: Int
    /// Bytes of the words from each setting.
    package var shares: [String: Int]

    package var isTooLong: Bool { byteCount > Self.limit || wordCount > Self.wordLimit }

    /// Settings with an unlimited number of words.
    static let open = [
        Settings.kernelArguments.definition, Settings.console.definition,
        Settings.persistentDirectories.definition,
    ]

    /// The prefix added by loaders: GRUB names the kernel («BOOT_IMAGE=(tftp,…)/i/…/kernel»), iPXE the archives, which is shorter.
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

    /// Including the spaces between them.
    static func byteCount(of words: [String]) -> Int { words.reduce(0) { $0 + $1.utf8.count + 1 } }

    /// `2600 bytes of 2047`.
    package var text: String { "\(byteCount) bytes of \(Self.limit)" }

    /// The problem of the command line of `name`, and which setting to shorten.
    package func problem(of name: Sentence) -> Sentence {
        let longest = shares.max { ($0.value, $1.key) < ($1.value, $0.key) }
        guard byteCount > Self.limit else {
            return
                "the kernel command line of \(name) would have \(wordCount) words, but iPXE accepts \(Self.wordLimit) at most: \(longest?.key ?? "") has most of them"
        }
        return
            "the kernel command line of \(name) would have \(byteCount) bytes, but kernels keep \(Self.limit) and ignore the rest: \(longest?.key ?? "") takes \(longest?.value ?? 0) of them"
    }
}

extension FleetSnapshot {
    /// The maximum bytes of everything except the settings in ``CommandLineLength/open``: a quick check needs no exact number.
    private static let usualByteCount = 1_300
    /// The same for the number of words.
    private static let usualWordCount = 60

    /// The command line of a node with the longest possible addresses, in a trial; nil: an unknown machine.
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

    /// Problems with the command lines of nodes, at most `limit`.
    package func commandLineProblems(limit: Int) -> [String] {
        guard mayHaveLongCommandLines else { return [] }
        var problems: [String] = []
        for name in nodeOrder {
            guard problems.count < limit, let node = nodes[name] else { break }
            // A node whose settings cannot be read does not boot.
            guard let length = try? commandLineLength(of: node) else { continue }
            if length.isTooLong { problems.append(length.problem(of: "\(name)").english) }
        }
        return problems
    }

    /// Refuses edits that make a line too long, or lengthen one that is too long.
    func checkCommandLines(of edits: [FleetEdit], before: FleetSnapshot) throws {
        guard mayHaveLongCommandLines else { return }
        for node in candidates(of: edits) {
            guard let length = try? commandLineLength(of: node), length.isTooLong else { continue }
            let former = try? before.commandLineLength(of: node.flatMap { before.nodes[$0.name] })
            if let former, former.isTooLong, !length.isLonger(than: former) { continue }
            throw InvalidSetting(
                length.problem(of: node.map { "\($0.name)" } ?? "an unknown machine"))
        }
    }

    /// The nodes whose lines edits can have changed; nil among them means unknown machines.
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

    /// Whether any line can be too long: compares the limit with everything that all levels add, and the node that adds most.
    private var mayHaveLongCommandLines: Bool {
        func added(_ settings: [String: SettingValue]) -> (bytes: Int, words: Int) {
            CommandLineLength.open.reduce(into: (0, 0)) { sum, definition in
                guard case .list(let words)? = settings[definition.name] else { return }
                sum.bytes += CommandLineLength.byteCount(of: words)
                sum.words += words.count
            }
        }
        let ofImages = images.values.flatMap(\.allSettings).map(\.settings)
        let shared = (groups.values.map(\.settings) + ofImages + rules.values.map(\.settings) + keptArguments)
            .map(added)
        let own = nodes.values.lazy.filter { !$0.settings.isEmpty }.reduce(into: (bytes: 0, words: 0)) {
            most, node in
            let added = added(node.settings)
            most = (max(most.bytes, added.bytes), max(most.words, added.words))
        }
        let bytes = shared.reduce(0) { $0 + $1.bytes } + own.bytes
        let words = shared.reduce(0) { $0 + $1.words } + own.words
        return Self.usualByteCount + bytes > CommandLineLength.limit
            || Self.usualWordCount + words > CommandLineLength.wordLimit
    }
}

extension ImageVersion {
    /// A version with the longest possible name.
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
