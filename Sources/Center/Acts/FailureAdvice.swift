import API
import Fleet
import Wire

/// What a machine does by itself once its boot has failed.
enum AfterFailure: Sendable, Hashable {
    /// It tries the step again.
    case triesAgain
    /// It begins a new boot.
    case restarts
    /// It waits for a person at its screen.
    case waits
    /// It was not heard of for so many milliseconds, and cannot be asked anything either.
    ///
    /// - wasToRetry: whether it would try again if it could; otherwise it does nothing by itself.
    case isSilent(Int, wasToRetry: Bool)
    /// Its system runs, so that it can be asked to restart.
    case obeys
}

extension LiveFacts {
    /// - Parameter act: what its settings say of failed boots; asked only of a machine whose system does not run.
    func afterFailure(of boot: BootTimeline, act: () -> FailureAct?) -> AfterFailure {
        let silence = heard.silence(of: boot.macAddress)
        // A try and the pause behind it take less, and each failure is reported.
        let isSilent = silence >= HeardMachines.lostAfter
        guard !boot.attends else { return isSilent ? .isSilent(silence, wasToRetry: false) : .obeys }
        return switch act() {
        case .retry, nil: isSilent ? .isSilent(silence, wasToRetry: true) : .triesAgain
        case .reboot: isSilent ? .isSilent(silence, wasToRetry: true) : .restarts
        // It says nothing while its shell is open.
        case .shell: .waits
        }
    }
}

/// What to do about failed boots. Each message is looked up once, however many machines it comes from.
struct FailureAdvice {
    private let live: LiveFacts
    private let snapshot: FleetSnapshot
    private let caller: Caller
    private let countsRunning: Bool
    private var refused: [String: Acts.RefusedVersion?] = [:]
    /// How many nodes run each version, as far as the caller sees them; nil: not counted yet.
    private var running: [Digest: Int]?

    /// - Parameter countsRunning: whether it says how many nodes run a version, which is one look at all of them.
    init(_ live: LiveFacts, in snapshot: FleetSnapshot, for caller: Caller, countsRunning: Bool = true) {
        (self.live, self.snapshot, self.caller) = (live, snapshot, caller)
        self.countsRunning = countsRunning
    }

    func after(_ boot: BootTimeline) -> AfterFailure {
        live.afterFailure(of: boot) {
            snapshot.settings(of: snapshot.node(at: boot.macAddress))[Settings.onFailure]
        }
    }

    /// What is done about a boot that failed with `detail`.
    mutating func fix(of boot: BootTimeline, _ detail: String) -> Sentence {
        refusedVersion(detail)?.fix(after(boot)) ?? BootStage.fix(ofFailure: detail)
    }

    /// The version that the server did not have when a boot failed with `detail`; nil: that was not the cause.
    mutating func refusedVersion(_ detail: String) -> Acts.RefusedVersion? {
        if let known = refused[detail] { return known }
        let found = BootStage.refusedVersion(detail).map { look(for: $0) }
        refused[detail] = .some(found)
        return found
    }

    private mutating func look(for reference: ImageReference) -> Acts.RefusedVersion {
        // What NBD serves: the root of each version that is here.
        guard let version = snapshot.version(reference), version.manifest.file("root.squashfs") != nil else {
            return Acts.RefusedVersion(name: reference.description, isServed: false, runningCount: 0)
        }
        let counts = running ?? (countsRunning ? countRunning() : [:])
        running = counts
        return Acts.RefusedVersion(
            name: "\(version.image)@\(version.number)", isServed: true,
            runningCount: counts[version.digest] ?? 0)
    }

    private func countRunning() -> [Digest: Int] {
        var counts: [Digest: Int] = [:]
        for boot in live.boots.values {
            guard let version = boot.version, live.state(of: boot) == .ready,
                let node = snapshot.node(at: boot.macAddress), caller.sees(node.group),
                // One card of a node tells of its present boot.
                live.boot(of: node, in: snapshot)?.macAddress == boot.macAddress
            else { continue }
            counts[version, default: 0] += 1
        }
        return counts
    }
}
