import API
import Fleet
import Wire

extension Acts {
    /// The last boot of a node that runs, which is asked to do something.
    ///
    /// - Parameters:
    ///   - isReady: whether it has to be; otherwise it is enough that it asks for orders.
    ///   - otherwise: what it means that it does not run, behind its name: `so it …`.
    func runningBoot(of node: Node, isReady: Bool = true, otherwise: Sentence) async throws -> BootTimeline {
        let heard = await services.heard()
        let (state, boot) = fleet.presence(of: node, heard)
        guard let boot, state != .off,
            boot.readyAfter != nil || (!isReady && boot.asksForOrders(heard))
        else {
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

extension BootTimeline {
    /// Whether its machine takes orders now: its system runs, whether or not the boot went well.
    func asksForOrders(_ heard: HeardMachines) -> Bool {
        attends && heard.silence(of: macAddress) < HeardMachines.lostAfter
    }
}

extension Acts {
    /// What a node does now.
    struct NodeState: Sendable {
        var name: NodeName
        var state: MachineState
    }
}
