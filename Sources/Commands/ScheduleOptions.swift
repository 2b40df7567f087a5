import API
package import ArgumentParser
package import Fleet
import Foundation
import NIOHTTP1
import Wire

/// Options of commands whose act can wait.
package struct ScheduleOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Do it then: 22:00, '2026-12-01 22:00' (by the site's time zone), 2026-12-01T22:00Z, +2h.",
            valueName: "time"))
    package var at: String?
    @Option(help: ArgumentHelp("Do it each week: 'mon-fri 22:00', 'daily 06:30'.", valueName: "days"))
    package var every: String?
    @Option(
        help: ArgumentHelp(
            "What is not begun so long after that time is not begun; many machines are spread over the first half (2h).",
            valueName: "duration"))
    package var window: String?
    @Option(
        name: .customLong("schedule"),
        help: ArgumentHelp("The name of the schedule that --at or --every makes.", valueName: "name"))
    package var name: String?

    package init() {}

    /// Whether the act is for later. Options that go with a time and come without one are refused.
    package var isLater: Bool {
        get throws {
            guard at == nil, every == nil else { return true }
            if window != nil || name != nil {
                throw ValidationError("--window and --schedule go with --at or --every")
            }
            return false
        }
    }

    /// When it is, for questions before it is made.
    package var text: String { at ?? every ?? "now" }

    /// Makes the schedule.
    package func schedule(_ act: ScheduledAct, on client: APIClient) async throws {
        var request = ScheduleRequest(act: act, at: at)
        request.name = try name.map { try ScheduleName($0) }
        request.every = try every.map { text in
            guard let time = WeekTime(text) else {
                throw ValidationError("--every: ‘\(text)’ is not \(WeekTime.form)")
            }
            return time
        }
        request.windowMinutes = try window.map { text in
            guard let seconds = Duration.seconds(written: text), seconds >= 60 else {
                throw ValidationError("--window: ‘\(text)’ is not a length of time such as 30m or 2h")
            }
            return seconds / 60
        }
        let data = try await client.send(.POST, "schedules", json: request)
        let made = try JSONDecoder().decode(ScheduleAnswer.self, from: data)
        let next = made.nextAt.map { "at \(Shown.time(second: $0))" } ?? "never"
        print("\(made.name): \(made.summary) \(next) (roost schedule show \(made.name))")
    }
}
