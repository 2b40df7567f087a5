import API
import Fleet

/// Roll-outs, newest first.
struct RolloutsView: TemplateView {
    static let template = PageTemplate("rollouts", Embedded.rollouts_mustache)

    /// Nil when there are none.
    var table: TableView<Row>?
    /// The number before which the next page begins.
    var next: Int?
    /// Whether the caller may begin one, on the page of a version.
    var mayStart: Bool

    struct Row: View {
        var id: Int
        var image: String
        var candidate: Int
        var channel: String
        var state: StateView
        /// Canaries that became ready.
        var ready: Int
        var failed: Int
        /// Canaries in all.
        var count: Int
        var started: String
        var reason: String

        init(_ rollout: RolloutAnswer, _ words: Words) {
            id = rollout.id
            image = rollout.image.text
            candidate = rollout.candidate
            channel = rollout.channel
            state = StateView(rollout.state, words)
            ready = rollout.count(.ready)
            failed = rollout.count(.failed)
            count = rollout.canaryCount
            started = Format.time(second: rollout.startedAt)
            reason = words.told(rollout.reason)
        }
    }

    /// - Parameter next: where older roll-outs begin.
    init(_ rollouts: [RolloutAnswer], next: Int?, mayStart: Bool, _ words: Words) {
        self.next = next
        self.mayStart = mayStart
        guard !rollouts.isEmpty else { return }
        table = TableView(
            words("Roll-outs"),
            columns: words.all("Roll-out", "Version", "Channel", "State", "Ready", "Failed", "Began", "Why"),
            rows: rollouts.map { Row($0, words) })
    }
}

/// One roll-out, with its canaries.
struct RolloutView: TemplateView {
    static let template = PageTemplate("rollout", Embedded.rollout_mustache)
    /// Canaries shown on the page.
    private static let canaryLimit = 500

    var id: Int
    var image: String
    var candidate: Int
    var former: Int
    var channel: String
    var share: String
    var state: StateView
    var reason: String
    /// The conditions for success.
    var terms: String
    var started: String
    var by: String
    var ended: String?
    var bar: [Segment]
    var barLabel: String
    var canaries: TableView<Canary>
    /// Canaries that are not shown.
    var more: Int?
    var menu: ActionMenuView

    /// The canaries with one outcome, in a bar a thousand units long.
    struct Segment: View {
        var outcome: String
        var label: String
        var count: Int
        var x: Int
        var width: Int
    }

    struct Canary: View {
        var node: String
        var state: StateView
        var started: String?
        var readyAfter: String
        var detail: String
    }

    init(_ rollout: RolloutAnswer, maySteer: Bool, _ words: Words) {
        let canaries = rollout.canaries ?? []
        id = rollout.id
        image = rollout.image.text
        candidate = rollout.candidate
        former = rollout.former
        channel = rollout.channel
        share = rollout.share
        state = StateView(rollout.state, words)
        reason = words.told(rollout.reason)
        terms = words(
            "ready within %1 s, at most %2 failures, for %3 min", String(rollout.readyWithinSeconds),
            String(rollout.allowedFailures), String(rollout.trialSeconds / 60))
        started = Format.time(second: rollout.startedAt)
        by = rollout.startedBy
        ended = rollout.endedAt.map { Format.time(second: $0) }
        bar = Self.bar(of: rollout, words)
        barLabel = bar.map { "\($0.label): \($0.count)" }.joined(separator: ", ")
        // Failures first.
        let sorted = canaries.sorted {
            ($0.outcome == .failed ? 0 : 1, $0.node.text) < ($1.outcome == .failed ? 0 : 1, $1.node.text)
        }
        self.canaries = TableView(
            words("Canaries"),
            columns: words.all("Node", "State", "Last boot", "Ready after", "Why"),
            rows: sorted.prefix(Self.canaryLimit).map { Canary($0, words) })
        more = canaries.count > Self.canaryLimit ? canaries.count - Self.canaryLimit : nil
        menu = ActionMenuView(actions: maySteer ? Self.actions(on: rollout, words) : [])
    }

    private static func bar(of rollout: RolloutAnswer, _ words: Words) -> [Segment] {
        var (x, bar): (Int, [Segment]) = (0, [])
        for outcome in Rollout.Canary.Outcome.allCases {
            let count = rollout.count(outcome)
            let width = count * 1_000 / max(1, rollout.canaryCount)
            bar.append(
                Segment(
                    outcome: outcome.rawValue, label: words(outcome.rawValue), count: count, x: x,
                    width: width))
            x += width
        }
        return bar
    }

    private static func actions(on rollout: RolloutAnswer, _ words: Words) -> [ActionView] {
        let path = "/rollouts/\(rollout.id)"
        let abort = ActionView(path: "\(path)/abort", label: words("Abort"), style: "danger")
        return switch rollout.state {
        case .running: [ActionView(path: "\(path)/pause", label: words("Pause"), style: "quiet"), abort]
        case .paused: [ActionView(path: "\(path)/resume", label: words("Resume")), abort]
        case .succeeded, .failed, .aborted: []
        }
    }
}

extension RolloutView.Canary {
    init(_ canary: Rollout.Canary, _ words: Words) {
        node = canary.node.text
        state = StateView(
            kind: canary.outcome == .waiting ? "unseen" : canary.outcome.rawValue,
            text: words(canary.outcome.rawValue))
        started = canary.startedAt.map { Format.time(millisecond: $0) }
        readyAfter = Format.duration(canary.readyAfter)
        detail = words.told(canary.detail)
    }
}

extension StateView {
    init(_ state: Rollout.State, _ words: Words) {
        let kind =
            switch state {
            case .running: "booting"
            case .succeeded: "ready"
            case .failed: "failed"
            case .paused, .aborted: "unseen"
            }
        self.init(kind: kind, text: words(state.rawValue))
    }
}

/// The form that starts a roll-out.
struct TrialView: TemplateView {
    static let template = PageTemplate("trial", Embedded.trial_mustache)
    /// The fields of its form.
    static let names = ["version", "channel", "share", "ready", "minutes", "failures"]

    var image: String
    var version: String
    var failure: String?
    var form: FormView

    /// - Parameter values: the values of its fields.
    init(image: String, _ values: [String: String], failure: String? = nil, _ words: Words) {
        self.image = image
        self.failure = failure
        version = values["version"] ?? ""
        func number(_ name: String, _ label: String, _ range: ClosedRange<Int>) -> FieldView {
            FieldView(
                name, label,
                InputView(
                    type: "number", value: values[name], minimum: range.lowerBound,
                    maximum: range.upperBound))
        }
        form = FormView(
            path: "/images/\(image)/trial", style: "settings", hidden: [HiddenView("version", version)],
            fields: [
                FieldView(
                    "channel", words("Channel"), InputView(value: values["channel"], isRequired: true)),
                FieldView(
                    "share", words("Share of the nodes, or a group"),
                    InputView(value: values["share"], isRequired: true)),
                number("ready", words("Seconds to ready"), 10...86_400),
                number("minutes", words("Minutes of trial"), 0...43_200),
                number("failures", words("Canaries that may fail"), 0...100_000),
            ], submit: words("Begin"))
    }
}
