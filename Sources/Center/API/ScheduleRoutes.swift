import API
import Fleet
import Hummingbird

/// Acts for later.
struct ScheduleRoutes {
    func add(to api: Routes) {
        api.get("schedules", .read) { request, _, acts in
            try await request.page(of: "schedules") { try acts.schedules($0, offset: $1, limit: $2) }
        }
        api.get("schedules/:name", .read) { _, context, acts in
            let saved = try acts.schedule(ScheduleName(context.parameter("name")))
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.post("schedules", .enrol) { request, _, acts in
            let saved = try await acts.makeSchedule(request.decoded(ScheduleRequest.self, upTo: 1 << 20))
            return try JSONAnswer(saved.record, status: .created, etag: saved.tag)
        }
        api.delete("schedules/:name", .enrol) { request, context, acts in
            try await acts.removeSchedule(
                ScheduleName(context.parameter("name")), if: request.precondition)
            return HTTPResponse.Status.noContent
        }
        api.post("schedules/:name/:act", .enrol) { _, context, acts in
            let saved = try await acts.steerSchedule(
                ScheduleName(context.parameter("name")), context.parameter("act"))
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
    }
}
