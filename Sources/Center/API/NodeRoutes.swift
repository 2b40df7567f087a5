import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// Nodes, their log-ins and hardware, and unknown machines.
struct NodeRoutes {
    func add(to api: Routes) {
        api.get("nodes", .read) { request, _, acts in
            try await request.page(of: "nodes") {
                try await acts.at(request).nodes($0, offset: $1, limit: $2)
            }
        }
        api.get("sessions", .read) { request, _, acts in
            try await request.page(of: "sessions") {
                try await acts.at(request).sessions($0, offset: $1, limit: $2)
            }
        }
        addRecords(to: api)
        addMachines(to: api)
        addActions(to: api)
        api.get("nodes/:name/hardware", .read) { request, context, acts in
            try await JSONAnswer(acts.at(request).hardware(context.parameter("name")))
        }
        api.get("nodes/:name/steps", .read) { request, context, acts in
            try await JSONAnswer(acts.at(request).steps(context.parameter("name")))
        }
        api.get("nodes/:name/apply", .read) { _, context, acts in
            try await JSONAnswer(acts.stepChanges(context.parameter("name")))
        }
        api.get("nodes/:name/log", .read) { request, context, acts in
            let lines = try request.query("lines", 1...2_000, default: 200)
            return try await JSONAnswer(acts.at(request).log(context.parameter("name"), lineCount: lines))
        }
        api.get("ssh_known_hosts", .read) { request, _, acts in try await Self.knownHosts(request, acts) }
        api.get("inventory", .read) { request, _, acts in try await Self.inventory(request, acts) }
        api.get("explain", .read) { request, _, acts in
            let uuid = try request.query("uuid").map { text in
                guard let uuid = MachineUUID(text) else {
                    throw Problem(422, "Invalid parameter", "uuid: ‘\(text)’ is not a UUID")
                }
                return uuid
            }
            guard let node = request.query("node") ?? (uuid == nil ? nil : "") else {
                throw Problem(
                    422, "Invalid parameter", "node: a name or a hardware address is required, or uuid")
            }
            let asked = Explanation.Asked(
                architecture: request.query("arch"), loader: request.query("loader"),
                vendorClass: request.query("vendor-class"))
            return try await JSONAnswer(
                acts.at(request).explain(node, uuid: uuid, asked))
        }
    }

    private func addRecords(to api: Routes) {
        api.get("nodes/:name", .read) { request, context, acts in
            let node = try await acts.at(request).taggedNode(context.parameter("name"))
            return try JSONAnswer(node.answer, etag: node.tag)
        }
        api.put("nodes/:name", .enrol) { request, context, acts in
            let node = try await request.decoded(Node.self)
            let saved = try await acts.save(
                node, at: NodeName(context.parameter("name")), if: request.precondition)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.patch("nodes/:name", .configure) { request, context, acts in
            let name = try NodeName(context.parameter("name"))
            let patch = try await MergePatch(Data(request.content(upTo: 8 << 20).readableBytesView))
            let saved = try await acts.patchNode(name, patch, if: request.precondition)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.post("nodes/:name/rename", .configure) { request, context, acts in
            let wish = try await request.decoded(RenameRequest.self, upTo: 4_096)
            let saved = try await acts.renameNode(
                NodeName(context.parameter("name")), to: wish.name, if: request.precondition)
            return try JSONAnswer(saved.record, etag: saved.tag)
        }
        api.delete("nodes/:name", .configure) { request, context, acts in
            let name = try NodeName(context.parameter("name"))
            try await acts.removeNode(name, if: request.precondition)
            return HTTPResponse.Status.noContent
        }
    }

    private func addMachines(to api: Routes) {
        api.get("machines", .read) { request, _, acts in
            try await JSONAnswer(acts.at(request).unknownMachines())
        }
        api.post("machines/:mac/approve", .enrol) { request, context, acts in
            let machine = try context.macAddress()
            let approval = try await request.decoded(ApprovalRequest.self)
            return try await JSONAnswer(acts.approve(machine, approval).record, status: .created)
        }
        api.post("machines/approve", .enrol) { request, _, acts in
            let approval = try await request.decoded(ApprovalsRequest.self)
            return try await JSONAnswer(acts.approveAll(approval).nodes, status: .created)
        }
        api.delete("machines/:mac", .configure) { _, context, acts in
            try await acts.forget(context.macAddress())
            return HTTPResponse.Status.noContent
        }
    }

    private func addActions(to api: Routes) {
        api.post("nodes/:name/release", .configure) { _, context, acts in
            try await acts.release(context.parameter("name"))
            return HTTPResponse.Status.noContent
        }
        api.delete("nodes/:name/alarm", .enrol) { _, context, acts in
            try await acts.dismissAlarm(of: context.parameter("name"))
            return HTTPResponse.Status.noContent
        }
        api.post("nodes/:name/restart", .enrol) { _, context, acts in
            try await acts.restart(context.parameter("name"))
            return HTTPResponse.Status.accepted
        }
        api.post("nodes/:name/power-off", .enrol) { _, context, acts in
            try await acts.powerOff(context.parameter("name"))
            return HTTPResponse.Status.accepted
        }
        api.post("nodes/:name/wake", .enrol) { _, context, acts in
            try await acts.wake(context.parameter("name"))
            return HTTPResponse.Status.accepted
        }
        api.post("nodes/:name/apply", .enrol) { request, context, acts in
            let wish = try await request.decoded(ApplyRequest.self, upTo: 4_096)
            return try await JSONAnswer(
                acts.applySteps(context.parameter("name"), tag: wish.tag), status: .accepted)
        }
    }

    // MARK: Files

    /// The known_hosts file for SSH clients.
    static func knownHosts(_ request: Request, _ acts: Acts) async throws -> Response {
        let text = try await acts.at(request).knownHosts()
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/plain; charset=utf-8",
                .contentDisposition: "attachment; filename=\"ssh_known_hosts\"",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// The hardware of all matching nodes.
    static func inventory(_ request: Request, _ acts: Acts) async throws -> Response {
        let wish = request.query("format") ?? "json"
        guard let format = InventoryFormat(rawValue: wish) else {
            throw Problem(422, "Invalid parameter", "format: ‘\(wish)’ is not json, csv or glpi")
        }
        let entries = try await acts.at(request).inventory(request.query("q") ?? "")
        let name = format == .csv ? "inventory.csv" : "inventory.json"
        return Response(
            status: .ok,
            headers: [
                .contentType: format.contentType, .contentDisposition: "attachment; filename=\"\(name)\"",
            ],
            body: ResponseBody(
                byteBuffer: ByteBuffer(bytes: try InventoryExport.text(of: entries, as: format))))
    }
}

extension CenterContext {
    /// The component `mac` of the path.
    func macAddress() throws -> MACAddress {
        let text = try parameter("mac")
        guard let machine = MACAddress(text) else {
            throw Problem(422, "Invalid address", "‘\(text)’ is not a hardware address (52:54:00:12:34:56)")
        }
        return machine
    }
}
