import API
import Fleet
import Wire

extension Acts {
    /// The steps of a node's configuration, with how they ended in its last boot.
    func steps(_ text: String) async throws -> StepsAnswer {
        let snapshot = try await configuration()
        return try await steps(of: node(text, in: snapshot), in: snapshot)
    }

    /// - Parameter answer: what the caller may see of a node, in that configuration.
    func steps(of answer: NodeAnswer, in snapshot: FleetSnapshot) async throws -> StepsAnswer {
        let settings = snapshot.settings(of: snapshot.nodes[answer.node.name])
        let domain = await services.policy().domain
        // With an unreadable setting the node does not boot; its page says that.
        let planned = (try? nodeSteps(of: settings, domain: domain, secrets: snapshot.contents.secrets)) ?? []
        let boot = seesTold(answer.node, in: snapshot) ? answer.boots.first : nil
        var told: [StepPhase: [StepResult]] = [:]
        // Before the results: a report is told of only together with what it said.
        let reports = boot.map { fleet.stepReports(of: $0.macAddress) } ?? [:]
        if let boot {
            for phase in try await store.steps(of: boot.macAddress, in: boot.boot) {
                told[phase.phase] = phase.results
            }
        }
        let ended =
            boot == nil ? nil : try await endOfFormerBoot(answer, isToldOfThis: told[.atShutdown] != nil)
        if let ended { told[.atShutdown] = ended.results }
        let medians = try await stepMedians(of: answer.node.group, in: snapshot)
        let steps = StepPhase.allCases.flatMap { phase in
            Self.joined(
                planned.filter { $0.phase == phase }, told[phase] ?? [], phase, origins: settings, medians
            ).map { step in
                var step = step
                step.appliedAt = reports[step.name]
                if phase == .atShutdown { step.formerBoot = ended?.boot }
                return step
            }
        }
        return StepsAnswer(boot: boot?.boot, startedAt: boot?.startedAt, steps: steps)
    }

    /// How the boot before the last one ended: what a node does at shutdown is known when it has started again. Nil where the last boot has
    /// told its own end, or is the first.
    private func endOfFormerBoot(
        _ answer: NodeAnswer, isToldOfThis: Bool
    ) async throws -> (boot: String, results: [StepResult])? {
        guard !isToldOfThis, let last = answer.boots.first,
            let former = answer.boots.dropFirst().first(where: { $0.macAddress == last.macAddress })
        else { return nil }
        let phases = try await store.steps(of: former.macAddress, in: former.boot)
        // None: it was cut off, or had no such steps.
        return (former.boot, phases.first { $0.phase == .atShutdown }?.results ?? [])
    }

    /// Those that are planned now, in order, and what the node told beside them: the settings may have changed since.
    private static func joined(
        _ planned: [NodeStep], _ told: [StepResult], _ phase: StepPhase, origins settings: EffectiveSettings,
        _ medians: [String: Int]
    ) -> [StepsAnswer.Step] {
        let results = Dictionary(told.map { ($0.name, $0) }) { first, _ in first }
        let names = Set(planned.map(\.name))
        func answer(_ name: String, _ setting: String?, _ origin: String?) -> StepsAnswer.Step {
            let (result, median) = (results[name], medians[name])
            return StepsAnswer.Step(
                name: name, phase: phase, setting: setting, origin: origin, result: result, median: median,
                isOutlier: result.map { Fleet.isOutlier($0.milliseconds, median: median) } ?? false)
        }
        return planned.map { step in
            let origin = step.setting.flatMap { SettingDefinition.named($0) }.map {
                settings[$0].origin.description
            }
            return answer(step.name, step.setting, origin)
        }
            + told.filter { !names.contains($0.name) }.map { answer($0.name, nil, nil) }
    }

    /// Nodes of a group whose last boots count for medians of steps.
    private static let medianNodeLimit = 200

    /// Median milliseconds of steps, by name, over the last boots of a group.
    private func stepMedians(
        of group: GroupPath, in snapshot: FleetSnapshot
    ) async throws -> [String: Int] {
        let neighbours = snapshot.nodes.values.lazy.filter { $0.group == group }.prefix(Self.medianNodeLimit)
        let machines = neighbours.flatMap { snapshot.cards(of: $0) }
        return try await store.stepDurations(of: Array(machines.prefix(1_000))).compactMapValues {
            BootFigures.percentile(50, of: $0.sorted())
        }
    }
}
