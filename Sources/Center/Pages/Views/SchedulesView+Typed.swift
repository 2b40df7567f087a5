import API
import Fleet
import Foundation
import Wire

extension SchedulesView {
    /// What was typed, what a link brings, or what a schedule is now.
    struct Typed {
        static let names =
            ["new", "edit", "act", "on", "changes", "when", "window", "unless", "sure"]
            + ["repeats", "date", "time", "zone"]
            + Object.allCases.map(\.rawValue)

        var values: [String: String] = [:]

        subscript(name: String) -> String { values[name] ?? "" }

        /// What it acts on: as a link brings it, or from the field that the act has.
        var object: String {
            guard self["on"].isEmpty else { return self["on"] }
            return ScheduledAct.Kind(rawValue: self["act"]).map { self[Object($0).rawValue] } ?? ""
        }

        /// Whether it has anything in it: a link to an empty form says that it is new.
        var isFilled: Bool { values.contains { !$0.value.isEmpty } }
    }

    /// How often it runs, as the form asks for it: what is more than that is written.
    enum Repeats: String, CaseIterable {
        case once, daily, weekdays
        /// The text alone says when.
        case text

        /// To be translated.
        var phrase: String {
            switch self {
            case .once: "once"
            case .daily: "every day"
            case .weekdays: "Monday to Friday"
            case .text: "otherwise, as text"
            }
        }
    }

    /// When it runs, as the fields of the form have it.
    struct When: Equatable {
        var repeats: Repeats
        var (date, time) = ("", "")

        private static let weekdays = Set(0..<5)

        /// - Parameter text: as people write it.
        init(_ text: String) {
            repeats = .text
            if let week = WeekTime(text) {
                if week.days.count == 7 { repeats = .daily }
                if week.days == Self.weekdays { repeats = .weekdays }
                if repeats != .text { time = String("\(week)".suffix(5)) }
            } else {
                let parts = text.split(separator: " ").map(String.init)
                let isDate = parts.count < 2 || parts[0].wholeMatch(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}/) != nil
                let isTime = parts.last.map { WrittenTime.minute($0) != nil } ?? true
                guard parts.count <= 2, isDate, isTime else { return }
                repeats = .once
                (date, time) = (parts.count == 2 ? parts[0] : "", parts.last ?? "")
            }
        }

        init(_ repeats: Repeats, date: String, time: String) {
            (self.repeats, self.date, self.time) = (repeats, date, time)
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
    /// The fields of its time: as they were filled in, or as a link or a schedule has them in one text.
    var fieldsOfTime: SchedulesView.When {
        guard let repeats = SchedulesView.Repeats(rawValue: self["repeats"]) else {
            return SchedulesView.When(self["when"])
        }
        return SchedulesView.When(repeats, date: self["date"], time: self["time"])
    }

    /// Its time in one text, of the fields that count.
    func written() throws(InvalidSetting) -> String {
        guard let repeats = SchedulesView.Repeats(rawValue: self["repeats"]), repeats != .text else {
            return self["when"]
        }
        let time = String(self["time"].trimmed)
        // A date alone would mean its midnight.
        guard WrittenTime.minute(time) != nil else {
            throw InvalidSetting("time: ‘\(self["time"])’ is not a time of the day such as 22:00")
        }
        let days =
            switch repeats {
            case .once: String(self["date"].trimmed)
            case .daily: "daily"
            case .weekdays: "mon-fri"
            case .text: ""
            }
        return days.isEmpty ? time : "\(days) \(time)"
    }

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
        values["zone"] = schedule.zone ?? ""
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
