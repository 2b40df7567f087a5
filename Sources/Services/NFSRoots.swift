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

    /// A node that missed three times is gone.
    private static let silentMilliseconds = 30_000
    /// How long a machine may take from one stage of its boot to the next.
    private static let bootMilliseconds = 300_000

    /// Whether a machine that has had a version may still read it. All arguments are milliseconds.
    ///
    /// - Parameters:
    ///   - age: since its boot came to `stage`.
    ///   - asked: since it last asked for orders; nil: it has not since the server started.
    ///   - serverAge: since the server started. At first no node has had time to ask.
    static func mayRead(after stage: BootStage, age: Int, asked: Int?, serverAge: Int) -> Bool {
        if serverAge < silentMilliseconds { return true }
        if let asked, asked < silentMilliseconds { return true }
        return age < ([.ready, .off].contains(stage) ? silentMilliseconds : bootMilliseconds)
    }
}

extension BootContext {
    package func nfsRoots() -> NFSRoots {
        var roots = NFSRoots()
        guard settings.policy.nfs != nil else { return roots }
        let now = EventLoop.now()
        for boot in tracker.latest {
            guard let version = boot.version,
                NFSRoots.mayRead(
                    after: boot.stage, age: self.now() - boot.at,
                    asked: orders.askedAt[boot.machine].map { now - $0 }, serverAge: now - startedAt)
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
