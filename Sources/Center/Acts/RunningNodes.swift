import API
import Fleet
import Wire

extension Acts {
    /// The last boot of a node that runs, which is asked to do something.
    ///
    /// - Parameter otherwise: what it means that it does not run, behind its name: `so it …`.
    func runningBoot(of node: Node, otherwise: Sentence) async throws -> BootTimeline {
        let heard = await services.heard()
        let (state, boot) = fleet.presence(of: node, heard)
        guard let boot, boot.readyAfter != nil, state != .off else {
            throw StoreError.conflict("node \(node.name) is not running, so \(otherwise)")
        }
        guard state != .lost else {
            let seconds = heard.silence(of: boot.macAddress) / 1_000
            throw StoreError.conflict(
                "node \(node.name) is lost: nothing was heard from it for \(seconds) s, so \(otherwise)")
        }
        return boot
    }
}

extension Acts {
    /// What a node does now.
    struct NodeState: Sendable {
        var name: NodeName
        var state: MachineState
    }
}
