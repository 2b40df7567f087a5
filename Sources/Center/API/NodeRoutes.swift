import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// Nodes, who is logged in at them, what they are made of, and machines that nobody has enrolled.
struct NodeRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        api.get("nodes", .read) { request, _, caller in
            try await page(of: "nodes", request) {
                try await views(request, caller).nodes($0, offset: $1, limit: $2)
            }
        }
        api.get("sessions", .read) { request, _, caller in
            try await page(of: "sessions", request) {
                try await views(request, caller).sessions($0, offset: $1, limit: $2)
            }
        }
        addRecords(to: api)
        addMachines(to: api)
        api.get("nodes/:name/hardware", .read) { request, context, caller in
            try await JSONAnswer(views(request, caller).hardware(context.parameter("name")))
        }
        api.get("nodes/:name/log", .read) { request, context, caller in
            let lines = try request.query("lines", 1...2_000, default: 200)
            return try await JSONAnswer(
                views(request, caller).log(context.parameter("name"), lineCount: lines))
        }
        api.get("ssh_known_hosts", .read) { request, _, caller in try await knownHosts(request, caller) }
        api.get("inventory", .read) { request, _, caller in try await inventory(request, caller) }
    }

    private func views(_ request: Request, _ caller: Caller) throws -> FleetViews {
        FleetViews(services: services, caller: caller, at: try TimeTravel.second(of: request))
    }

    /// One page of a list that fits the condition `q`, with the link to the next.
    ///
    /// - Parameter rows: gets the condition, the offset and the limit.
    private func page<Row: Encodable>(
        of list: String, _ request: Request, _ rows: (String, Int, Int) async throws -> FleetViews.Page<Row>
    ) async throws -> JSONAnswer {
        let offset = try request.query("offset", 0...10_000_000, default: 0)
        let limit = try request.query("limit", 1...FleetViews.pageLimit, default: FleetViews.pageLimit)
        let page = try await rows(request.query("q") ?? "", offset, limit)
        let others = ["q", "at"].compactMap { name in
            request.query(name).map { "&\(name)=\(Escape.component($0))" }
        }.joined()
        return try JSONAnswer(
            page.rows, next: page.next.map { "/api/v1/\(list)?offset=\($0)&limit=\(limit)\(others)" })
    }

    private func addRecords(to api: Routes) {
        api.get("nodes/:name", .read) { request, context, caller in
            let views = try views(request, caller)
            let answer = try await views.node(context.parameter("name"))
            let stored = try await views.snapshot().nodes[answer.node.name]
            return try JSONAnswer(answer, etag: try stored.map(RecordTag.of))
        }
        api.put("nodes/:name", .enrol) { request, context, caller in
            var node = try await request.decoded(Node.self)
            node.name = try NodeName(context.parameter("name"))
            let wanted = request.headers[.ifMatch]
            let given = node
            let snapshot = try await services.fleet.change(by: caller.name) { current in
                let stored = current.nodes[given.name]
                var node = given
                node.settings = RecordSettings.merged(given.settings, into: stored?.settings)
                let edits = [FleetEdit.node(node.name, node)]
                try caller.requireLeave(for: edits, in: current)
                try RecordTag.check(wanted, stored)
                return edits
            }
            let stored = snapshot.nodes[node.name] ?? node
            return try JSONAnswer(stored, etag: RecordTag.of(stored))
        }
        api.patch("nodes/:name", .configure) { request, context, caller in
            let name = try NodeName(context.parameter("name"))
            let patch = try await MergePatch(Data(request.body.collect(upTo: 8 << 20).readableBytesView))
            let wanted = request.headers[.ifMatch]
            let snapshot = try await services.fleet.change(by: caller.name) { current in
                guard let stored = current.nodes[name] else {
                    throw StoreError.notFound("there is no node \(name) (roost node list shows all)")
                }
                // Before anything else: what it is like is not for those who may not change it.
                try caller.require(.configure, in: stored.group)
                try RecordTag.check(wanted, stored)
                var node = try patch.applied(to: stored)
                guard node.name == name else {
                    throw Problem(
                        422, "Invalid name", "a node keeps its name: add another one, and remove this")
                }
                node.settings = RecordSettings.merged(node.settings, into: stored.settings)
                let edits = [FleetEdit.node(name, node)]
                try caller.requireLeave(for: edits, in: current)
                return node == stored ? [] : edits
            }
            let stored = snapshot.nodes[name]
            return try JSONAnswer(stored, etag: try stored.map(RecordTag.of))
        }
        api.delete("nodes/:name", .configure) { request, context, caller in
            let name = try NodeName(context.parameter("name"))
            let wanted = request.headers[.ifMatch]
            try await services.fleet.change(by: caller.name) { current in
                let edits = [FleetEdit.node(name, nil)]
                try caller.requireLeave(for: edits, in: current)
                try RecordTag.check(wanted, current.nodes[name])
                return edits
            }
            return HTTPResponse.Status.noContent
        }
    }

    private func addMachines(to api: Routes) {
        api.get("machines", .read) { request, _, caller in
            try await JSONAnswer(views(request, caller).unknownMachines())
        }
        api.post("machines/:mac/approve", .enrol) { request, context, caller in
            let text = try context.parameter("mac")
            guard let mac = MACAddress(text) else {
                throw Problem(422, "Invalid address", "‘\(text)’ is not a hardware address")
            }
            let approval = try await request.decoded(ApprovalRequest.self)
            let snapshot = try await approve(mac, approval, caller)
            return try JSONAnswer(snapshot.nodes[approval.name], status: .created)
        }
    }

    /// What SSH clients know the nodes by that the caller may read.
    func knownHosts(_ request: Request, _ caller: Caller) async throws -> Response {
        let views = try views(request, caller)
        let snapshot = try await views.snapshot()
        let nodes = snapshot.nodeOrder.lazy.compactMap { snapshot.nodes[$0] }.filter {
            views.sees($0, in: snapshot)
        }
        let text = Fleet.knownHosts(
            of: nodes, in: snapshot, domain: await services.policy().domain, publicLine: services.hostKey)
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/plain; charset=utf-8",
                .contentDisposition: "attachment; filename=\"ssh_known_hosts\"",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// The hardware of all nodes that fit, as a file.
    func inventory(_ request: Request, _ caller: Caller) async throws -> Response {
        let wish = request.query("format") ?? "json"
        guard let format = InventoryFormat(rawValue: wish) else {
            throw Problem(422, "Invalid parameter", "format: ‘\(wish)’ is not json, csv or glpi")
        }
        let entries = try await views(request, caller).inventory(request.query("q") ?? "")
        let name = format == .csv ? "inventory.csv" : "inventory.json"
        return Response(
            status: .ok,
            headers: [
                .contentType: format.contentType, .contentDisposition: "attachment; filename=\"\(name)\"",
            ],
            body: ResponseBody(
                byteBuffer: ByteBuffer(bytes: try InventoryExport.text(of: entries, as: format))))
    }

    /// Takes a machine into the fleet: name, place and address in one revision.
    @discardableResult
    func approve(_ mac: MACAddress, _ approval: ApprovalRequest, _ caller: Caller) async throws
        -> FleetSnapshot
    {
        let node = Node(
            name: approval.name, group: approval.group ?? .site, macAddresses: [mac],
            address: approval.address)
        return try await services.fleet.change(
            by: caller.name, what: "machine \(mac) approved as \(node.name)"
        ) {
            try LiveFleet.requireNew(node, in: $0)
            let edits = [FleetEdit.node(node.name, node)]
            try caller.requireLeave(for: edits, in: $0)
            return edits
        }
    }
}
