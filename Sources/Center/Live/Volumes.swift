package import API
package import Fleet
import Foundation
package import Logging
import NetworkErrors
package import Wire

/// The nodes' volumes: created when a node first needs one, grown, reset, copied.
package actor Volumes {
    /// Snapshots per volume.
    private static let snapshotLimit = 100
    /// Volumes created at the same time for booting machines.
    private static let preparationLimit = 4

    private let fleet: LiveFleet
    private let files: any VolumeFiles
    private let openFiles: any OpenFiles
    private let logger: Logger
    /// Nodes whose volume is being worked on.
    private var busy: Set<NodeName> = []
    private var preparationCount = 0

    package init(
        fleet: LiveFleet, files: any VolumeFiles, openFiles: any OpenFiles, logger: Logger
    ) {
        self.fleet = fleet
        self.files = files
        self.openFiles = openFiles
        self.logger = logger
    }

    /// A booting machine cannot continue before its volume exists, is large enough, and lies over the right version.
    package func prepare(_ machine: MACAddress, at address: IPv4Address) async {
        // When a whole building is switched on, the others ask again two seconds later.
        guard let node = fleet.snapshot.node(at: machine), !busy.contains(node.name),
            preparationCount < Self.preparationLimit
        else { return }
        preparationCount += 1
        defer { preparationCount -= 1 }
        do {
            try await alone(node.name) { try await self.prepare(node, at: address) }
        } catch {
            logger.error("cannot prepare the volume of \(node.name): \(ErrorText.of(error))")
        }
    }

    private func prepare(_ node: Node, at address: IPv4Address) async throws {
        let snapshot = fleet.snapshot
        let settings = snapshot.settings(of: node)
        guard let kind = try settings.volumeKind, let version = snapshot.version(for: settings) else {
            return
        }
        let wanted = kind == .disk ? try settings.value(of: Settings.volumeSize).byteCount : 0
        var volume = Volume(
            node: node.name, kind: kind, image: version.image, version: version.number,
            digest: version.digest, byteCount: wanted, createdAt: Clock.second, generation: 1,
            client: kind == .tree ? address : nil,
            isEncrypted: try Self.isEncrypted(kind, under: settings, over: version),
            directory: snapshot.placeForVolume(of: node.name))
        guard let known = snapshot.volume(of: node.name) else {
            return try await make(volume)
        }
        guard known.kind == kind else { return }
        if known.digest != version.digest, try settings.keepsRoot,
            try settings.value(of: Settings.volumePolicy) == .reset
        {
            volume = volume.at(known.place)
            volume.generation = known.generation + 1
            return try await make(volume)
        }
        volume = known
        if kind == .tree { return try await admit(address, to: volume) }
        guard volume.byteCount < wanted else { return }
        try await requireClosed(node.name)
        volume.byteCount = wanted
        let (grown, files) = (volume, files)
        try await Self.onThread { try files.grow(grown) }
        try await fleet.keep(grown, what: "volume of \(node.name) enlarged")
        logger.info("the volume of \(node.name) was enlarged to \(wanted >> 20) MiB")
    }

    private static func isEncrypted(
        _ kind: Volume.Kind, under settings: EffectiveSettings, over version: ImageVersion
    ) throws -> Bool {
        let isWanted = try settings.value(of: Settings.volumeEncryption)
        return kind == .disk && isWanted && version.manifest.hasDMCrypt == true
    }

    /// Starts an empty volume: a running machine still writes to the old file, which is deleted together with its key.
    ///
    /// - Parameter hasSnapshots: whether the snapshots stay, each with its key.
    package func reset(_ name: NodeName, keepingSnapshots hasSnapshots: Bool, by who: String) async throws {
        let snapshot = fleet.snapshot
        let volume = try volume(of: name)
        guard let node = snapshot.nodes[name],
            let version = snapshot.version(for: snapshot.settings(of: node))
        else { throw StoreError.conflict("node \(name) has no version to start from") }
        let settings = snapshot.settings(of: node)
        let fresh = Volume(
            node: name, kind: volume.kind, image: version.image, version: version.number,
            digest: version.digest,
            byteCount: volume.kind == .disk ? try settings.value(of: Settings.volumeSize).byteCount : 0,
            createdAt: Clock.second, generation: volume.generation + 1, client: volume.client,
            isEncrypted: try Self.isEncrypted(volume.kind, under: settings, over: version),
            directory: volume.place)
        try await alone(name) {
            try await self.make(fresh, by: who)
            guard !hasSnapshots, fresh.kind == .disk else { return }
            let files = self.files
            try await Self.onThread {
                for copy in try files.snapshots(of: fresh.place) {
                    try files.removeSnapshot(of: fresh.place, copy.name)
                }
            }
        }
    }

    /// - Parameter who: who reset it; nil: it is created because the node boots.
    private func make(_ volume: Volume, by who: String? = nil) async throws {
        let files = files
        try await Self.onThread { try files.make(volume) }
        // The previous tree stays until the node boots with the new one: it may be running from it now.
        if volume.kind == .tree { try await export(with: volume) }
        if let who {
            try await fleet.change(by: who) { _ in [.volume(volume.node, volume)] }
        } else {
            let before = fleet.snapshot.volume(of: volume.node)
            try await fleet.keep(volume, what: volume.summary(before: before))
        }
        if volume.kind == .disk { try await Self.onThread { try files.removeOthers(than: volume) } }
        logger.info("the volume of \(volume.node) was created over \(volume.image)@\(volume.version)")
    }

    // MARK: Trees

    /// A node comes from a new address: from now on that one may reach its tree, and no other.
    private func admit(_ address: IPv4Address, to tree: Volume) async throws {
        guard tree.client != address else { return }
        var tree = tree
        tree.client = address
        try await export(with: tree)
        let admitted = tree
        try await fleet.keep(admitted, what: "volume of \(tree.node) is for \(address)")
    }

    /// A node that has mounted its tree no longer runs from the previous one.
    package func note(_ events: [BootEvent]) async {
        for event in events {
            guard let mounted = event.tree, let node = fleet.snapshot.node(at: event.macAddress),
                let tree = fleet.snapshot.volume(of: node.name), tree.tree == mounted
            else { continue }
            let files = files
            do { try await Self.onThread { try files.removeOthers(than: tree) } } catch {
                logger.error(
                    "cannot delete the previous trees of \(tree.node): \(ErrorText.of(error))")
            }
        }
    }

    /// Exports all trees in their present state, and `changed`.
    package func export(with changed: Volume? = nil) async throws {
        var trees = fleet.snapshot.volumes
        if let changed { trees[changed.node] = changed }
        let (all, files) = (trees.values.filter { $0.kind == .tree }.sorted { $0.node < $1.node }, files)
        try await Self.onThread { try files.export(all) }
    }

    package func remove(_ name: NodeName, by who: String) async throws {
        let volume = try volume(of: name)
        try await requireClosed(name)
        try await alone(name) {
            let files = self.files
            // The record is removed last: whatever a crash or failure leaves (a tree cannot be removed where the role nfs is off) can be
            // removed again.
            try await Self.onThread { try files.remove(volume) }
            try await self.fleet.change(by: who) { _ in [.volume(name, nil)] }
            if volume.kind == .tree { try await self.export() }
        }
    }

    // MARK: Snapshots

    package func takeSnapshot(of name: NodeName, named copy: String) async throws {
        let volume = try volume(of: name)
        guard volume.kind == .disk else {
            throw StoreError.conflict(
                "node \(name) has a tree on the server, which has no snapshots; copy \(volume.path) there while it is off"
            )
        }
        try Self.check(copy)
        try await requireClosed(name)
        let known = try files.snapshots(of: volume.place)
        guard !known.contains(where: { $0.name == copy }) else {
            throw StoreError.conflict("the volume of \(name) already has a snapshot ‘\(copy)’")
        }
        guard known.count < Self.snapshotLimit else {
            throw StoreError.conflict("the volume of \(name) has \(known.count) snapshots; remove some first")
        }
        let files = files
        try await alone(name) { try await Self.onThread { try files.takeSnapshot(of: volume, copy) } }
    }

    package func restore(_ copy: String, to name: NodeName, by who: String) async throws {
        var volume = try volume(of: name)
        guard try files.snapshots(of: volume.place).contains(where: { $0.name == copy }) else {
            throw StoreError.notFound("the volume of \(name) has no snapshot ‘\(copy)’")
        }
        volume.generation += 1
        let (wanted, files) = (volume, files)
        try await alone(name) {
            let next = try await Self.onThread { try files.restore(copy, as: wanted) }
            try await self.fleet.change(by: who, what: "volume of \(name) restored from \(copy)") { _ in
                [.volume(name, next)]
            }
            try await Self.onThread { try files.removeOthers(than: next) }
        }
    }

    package func removeSnapshot(of name: NodeName, named copy: String) throws {
        let place = try volume(of: name).place
        guard try files.snapshots(of: place).contains(where: { $0.name == copy }) else {
            throw StoreError.notFound("the volume of \(name) has no snapshot ‘\(copy)’")
        }
        try files.removeSnapshot(of: place, copy)
    }

    // MARK: Looking

    package func answer(_ volume: Volume, open: [NodeName: Int], hasSnapshots: Bool) throws -> VolumeAnswer {
        VolumeAnswer(
            volume, usedByteCount: volume.kind == .disk ? files.usedByteCount(of: volume) : nil,
            openConnections: open[volume.place] ?? 0,
            snapshots: hasSnapshots ? try files.snapshots(of: volume.place) : nil)
    }

    package func open() async -> [NodeName: Int] { await openFiles.openVolumes() }

    /// Nodes whose volumes have no file, as after a restore.
    nonisolated func missing() -> [NodeName] {
        fleet.snapshot.volumes.values.filter { $0.kind == .disk && files.usedByteCount(of: $0) == nil }
            .map(\.node).sorted()
    }

    private func volume(of name: NodeName) throws -> Volume {
        guard let volume = fleet.snapshot.volume(of: name) else {
            throw StoreError.notFound("node \(name) has no volume")
        }
        return volume
    }

    private static func check(_ name: String) throws {
        let isGood =
            (1...63).contains(name.utf8.count) && name.first != "-"
            && name.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
            }
        guard isGood else {
            throw InvalidName(
                name, rule: "a snapshot's name is 1 to 63 lower-case letters, digits and hyphens")
        }
    }

    private func requireClosed(_ name: NodeName) async throws {
        let place = fleet.snapshot.volume(of: name)?.place ?? name
        guard await openFiles.openVolumes()[place] == nil else {
            throw StoreError.conflict(
                "node \(name) runs from its volume: shut it down first")
        }
    }

    private func alone<T: Sendable>(_ name: NodeName, _ body: @Sendable () async throws -> T) async throws
        -> T
    {
        guard busy.insert(name).inserted else {
            throw StoreError.conflict("the volume of \(name) is being changed; try again")
        }
        defer { busy.remove(name) }
        return try await body()
    }

    /// Programs and copies take time: on their own thread they block nothing else.
    private static func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }
}
