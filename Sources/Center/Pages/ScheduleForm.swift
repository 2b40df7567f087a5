import API
import Fleet
import Foundation
import Wire

/// What the form of the page Schedules says, read as a request.
struct ScheduleForm {
    let typed: SchedulesView.Typed

    init(_ typed: SchedulesView.Typed) { self.typed = typed }

    func request() throws -> ScheduleRequest {
        let act = try act()
        let (window, when) = (try Self.windowMinutes(typed["window"]), try typed.written())
        let every = WeekTime(when)
        let zone = String(typed["zone"].trimmed)
        return ScheduleRequest(
            act: act, at: every == nil ? when : nil, every: every, zone: zone.isEmpty ? nil : zone,
            windowMinutes: window)
    }

    /// Nil for an empty field.
    static func windowMinutes(_ text: String) throws -> Int? {
        guard !text.isEmpty else { return nil }
        let seconds = try seconds(text, of: "window")
        guard seconds >= 60 else { throw InvalidSetting("window: it is one minute or more") }
        return seconds / 60
    }

    private func act() throws -> ScheduledAct {
        switch ScheduledAct.Kind(rawValue: typed["act"]) {
        case .restart: return .restart(nodes: typed.object, unlessInUse: !typed["unless"].isEmpty)
        case .powerOff: return .powerOff(nodes: typed.object, unlessInUse: !typed["unless"].isEmpty)
        case .wake: return .wake(nodes: typed.object)
        case .apply: return .apply(nodes: typed.object)
        case .drain: return .admit(.draining, servers: try servers(), restarts: false)
        case .restartServer: return .admit(.draining, servers: try servers(), restarts: true)
        case .maintenance: return .admit(.maintenance, servers: try servers(), restarts: false)
        case .resume: return .admit(.open, servers: try servers(), restarts: false)
        case .set: return .set(try settings())
        case .pool: return .pool(try PoolName(typed.object.trimmed), patch: try poolPatch())
        case .promote:
            let (image, version, channel) = try channelMove()
            return .promote(image, version: version, to: channel)
        case .trial:
            let (image, version, channel) = try channelMove()
            let (share, terms) = try trial()
            return .trial(image, version: version, to: channel, share: share, terms)
        case nil: throw InvalidSetting("‘\(typed["act"])’ is not an act of this form")
        }
    }

    private func servers() throws -> [TerminalName] {
        try typed.object.split { $0 == "," || $0.isWhitespace }.map { try TerminalName($0) }
    }

    private func channelMove() throws -> (ImageName, version: String, ChannelName) {
        let parts = typed.object.split { $0 == "@" || $0 == "→" || $0.isWhitespace }.map(String.init)
        guard (2...3).contains(parts.count),
            let channel = parts.count == 3 ? ChannelName(parts[2]) : .stable
        else { throw InvalidSetting("‘\(typed.object)’ is not image@version → channel") }
        return (try ImageName(parts[0]), parts[1], channel)
    }

    // MARK: Changes

    private var lines: [String] {
        typed["changes"].split(whereSeparator: \.isNewline).map { String($0.trimmed) }.filter { !$0.isEmpty }
    }

    /// The lines that are NAME=VALUE.
    private func values() throws -> [(name: String, value: String)] {
        try lines.map { line in
            guard let equals = line.firstIndex(of: "="), equals > line.startIndex else {
                throw InvalidSetting("changes: ‘\(line)’ is not NAME=VALUE")
            }
            return (String(line[..<equals].trimmed), String(line[line.index(after: equals)...].trimmed))
        }
    }

    /// Each line is SETTING=VALUE, or -SETTING, which removes it.
    private func settings() throws -> ScheduledSettings {
        let removed = lines.filter { $0.hasPrefix("-") }.map { String($0.dropFirst().trimmed) }
        let assignments = try lines.filter { !$0.hasPrefix("-") }.map { try SettingAssignment($0) }
        let change = try SettingsChange(target: String(typed.object.trimmed), assignments, unset: removed)
        guard change.add.isEmpty, change.remove.isEmpty else {
            throw InvalidSetting(
                "changes: a schedule sets lists and maps as a whole: write = and not += or -=")
        }
        return ScheduledSettings(target: change.target, set: change.set, unset: change.unset)
    }

    /// Each line is MEMBER=VALUE, with the members that files of the configuration have. A value is JSON or a plain text, without one the
    /// member is cleared, and a list may be written with commas.
    private func poolPatch() throws -> String {
        let members = try values().map { name, text in
            guard let field = TerminalPool.fields.first(where: { $0.name == name }), name != "name" else {
                let known = TerminalPool.fields.map(\.name).filter { $0 != "name" }.joined(separator: ", ")
                throw InvalidSetting("changes: ‘\(name)’ is not one of \(known)")
            }
            return "\(JSONText(name).text):\(try Self.json(text, as: field.form))"
        }
        guard !members.isEmpty else { throw InvalidSetting("changes: there is nothing to change") }
        return "{\(members.joined(separator: ","))}"
    }

    /// A value in JSON: what looks like it as it is, everything else by what the member may be.
    private static func json(_ text: String, as form: FieldForm) throws -> String {
        guard let first = text.first else { return "null" }
        if "[{\"".contains(first) {
            let value = try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            guard value != nil else { throw InvalidSetting("changes: ‘\(text)’ is not JSON") }
            return text
        }
        if case .list = form {
            return JSONText(text.split(separator: ",").map { JSONText($0.trimmed) }).text
        }
        if form == .integer, let number = Int(text) { return JSONText(number).text }
        return JSONText(text).text
    }

    /// `share=5%` or a group, and what counts as success.
    private func trial() throws -> (share: String, Rollout.Terms) {
        var (share, terms) = ("", Rollout.Terms())
        for (name, value) in try values() {
            switch name {
            case "share": share = value
            case "ready": terms.readyWithin = try Self.seconds(value, of: name)
            case "for": terms.trialSeconds = try Self.seconds(value, of: name)
            case "failures":
                guard let count = Int(value) else {
                    throw InvalidSetting("failures: ‘\(value)’ is not a number")
                }
                terms.allowedFailures = count
            default: throw InvalidSetting("changes: ‘\(name)’ is not one of share, ready, for, failures")
            }
        }
        guard !share.isEmpty else {
            throw InvalidSetting("changes: a roll-out needs share=5% or share=/school/room-1")
        }
        return (share, terms)
    }

    private static func seconds(_ text: String, of name: String) throws -> Int {
        guard let seconds = Duration.seconds(written: text) else {
            throw InvalidSetting("\(name): ‘\(text)’ is not a length of time such as 30m or 2h")
        }
        return seconds
    }
}
