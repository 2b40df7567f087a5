import API
import Fleet

@testable import Center

extension ActTarget {
    var schedule: ScheduleName { get throws { try ScheduleName("weekly-of-\(place.node)") } }

    /// A restart of the place's node in some years.
    var restartLater: ScheduleRequest {
        ScheduleRequest(act: .restart(nodes: place.node, unlessInUse: true), at: "2099-01-01T00:00Z")
    }
}

extension ActRow {
    static let schedules = [
        ActRow("schedules", .read, .anywhere) { acts, _ in try acts.schedules("", offset: 0, limit: 9) },
        ActRow("schedule", .read) { try $0.schedule($1.schedule) },
        ActRow("requireScheduling", .configure, .anywhere) { acts, _ in try acts.requireScheduling(.pool) },
        ActRow("scheduledCounts", .read, .anywhere) { acts, _ in try await acts.scheduledCounts([]) },
        ActRow("makeSchedule", .enrol) { try await $0.makeSchedule($1.restartLater) },
        ActRow("makeSchedule", .enrol) {
            try await $0.makeSchedule($1.restartLater, replacing: $1.schedule)
        },
        ActRow("makeSchedule", .configure) {
            try await $0.makeSchedule(
                ScheduleRequest(
                    act: .set(
                        ScheduledSettings(
                            target: $1.place.rawValue, set: ["loader": .text("ipxe")], unset: [])),
                    at: "2099-01-01T00:00Z"))
        },
        ActRow("makeSchedule", .publish, .site) { acts, _ in
            try await acts.makeSchedule(
                ScheduleRequest(
                    act: .promote(ActTarget.image(), version: "1", to: .stable), at: "2099-01-01T00:00Z"))
        },
        ActRow("imageOffer", .configure) { try await $0.imageOffer(for: $1.group) },
        ActRow("scheduleImage", .configure) {
            try await $0.scheduleImage(
                ImageReference(image: ActTarget.image(), selector: .number(1)), for: $1.group,
                at: "2099-01-01T00:00Z", windowMinutes: 480, unlessInUse: true)
        },
        ActRow("removeSchedule", .enrol) { try await $0.removeSchedule($1.schedule) },
        ActRow("steerSchedule", .enrol) { try await $0.steerSchedule($1.schedule, "pause") },
        ActRow("scheduledNodes", .read, .anywhere) { acts, target in
            try await acts.scheduledNodes(target.place.node, in: .site)
        },
    ]
}
