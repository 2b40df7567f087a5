package import Fleet
import Linux
import Wire

/// What nodes have mounted by NFS. Another program serves it, so it is known by the nodes themselves: they ask for orders every
/// ten seconds.
package struct NFSRoots: Sendable {
    /// Nodes that read a version, by its digest.
    package var versions: [Digest: Int] = [:]
    /// Nodes that write to a tree of their own.
    package var trees: [NodeName: Int] = [:]
}

extension BootContext {
    /// Three times unheard is gone.
    private static let silentMilliseconds = 30_000
    /// So long a machine may take from one stage of its boot to the next.
    private static let bootMilliseconds = 300_000

    package func nfsRoots() -> NFSRoots {
        var roots = NFSRoots()
        guard settings.policy.nfs != nil else { return roots }
        let now = EventLoop.now()
        // After a start of the server nobody has had the time to ask.
        let isNew = now - startedAt < Self.silentMilliseconds
        for boot in tracker.latest {
            guard let version = boot.version,
                isNew || now - (askedAt[boot.machine] ?? .min / 2) < Self.silentMilliseconds
                    || self.now() - boot.at
                        < (boot.stage == .ready ? Self.silentMilliseconds : Self.bootMilliseconds)
            else { continue }
            let node = node(of: boot.machine)
            let settings = snapshot.settings(of: node)
            guard settings[Fleet.Settings.rootMode] == .nfs else { continue }
            if (try? settings.volumeKind) == .tree, let node {
                roots.trees[node.name] = 1
            } else {
                roots.versions[version, default: 0] += 1
            }
        }
        return roots
    }
}
