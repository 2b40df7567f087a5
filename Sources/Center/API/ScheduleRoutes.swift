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
            try JSONAnswer(acts.schedule(context.name()))
        }
        api.post("schedules", .enrol) { request, _, acts in
            try await JSONAnswer(
                acts.makeSchedule(request.decoded(ScheduleRequest.self, upTo: 1 << 20)), status: .created)
        }
        api.delete("schedules/:name", .enrol) { request, context, acts in
            try await acts.removeSchedule(context.name(), if: request.precondition)
            return HTTPResponse.Status.noContent
        }
        api.post("schedules/:name/:act", .enrol) { _, context, acts in
            try await JSONAnswer(acts.steerSchedule(context.name(), context.parameter("act")))
        }
    }
}
