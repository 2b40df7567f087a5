import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// Groups, rules, settings, changes, leases, boots.
struct FleetRoutes {
    func add(to api: Routes) {
        addPlaces(to: api)
        addChanges(to: api)
        api.get("status", .read) { _, _, acts in try await JSONAnswer(acts.status()) }
        api.get("figures", .read) { request, _, acts in
            try await JSONAnswer(acts.at(request).figures())
        }
        api.get("export", .read) { request, _, acts in
            let group = try request.query("group").map { try GroupPath($0) }
            let export = try await acts.at(request).export(below: group)
            return try JSONAnswer(export, etag: "\"\(export.revision)\"")
        }
        api.get("leases", .read) { _, _, acts in try await JSONAnswer(acts.leases().page.rows) }
        api.get("boots", .read) { request, _, acts in
            let machine = try request.query("mac").map { text in
                guard let mac = MACAddress(text) else {
                    throw Problem(
                        422, "Invalid address", "‘\(text)’ is not a hardware address (52:54:00:12:34:56)")
                }
                return mac
            }
            let limit = try request.query("limit", 1...1_000, default: 20)
            return try await JSONAnswer(acts.boots(of: machine, limit: limit).map(\.boot))
        }
        api.get("settings", .read) { _, _, _ in
            try JSONAnswer(SettingDefinition.all.map(SettingDefinitionAnswer.init))
        }
    }

    private func addPlaces(to api: Routes) {
        api.get("groups", .read) { request, _, acts in try await JSONAnswer(acts.at(request).groups()) }
        api.post("groups", .configure) { request, _, acts in
            let group = try await request.decoded(NodeGroup.self)
            _ = try await acts.add(group)
            return try JSONAnswer(group, status: .created)
        }
        api.get("groups/settings", .read) { request, _, acts in
            let path = try GroupPath(request.query("path") ?? "")
            let settings = try await acts.at(request).settings(of: path)
            return try JSONAnswer(settings.all.map(SettingAnswer.init))
        }
        api.delete("groups", .configure) { request, _, acts in
            try await acts.removeGroup(GroupPath(request.query("path") ?? ""))
            return HTTPResponse.Status.noContent
        }
        api.get("rules", .read) { request, _, acts in try await JSONAnswer(acts.at(request).rules()) }
    }

    private func addChanges(to api: Routes) {
        api.post("changes", .enrol) { request, _, acts in
            let change = try await request.decoded(ChangeRequest.self)
            let made = try await acts.makeNoting(change, ifMatch: request.headers[.ifMatch])
            return try JSONAnswer(made, etag: "\"\(made.revision)\"")
        }
        api.post("plan", .read) { request, _, acts in
            let change = try await request.decoded(ChangeRequest.self)
            // For all nodes it takes as long as a search.
            let planned = try await acts.inTurn { try await acts.notingLeases(acts.plan(change)) }
            return try JSONAnswer(planned.plan, etag: "\"\(planned.revision)\"")
        }
        api.post("nodes/import", .enrol) { request, _, acts in
            let bytes = Array(try await request.content(upTo: 8 << 20).readableBytesView)
            let makesGroups = try request.wants("groups")
            guard try request.wants("plan") else {
                return try await JSONAnswer(acts.importNodes(bytes, makesGroups: makesGroups))
            }
            return try JSONAnswer(acts.previewImport(bytes, makesGroups: makesGroups).answer)
        }
    }
}
