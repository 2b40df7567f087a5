package import Fleet
import Linux
import Wire

/// Which nodes have roots mounted over NFS. Another program serves those, so the nodes themselves show it: they ask for orders every ten
/// seconds.
package struct NFSRoots: Sendable {
    /// Nodes that read a version, by its digest.
    package var versions: [Digest: Int] = [:]
    /// Nodes that write to a tree of their own, by the places of their volumes.
    package var trees: [NodeName: Int] = [:]
}

extension BootContext {
    /// A node that missed three times is gone.
    private static let silentMilliseconds = 30_000
    /// How long a machine may take from one stage of its boot to the next.
    private static let bootMilliseconds = 300_000

    package func nfsRoots() -> NFSRoots {
        var roots = NFSRoots()
        guard settings.policy.nfs != nil else { return roots }
        let now = EventLoop.now()
        // After the server starts, no node has had time to ask yet.
        let isNew = now - startedAt < Self.silentMilliseconds
        for boot in tracker.latest {
            guard let version = boot.version,
                isNew || now - (orders.askedAt[boot.machine] ?? .min / 2) < Self.silentMilliseconds
                    || self.now() - boot.at
                        < ([.ready, .off].contains(boot.stage)
                            ? Self.silentMilliseconds : Self.bootMilliseconds)
            else { continue }
            let node = node(of: boot.machine)
            let settings = snapshot.settings(of: node)
            guard settings[Fleet.Settings.rootMode] == .nfs else { continue }
            if (try? settings.volumeKind) == .tree, let node {
                roots.trees[snapshot.volume(of: node.name)?.place ?? node.name] = 1
            } else {
                roots.versions[version, default: 0] += 1
            }
        }
        return roots
    }
}
