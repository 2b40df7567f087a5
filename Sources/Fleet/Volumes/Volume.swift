package import Wire

/// A node's own writable storage on the server: the changes to its root, and persistent directories.
package struct Volume: Equatable, Sendable, Codable {
    package enum Kind: String, Sendable, Codable {
        /// A disk over NBD.
        case disk
        /// A copy of the image's whole root, file by file, over NFS.
        case tree
    }

    package var node: NodeName
    /// The directory of its files, where it is not called like the node: the node had another name when the volume was made, or another
    /// volume has that directory.
    package private(set) var directory: NodeName?
    package var kind: Kind
    /// The image that its files overlay or were copied from: a node that keeps its version boots this one.
    package var image: ImageName
    package var version: Int
    package var digest: Digest
    /// Of a disk; a tree has no fixed size.
    package var byteCount: Int
    /// Seconds since 1970.
    @SecondTimestamp package var createdAt: Int
    /// Increases with every reset: each generation has its own file, so late writes to an old one change nothing.
    package var generation: Int
    /// The only address that a tree is exported to.
    package var client: IPv4Address?
    /// Whether the server holds only ciphertext; the key is beside the file, sealed.
    package var isEncrypted: Bool

    package init(
        node: NodeName, kind: Kind = .disk, image: ImageName, version: Int, digest: Digest, byteCount: Int,
        createdAt: Int, generation: Int, client: IPv4Address? = nil, isEncrypted: Bool = false,
        directory: NodeName? = nil
    ) {
        self.directory = directory == node ? nil : directory
        self.isEncrypted = isEncrypted
        self.node = node
        self.kind = kind
        self.client = client
        self.image = image
        self.version = version
        self.digest = digest
        self.byteCount = byteCount
        self.createdAt = createdAt
        self.generation = generation
    }

    /// Records from before trees existed have no kind, and records from before encryption are not encrypted.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        node = try fields.decode(NodeName.self, forKey: .node)
        directory = try fields.decodeIfPresent(NodeName.self, forKey: .directory)
        kind = try fields.decodeIfPresent(Kind.self, forKey: .kind) ?? .disk
        image = try fields.decode(ImageName.self, forKey: .image)
        version = try fields.decode(Int.self, forKey: .version)
        digest = try fields.decode(Digest.self, forKey: .digest)
        byteCount = try fields.decode(Int.self, forKey: .byteCount)
        _createdAt = try fields.decode(SecondTimestamp<Int>.self, forKey: .createdAt)
        generation = try fields.decode(Int.self, forKey: .generation)
        client = try fields.decodeIfPresent(IPv4Address.self, forKey: .client)
        isEncrypted = try fields.decodeIfPresent(Bool.self, forKey: .isEncrypted) ?? false
    }

    /// The name of the directory with its files, and of its export. It stays when the node gets another name: a running node keeps
    /// writing to it.
    package var place: NodeName { directory ?? node }

    /// The same volume with its files in another directory.
    package func at(_ place: NodeName) -> Self {
        var placed = self
        placed.directory = place == node ? nil : place
        return placed
    }

    /// The same files as the volume of a node that has another name now.
    package func renamed(to node: NodeName) -> Self {
        var renamed = self
        (renamed.node, renamed.directory) = (node, place == node ? nil : place)
        return renamed
    }

    /// Relative to the directory of volumes, or of trees.
    package var path: String { tree?.description ?? "\(place)/\(generation).ext4" }

    /// Nil for a disk.
    package var tree: TreeReference? {
        kind == .tree ? TreeReference(node: place, generation: generation) : nil
    }

    /// The path of an encrypted volume's sealed key, relative to the directory of volumes.
    package var keyPath: String { "\(place)/\(generation).key" }

    package static let sizeRange = 64 << 20...16 << 40

    /// Bytes of `512M`, `8G`, `1T`; nil for any other text.
    package static func byteCount(_ text: String) -> Int? {
        let shifts: [Character: Int] = ["M": 20, "G": 30, "T": 40]
        guard let unit = text.last, let shift = shifts[unit], let number = Int(text.dropLast()), number > 0,
            number <= 1 << 20, sizeRange.contains(number << shift)
        else { return nil }
        return number << shift
    }
}

/// The export name of a node's volume or swap: `volume/PLACE/BOOT`, `swap/NODE/BOOT`. The server opened the boot for the machine, which
/// proves that the machine itself asks.
package struct VolumeExportName: Equatable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable { case volume, swap }

    package var kind: Kind
    /// The place of a volume; for swap, the name that the node had when it booted.
    package var node: NodeName
    package var boot: String

    package init(_ kind: Kind, of node: NodeName, boot: String) {
        self.kind = kind
        self.node = node
        self.boot = boot
    }

    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let kind = Kind(rawValue: String(parts[0])),
            let node = try? NodeName(String(parts[1]))
        else { return nil }
        self.init(kind, of: node, boot: String(parts[2]))
    }

    package var description: String { "\(kind)/\(node)/\(boot)" }
}

/// What happens to a volume when the node's intended version changes.
package enum VolumePolicy: String, Sendable, CaseIterable {
    /// The node keeps the version that its volume was made over, until a reset.
    case pin
    /// The node boots the new version under its changed files.
    case follow
    /// The node starts with an empty volume for the new version.
    case reset
}

extension EffectiveSettings {
    /// The kind of volume of a node with these settings; nil for none.
    package var volumeKind: Volume.Kind? {
        get throws(UnreadableSetting) {
            let mode = try value(of: Settings.rootMode)
            if mode == .nfs, try value(of: Settings.nfsRoot) == .own { return .tree }
            if mode == .persistent { return .disk }
            let directories = try value(of: Settings.persistentDirectories)
            let disk = try value(of: Settings.persistentDisk)
            return directories.isEmpty || disk != nil ? nil : .disk
        }
    }

    /// Whether the whole root of a node with these settings persists.
    package var keepsRoot: Bool {
        get throws(UnreadableSetting) {
            let (kind, mode) = (try volumeKind, try value(of: Settings.rootMode))
            return kind == .tree || mode == .persistent
        }
    }

    /// Whether a node with these settings may be a canary: one that keeps its version would not boot another, and one that resets with each
    /// version would lose its data to a version that may not stay.
    package var canTryVersions: Bool {
        get throws(UnreadableSetting) {
            guard try keepsRoot else { return true }
            let (kind, policy) = (try volumeKind, try value(of: Settings.volumePolicy))
            return kind == .disk && policy == .follow
        }
    }

    /// For a rescue image: the stored data may be the cause of the failure, so none of it is mounted.
    var withoutKeptRoot: EffectiveSettings {
        get throws(UnreadableSetting) {
            let root = [Settings.rootMode.definition, Settings.nfsRoot.definition]
            return without(try (keepsRoot ? root : []) + [Settings.persistentDirectories.definition])
        }
    }
}

extension Volume {
    /// The change from `before` to `self`, in one line for people.
    package func summary(before: Volume?) -> String {
        guard let before else { return "volume of \(node) created over \(image)@\(version)" }
        if before.generation != generation { return "volume of \(node) reset to \(image)@\(version)" }
        return "volume of \(node) changed"
    }
}

extension FleetEdit {
    /// - Parameter volume: nil removes it.
    package static func volume(_ node: NodeName, _ volume: Volume?) -> Self { Self(node, volume) }
}

extension Volume: TableRecord {
    package static let kind = "volume"

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [NodeName: Self]> { \.volumes }

    /// No two volumes have the same files.
    package static func check(
        all changed: [NodeName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let kept = changed.compactMap { snapshot.volume(of: $0) }
        guard !kept.isEmpty else { return }
        try snapshot.requireOwnPlaces(of: kept)
    }

    package static func missing(_ key: NodeName) -> Sentence {
        "node \(key) has no volume"
    }

    package static func summary(of change: RecordChange<Volume>, in snapshot: FleetSnapshot) -> String {
        change.after?.summary(before: snapshot.volume(of: change.key))
            ?? "volume of \(change.key) removed"
    }

    package static func places(of change: RecordChange<Volume>, in snapshot: FleetSnapshot) -> [GroupPath] {
        [snapshot.nodes[change.key]?.group ?? .site]
    }

    package static func reach(of change: RecordChange<Volume>) -> EditReach { .node(change.key) }

    /// Its files cannot be undone.
    package static var undo: Undoing { .refuses }
}

extension FleetSnapshot {
    /// Throws where another node has one of the volumes, as when it got another name while its volume was made larger or anew.
    package func requireOwnPlaces(of changed: [Volume]) throws {
        let holders = Dictionary(grouping: volumes.values, by: \.place)
        for volume in changed {
            guard let other = holders[volume.place]?.first(where: { $0.node != volume.node }) else {
                continue
            }
            throw StoreError.conflict(
                "the volume of \(volume.node) belongs to node \(other.node) now: nothing was changed; try again"
            )
        }
    }

    /// Where a new volume of `node` has its files: in the directory of its name, unless another node took its volume there along.
    package func placeForVolume(of node: NodeName) -> NodeName {
        let taken = Set(volumes.values.filter { $0.node != node }.map(\.place))
        return node.firstFree { !taken.contains($0) }
    }
}
