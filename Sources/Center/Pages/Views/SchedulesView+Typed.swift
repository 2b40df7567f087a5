import API
import Fleet
import Foundation
import Wire

extension SchedulesView {
    /// What was typed, what a link brings, or what a schedule is now.
    struct Typed {
        static let names =
            [
                "new", "edit", "act", "on", "changes", "repeats", "day", "time", "when", "window", "unless",
                "sure",
            ]
            + Object.allCases.map(\.rawValue)

        var values: [String: String] = [:]

        subscript(name: String) -> String { values[name] ?? "" }

        /// What it acts on: as a link brings it, or from the field that the act has.
        var object: String {
            guard self["on"].isEmpty else { return self["on"] }
            return ScheduledAct.Kind(rawValue: self["act"]).map { self[Object($0).rawValue] } ?? ""
        }
    }

    /// How often a schedule runs, as the form asks for it.
    enum Repeats: String, CaseIterable {
        case once, daily, weekdays
        /// Written as a text: other days, or a time such as `+2h`.
        case other

        /// The days of a ``WeekTime``.
        var days: String? {
            switch self {
            case .daily: "daily"
            case .weekdays: "mon-fri"
            case .once, .other: nil
            }
        }

        /// For people, to be translated.
        var phrase: String {
            switch self {
            case .once: "once"
            case .daily: "every day"
            case .weekdays: "Monday to Friday"
            case .other: "another time, as text"
            }
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
    /// How often it runs; nil: only a text says when.
    var repeats: SchedulesView.Repeats? { SchedulesView.Repeats(rawValue: self["repeats"]) }

    /// When it runs, as a text: that of the fields, or what was written.
    var when: String {
        guard let repeats, repeats != .other else { return self["when"] }
        return [repeats.days ?? self["day"].trimmed, self["time"].trimmed].filter { !$0.isEmpty }
            .joined(separator: " ")
    }

    /// The same with its time in the fields for it, where they can say it.
    func split() -> Self {
        guard repeats == nil else { return self }
        var typed = self
        let parts = self["when"].trimmed.split(separator: " ").map(String.init)
        let time = parts.last.flatMap { WrittenTime.minute($0) == nil ? nil : $0 }
        let every = WeekTime(self["when"]).flatMap { weekly in
            SchedulesView.Repeats.allCases.first { $0.days.map { "\(weekly)".hasPrefix($0 + " ") } ?? false }
        }
        let isDay = parts.count == 2 && parts[0].wholeMatch(of: /\d{4}-\d{2}-\d{2}/) != nil
        switch (time, every) {
        case (let time?, let every?): typed.write(every, time: time)
        case (let time?, nil) where parts.count == 1: typed.write(.once, time: time)
        case (let time?, nil) where isDay: typed.write(.once, day: parts[0], time: time)
        case _ where parts.isEmpty: typed.values["repeats"] = SchedulesView.Repeats.once.rawValue
        default: typed.values["repeats"] = SchedulesView.Repeats.other.rawValue
        }
        return typed
    }

    private mutating func write(_ repeats: SchedulesView.Repeats, day: String = "", time: String) {
        values.merge(["repeats": repeats.rawValue, "day": day, "time": time, "when": ""]) { $1 }
    }

    /// The form of a schedule as it is.
    init(_ answer: ScheduleAnswer) {
        let schedule = answer.schedule
        let act = schedule.act
        values = ["edit": answer.name.text, "act": act.kind.rawValue]
        if let zone = answer.zone { values["zone"] = zone }
        values[SchedulesView.Object(act.kind).rawValue] = Self.object(of: act)
        values["changes"] = Self.changes(of: act).joined(separator: "\n")
        switch schedule.time {
        case .weekly(let time): values["when"] = "\(time)"
        // A time that is past has to be replaced.
        case .once(let second): values["when"] = answer.nextLocal ?? RFC3339.text(seconds: second)
        }
        if let minutes = schedule.windowMinutes { values["window"] = "\(minutes)m" }
        if act.isForFreeNodes { values["unless"] = "yes" }
        self = split()
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
