package import Wire

/// By what a running node gets changed steps of its configuration.
package struct RunningKeys {
    /// Proves that a node is the one that got the configuration: a secret.
    package var key: [UInt8]
    /// Makes the mark of a step, of everything that it carries out.
    package var mark: ([UInt8]) -> String

    package init(key: [UInt8], mark: @escaping ([UInt8]) -> String) {
        (self.key, self.mark) = (key, mark)
    }
}

/// A step as a node would get it now.
package struct CurrentStep: Equatable, Sendable {
    package var step: NodeStep
    /// Another one than what the node has told means that the step has changed.
    package var mark: String

    package init(_ step: NodeStep, mark: String) { (self.step, self.mark) = (step, mark) }
}

extension NodeContents {
    package func current(_ mark: ([UInt8]) -> String) -> [CurrentStep] {
        steps.map { CurrentStep($0, mark: mark(bytes(of: $0))) }
    }

    /// The steps with these marks, as a running node carries them out. What has changed since is left out.
    ///
    /// - Parameters:
    ///   - wanted: marks, by the names of steps.
    ///   - mark: makes the mark of a step.
    ///   - knownNodes: what the node knows of those in a group.
    package func applied(
        _ wanted: [String: String], _ mark: ([UInt8]) -> String,
        knownNodes: ((GroupPath) -> KnownNodes)? = nil
    ) -> [AppliedStep] {
        current(mark).filter { wanted[$0.step.name] == $0.mark }.map {
            let work = $0.step.filled($0.step.workAtRunTime, knownNodes)
            return AppliedStep(phase: $0.step.phase, mark: $0.mark, work: complete(work))
        }
    }
}

/// How a step differs between the configuration and the running node.
package enum StepChange: String, CaseIterable, Codable, Sendable {
    /// The node has none of this name.
    case new
    case changed
    /// As it was, but it was not carried out to its end.
    case failed
    /// The configuration no longer has it; what it did stays until the next start.
    case removed
}

/// Why a changed step waits for the next start of its node.
package enum RestartNeed: String, CaseIterable, Codable, Sendable {
    /// It has an effect only at a start.
    case start
    /// What it changes or ends may be in use.
    case inUse = "in-use"
}

/// A step that differs.
package struct DifferingStep: Equatable, Sendable {
    package var name: String
    package var phase: StepPhase
    package var change: StepChange
    /// Nil: it can be carried out at once.
    package var need: RestartNeed?
    /// The step now; nil when it was removed.
    package var current: CurrentStep?

    /// What differs between the configuration and a running node, in order.
    ///
    /// - Parameters:
    ///   - current: the steps as the node would get them now.
    ///   - told: the results that it has told of this boot.
    package static func all(_ current: [CurrentStep], told: [PhaseResults]) -> [DifferingStep] {
        var known: [String: StepResult] = [:]
        for phase in told {
            for result in phase.results where result.mark != nil { known[result.name] = result }
        }
        let differing = current.compactMap { now -> DifferingStep? in
            let result = known[now.step.name]
            let change: StepChange? =
                switch result {
                case nil: now.step.isTold ? .new : nil
                case let result? where result.mark != now.mark: .changed
                case let result? where result.outcome != .done: .failed
                default: nil
                }
            return change.map { change in
                DifferingStep(
                    name: now.step.name, phase: now.step.phase, change: change,
                    need: now.step.restartNeed(isDone: result?.outcome == .done), current: now)
            }
        }
        let names = Set(current.map(\.step.name))
        return differing
            + told.flatMap { phase in
                phase.results.filter { $0.mark != nil && !names.contains($0.name) }.map {
                    DifferingStep(name: $0.name, phase: phase.phase, change: .removed, need: .start)
                }
            }
    }
}

extension NodeStep {
    /// Whether a running node has told how it ended; of those at shutdown it cannot have.
    fileprivate var isTold: Bool { phase != .atShutdown }

    /// - Parameter isDone: whether the running node has carried out a step of this name.
    func restartNeed(isDone: Bool) -> RestartNeed? {
        switch kind {
        case .hostName, .keymap, .logIn, .moduleOptions, .dropIns, .idleServices: .start
        case .hostKey: .inUse
        case .mounted: isDone ? .inUse : nil
        case .service(let service): service.act == .wish(.enable) ? nil : .inUse
        case .command(let command, _): command.phase == .late ? nil : .start
        default: nil
        }
    }

    /// What a running node carries out.
    var workAtRunTime: StepWork {
        var work = work
        switch kind {
        case .timeServers: work.acts.append(Self.restart("systemd-timesyncd.service", "chrony.service"))
        case .syslog: work.acts.append(Self.restart("rsyslog.service"))
        case .service(let service):
            work.acts.append(
                Self.run(
                    """
                    if command -v systemctl >/dev/null; then systemctl daemon-reload && systemctl start "$1"
                    else rc-service "$2" start; fi
                    """, service.unit, service.service))
        case .timer(let timer):
            work.acts.append(
                Self.run(
                    "if command -v systemctl >/dev/null; then systemctl daemon-reload && systemctl restart \"$1\"; fi",
                    "roost-timer-\(timer.key).timer"))
        default: break
        }
        return work
    }

    /// Restarts services that run: they read their files only when they start.
    private static func restart(_ units: String...) -> StepAct {
        run(
            """
            command -v systemctl >/dev/null || exit 0
            for unit; do if systemctl -q is-active "$unit"; then systemctl restart "$unit"; fi; done
            """, units)
    }

    private static func run(_ text: String, _ words: String...) -> StepAct { run(text, words) }

    private static func run(_ text: String, _ words: [String]) -> StepAct {
        .program(words: ["/bin/sh", "-c", text, "sh"] + words)
    }
}
