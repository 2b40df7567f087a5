import Fleet
import Foundation
import Hummingbird

/// Networks, addresses that are kept for machines, and who gets which loader first.
struct NetworkRoutes {
    func add(to api: Routes) {
        api.get("networks", .read) { request, _, acts in
            try await request.page(of: "networks") {
                try await acts.networks(fitting: $0, offset: $1, limit: $2)
            }
        }
        api.get("reservations", .read) { request, _, acts in
            try await request.page(of: "reservations") {
                try await acts.at(request).reservations($0, offset: $1, limit: $2)
            }
        }
        api.get("loader-rules", .read) { request, _, acts in
            try await JSONAnswer(acts.at(request).loaderRules())
        }
        add(Network.self, "networks/:name", to: api)
        add(DHCPReservation.self, "reservations/:name", readableIn: .site, to: api)
        add(LoaderRule.self, "loader-rules/:name", to: api)
    }

    /// Reads and changes one record by its key, the component `name` of the path: what a request sends has the same.
    private func add<Record: ListedRecord>(
        _: Record.Type, _ path: RouterPath, readableIn place: GroupPath? = nil, to api: Routes
    ) {
        api.get(path, .read) { request, context, acts in
            let key = try Record.Key(recordKey: context.parameter("name"))
            let saved = try await acts.at(request).siteRecord(Record.self, at: key, readableIn: place)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.put(path, .configure) { request, context, acts in
            let key = try Record.Key(recordKey: context.parameter("name"))
            let record = try await request.decoded(Record.self)
            let saved = try await acts.save(record, at: key, if: request.precondition)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.patch(path, .configure) { request, context, acts in
            let key = try Record.Key(recordKey: context.parameter("name"))
            let patch = try await MergePatch(Data(request.content(upTo: 1 << 20).readableBytesView))
            let saved = try await acts.patch(
                Record.self, at: key, patch, if: request.precondition)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.delete(path, .configure) { request, context, acts in
            let key = try Record.Key(recordKey: context.parameter("name"))
            try await acts.remove(Record.self, at: key, if: request.precondition)
            return HTTPResponse.Status.noContent
        }
    }
}
