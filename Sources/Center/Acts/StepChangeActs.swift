import API
import Fleet
import Wire

/// Steps that have changed since a running node carried them out.
extension Acts {
    /// What differs between a node's configuration and the running node.
    func stepChanges(_ text: String) async throws -> StepChangesAnswer {
        let snapshot = fleet.snapshot
        let answer = try await node(text, in: snapshot)
        guard let node = snapshot.nodes[answer.node.name] else {
            throw StoreError.notFound("there is no node ‘\(text)’ (roost node list shows all)")
        }
        return try await changes(of: node, in: snapshot).answer
    }

    /// Asks a running node to carry out what it can of these differences; it receives the request within seconds.
    ///
    /// - Parameter tag: of the differences that were shown; nil: whatever differs now.
    func applySteps(_ name: String, tag: String? = nil) async throws -> StepChangesAnswer {
        let snapshot = fleet.snapshot
        let node = try caller.permitted(try? Self.find(name, in: snapshot), named: name, .enrol, in: snapshot)
        let (answer, machine, steps) = try await changes(of: node, in: snapshot)
        if let tag, tag != answer.tag {
            throw StoreError.conflict(
                "what differs on node \(node.name) has changed since it was shown: look at it again")
        }
        let ready = steps.filter { $0.need == nil }.compactMap(\.current)
        guard !ready.isEmpty else {
            throw StoreError.conflict(
                "no step has changed that node \(node.name) can carry out while it runs")
        }
        await services.apply(
            Dictionary(ready.map { ($0.step.name, $0.mark) }) { first, _ in first }, to: machine)
        fleet.events.publish(
            ServerEvent(
                kind: .step, node: node.name, group: node.group, machine: machine,
                text: "\(caller.name) asks it to carry out \(counted(ready.count, "changed step"))"))
        return answer
    }

    private func changes(
        of node: Node, in snapshot: FleetSnapshot
    ) async throws -> (answer: StepChangesAnswer, machine: MACAddress, steps: [DifferingStep]) {
        let boot = try await runningBoot(of: node, otherwise: "it carries out its steps when it starts")
        guard let current = try await services.currentSteps(of: boot.macAddress) else {
            throw StoreError.conflict(
                "node \(node.name) has not asked for orders since this server started: try again in ten seconds"
            )
        }
        let told = try await store.steps(of: boot.macAddress, in: boot.boot)
        guard told.contains(where: { $0.results.contains { $0.mark != nil } }) else {
            throw StoreError.conflict(
                "node \(node.name) has not reported which steps it carried out, so they cannot be compared: restart it"
            )
        }
        let steps = DifferingStep.all(current, told: told)
        let settings = snapshot.settings(of: node)
        let tag = try RecordTag.of(
            steps.map { [$0.name, $0.change.rawValue, $0.need?.rawValue, $0.current?.mark] })
        let answer = StepChangesAnswer(
            boot: boot.boot, tag: tag.filter { $0 != "\"" },
            steps: steps.map { step in
                let setting = step.current?.step.setting
                return StepChangesAnswer.Step(
                    name: step.name, phase: step.phase, setting: setting,
                    origin: setting.flatMap { SettingDefinition.named($0) }.map {
                        settings[$0].origin.description
                    }, change: step.change, waits: step.need)
            })
        return (answer, boot.macAddress, steps)
    }
}
