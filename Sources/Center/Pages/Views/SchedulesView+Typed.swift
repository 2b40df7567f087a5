import API
import Fleet
import Foundation
import Wire

extension SchedulesView {
    /// What was typed, what a link brings, or what a schedule is now.
    struct Typed {
        static let names =
            ["new", "edit", "act", "on", "changes", "when", "window", "unless", "sure"]
            + Object.allCases.map(\.rawValue)

        var values: [String: String] = [:]

        subscript(name: String) -> String { values[name] ?? "" }

        /// What it acts on: as a link brings it, or from the field that the act has.
        var object: String {
            guard self["on"].isEmpty else { return self["on"] }
            return ScheduledAct.Kind(rawValue: self["act"]).map { self[Object($0).rawValue] } ?? ""
        }
    }

    /// What acts are done to; the form has a field for each.
    enum Object: String, CaseIterable {
        case nodes, servers, pool, target, version

        init(_ kind: ScheduledAct.Kind) {
            self =
                switch kind {
                case .restart, .powerOff, .wake, .apply: .nodes
                case .drain, .maintenance, .resume, .restartServer: .servers
                case .pool: .pool
                case .set: .target
                case .promote, .trial: .version
                }
        }
    }
}

extension SchedulesView.Typed {
    /// The form of a schedule as it is.
    init(_ answer: ScheduleAnswer) {
        let schedule = answer.schedule
        let act = schedule.act
        values = ["edit": answer.name.text, "act": act.kind.rawValue]
        values[SchedulesView.Object(act.kind).rawValue] = Self.object(of: act)
        values["changes"] = Self.changes(of: act).joined(separator: "\n")
        switch schedule.time {
        case .weekly(let time): values["when"] = "\(time)"
        // A time that is past has to be replaced.
        case .once(let second): values["when"] = answer.nextLocal ?? RFC3339.text(seconds: second)
        }
        if let minutes = schedule.windowMinutes { values["window"] = "\(minutes)m" }
        if act.isForFreeNodes { values["unless"] = "yes" }
    }

    private static func object(of act: ScheduledAct) -> String {
        switch act {
        case .restart(let nodes, _), .powerOff(let nodes, _), .wake(let nodes), .apply(let nodes): nodes
        case .admit(_, let servers, _): servers.map(\.text).joined(separator: " ")
        case .set(let settings): settings.target
        case .pool(let pool, _): pool.text
        case .promote(let image, let version, let channel), .trial(let image, let version, let channel, _, _):
            "\(image)@\(version) → \(channel)"
        }
    }

    /// A line for each, as the form reads them.
    private static func changes(of act: ScheduledAct) -> [String] {
        switch act {
        case .restart, .powerOff, .wake, .apply, .admit, .promote: []
        case .set(let settings):
            settings.set.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                + settings.unset.map { "-\($0)" }
        case .pool(_, let patch): MergePatch.assignments(in: patch)
        case .trial(_, _, _, let share, let terms):
            [
                "share=\(share)", "ready=\(terms.readyWithin)s", "for=\(terms.trialSeconds)s",
                "failures=\(terms.allowedFailures)",
            ]
        }
    }
}
