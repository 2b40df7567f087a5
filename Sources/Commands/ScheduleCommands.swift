import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost schedule …`
struct ScheduleCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Acts at a time: what is to come, and what ran.",
        discussion: """
            roost node restart --at 22:00 --window 2h --unless-in-use group=/school/room-12
            roost at 'mon-fri 06:30' server restart ts-1
            Such commands make schedules. They run with the permission that the person who made them has then.
            """,
        subcommands: [
            ScheduleList.self, ScheduleShow.self, SchedulePause.self, ScheduleResume.self,
            ScheduleRunNow.self, ScheduleRemove.self,
        ])
}

struct ScheduleList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List schedules, the next one first.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Only those with these words in name, act, group, owner or state.")
    var query: [String] = []

    func run() async throws {
        try await reportingFailure {
            let query = "q=\(APIClient.escaped(query.joined(separator: " ")))"
            let all = try await server.client.all("schedules", query, of: ScheduleAnswer.self)
            try output.write(all, wide: { Self.table($0, isWide: true) }) { Self.table($0, isWide: false) }
        }
    }

    private static func table(_ schedules: [ScheduleAnswer], isWide: Bool) -> String {
        var table = TextTable(
            ["SCHEDULE", "STATE", "NEXT", "LAST", "RESULT", "ACT"] + (isWide ? ["GROUP", "FOR"] : []))
        for one in schedules {
            let last = one.current ?? one.past.first
            table.add(
                [
                    one.name.text, one.state.rawValue, one.nextAt.map { Shown.time(second: $0) } ?? "-",
                    last.map { Shown.time(second: $0.dueAt) } ?? "-", last?.state.rawValue ?? "-",
                    one.summary,
                ] + (isWide ? [one.schedule.group.description, one.schedule.owner ?? "the server"] : []))
        }
        return table.text
    }
}

struct ScheduleShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a schedule, and what came of its runs.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The schedule's name.", completion: .schedules) var name: String

    func run() async throws {
        try await reportingFailure {
            let answer: ScheduleAnswer = try await server.client.get("schedules/\(APIClient.escaped(name))")
            try output.write(answer, table: Self.text)
        }
    }

    private static func text(_ answer: ScheduleAnswer) -> String {
        let schedule = answer.schedule
        let time: String
        switch schedule.time {
        case .once(let second): time = Shown.time(second: second)
        case .weekly(let week): time = "\(week) (\(answer.zone ?? "the server's time"))"
        }
        var text = FieldList.text([
            ("schedule", answer.name.text), ("state", answer.state.rawValue), ("act", answer.summary),
            ("time", time), ("next", answer.nextAt.map { Shown.time(second: $0) } ?? "-"),
            ("window", schedule.windowMinutes.map { counted($0, "minute") } ?? "-"),
            ("group", schedule.group.description), ("runs for", schedule.owner ?? "the server"),
        ])
        var runs = TextTable(["TIME", "RESULT", "WHAT"])
        for run in [answer.current].compactMap(\.self) + answer.past {
            let time = Shown.time(second: run.dueAt) + (run.isByHand ? " (by hand)" : "")
            runs.add([time, run.state.rawValue, run.summary])
        }
        text += "\n" + runs.text
        let targets = (answer.current ?? answer.past.first)?.targets ?? []
        guard !targets.isEmpty else { return text }
        var table = TextTable(["TARGET", "RESULT", "WHY"])
        for target in targets {
            table.add([target.name, target.outcome.rawValue, target.detail.isEmpty ? "-" : target.detail])
        }
        return text + "\n" + table.text
    }
}

/// Schedules that are told something.
struct NamedSchedules: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @Argument(help: "Their names.", completion: .schedules) var names: [String]

    /// - Parameter act: as the API has it; nil: none, for what `method` says alone.
    func tell(_ method: HTTPMethod, _ act: String? = nil) async throws {
        try await reportingFailure {
            for name in names {
                let path = "schedules/\(APIClient.escaped(name))" + (act.map { "/\($0)" } ?? "")
                try await server.client.send(method, path, body: nil)
            }
        }
    }
}

struct SchedulePause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Pause schedules; a run that goes on ends with what it has begun.")
    @OptionGroup var schedules: NamedSchedules

    func run() async throws { try await schedules.tell(.POST, "pause") }
}

struct ScheduleResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Resume paused schedules; what they missed is not made up for.")
    @OptionGroup var schedules: NamedSchedules

    func run() async throws { try await schedules.tell(.POST, "resume") }
}

struct ScheduleRunNow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run-now", abstract: "Run schedules now, beside their times.")
    @OptionGroup var schedules: NamedSchedules

    func run() async throws { try await schedules.tell(.POST, "run") }
}

struct ScheduleRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove schedules, and what is known of their runs.",
        aliases: ["remove"])
    @OptionGroup var schedules: NamedSchedules

    func run() async throws { try await schedules.tell(.DELETE) }
}
