import API
import Fleet
import Wire

extension Acts {
    /// The steps of a node's configuration, with how they ended in its last boot.
    func steps(_ text: String) async throws -> StepsAnswer {
        try await steps(of: node(text))
    }

    /// - Parameter answer: what the caller may see of a node.
    func steps(of answer: NodeAnswer) async throws -> StepsAnswer {
        let snapshot = try await configuration()
        let settings = snapshot.settings(of: snapshot.nodes[answer.node.name])
        let domain = await services.policy().domain
        // With an unreadable setting the node does not boot; its page says that.
        let planned = (try? nodeSteps(of: settings, domain: domain)) ?? []
        let boot = answer.boots.first
        var told: [StepPhase: [StepResult]] = [:]
        if let boot {
            for phase in try await store.steps(of: boot.macAddress, in: boot.boot) {
                told[phase.phase] = phase.results
            }
        }
        let steps = StepPhase.allCases.flatMap { phase in
            Self.joined(
                planned.filter { $0.phase == phase }, told[phase] ?? [], phase, origins: settings)
        }
        return StepsAnswer(boot: boot?.boot, startedAt: boot?.startedAt, steps: steps)
    }

    /// Those that are planned now, in order, and what the node told beside them: the settings may have changed since.
    private static func joined(
        _ planned: [NodeStep], _ told: [StepResult], _ phase: StepPhase, origins settings: EffectiveSettings
    ) -> [StepsAnswer.Step] {
        let results = Dictionary(told.map { ($0.name, $0) }) { first, _ in first }
        let names = Set(planned.map(\.name))
        return planned.map { step in
            let origin = step.setting.flatMap { SettingDefinition.named($0) }.map {
                settings[$0].origin.description
            }
            return StepsAnswer.Step(
                name: step.name, phase: phase, setting: step.setting, origin: origin,
                result: results[step.name])
        }
            + told.filter { !names.contains($0.name) }.map {
                StepsAnswer.Step(name: $0.name, phase: phase, result: $0)
            }
    }
}
