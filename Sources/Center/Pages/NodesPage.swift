import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// The list of nodes: search, bulk edits, CSV.
struct NodesPage {
    private static let rowLimit = 100

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("nodes", .read) { request, context, caller in try await list(request, context, caller) }
        routes.get("ssh_known_hosts", .read) { request, _, caller in
            try await NodeRoutes(services: pages.services).knownHosts(request, caller)
        }
        routes.get("nodes.csv", .read) { request, _, caller in try await csv(request, caller) }
        routes.get("nodes/inventory", .read) { request, _, caller in
            let answer = try await NodeRoutes(services: pages.services).inventory(request, caller)
            return answer
        }
        routes.post("nodes/add", .enrol) { _, context, caller in try await addNode(context, caller) }
        routes.post("nodes/bulk", .configure) { request, context, caller in
            try await bulk(request, context, caller)
        }
        routes.post("nodes/csv", .enrol) { request, context, caller in
            try self.readList(request, context, caller)
        }
    }

    /// The list in the form's text, or that of a file, whose bytes come in Base64: the browser would guess its encoding.
    private func readList(_ request: Request, _ context: CenterContext, _ caller: Caller) throws -> Response {
        let form = try pages.form(context)
        var bytes = Array(form["csv"].utf8)
        if !form["file"].isEmpty {
            guard let data = Data(base64Encoded: form["file"]) else {
                throw Problem(400, "Unreadable request", "the file did not arrive whole; choose it again")
            }
            bytes = Array(data)
        }
        let routes = ImportRoutes(services: pages.services)
        let (answer, edits, revision) = try routes.preview(bytes, makesGroups: form.has("groups"), caller)
        return try pages.plan(of: answer, edits, at: revision, request, context)
    }

    private func list(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let views = try pages.views(request, caller)
        let question = NodesView.Question(
            query: request.query("q") ?? "",
            offset: try request.query("offset", 0...10_000_000, default: 0), limit: Self.rowLimit,
            at: views.at, mayEdit: caller.grants.allowSomewhere(.configure),
            mayEnrol: caller.grants.allowSomewhere(.enrol), groups: pages.groups(caller))
        let words = pages.renderer.words(context)
        let view: NodesView
        do {
            let page = try await views.nodes(
                question.query, offset: question.offset, limit: question.limit)
            view = NodesView(question, page.rows, count: page.count, next: page.next, problem: nil, words)
        } catch let error as InvalidCondition {
            view = NodesView(question, [], count: 0, next: nil, problem: error.description, words)
        }
        return try pages.show(view, "Nodes", section: "/nodes", request, context)
    }

    private func csv(_ request: Request, _ caller: Caller) async throws -> Response {
        let views = try pages.views(request, caller)
        let page = try await views.nodes(request.query("q") ?? "", offset: 0, limit: .max)
        let text = NodeCSV.text(of: page.rows, in: try await views.snapshot())
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8",
                .contentDisposition: "attachment; filename=\"nodes.csv\"",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private func addNode(_ context: CenterContext, _ caller: Caller) async throws -> Response {
        let form = try pages.form(context)
        let node = try NodeFields.node(form, settings: [:])
        let snapshot = try await pages.apply(caller) { current in
            guard current.nodes[node.name] == nil else {
                throw StoreError.conflict("there is a node \(node.name) already")
            }
            return [.node(node.name, node)]
        }
        return pages.redirect(Back.done("/nodes/\(node.name)", snapshot.revision))
    }

    // MARK: Bulk

    private func bulk(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let form = try pages.form(context)
        let names =
            form.has("everything")
            ? try await pages.views(request, caller).names(form["q"])
            : try form.all("node").map { try NodeName($0) }
        guard !names.isEmpty else { throw Problem(422, "Nothing to do", "no node is selected") }
        let value = form["value"].trimmingCharacters(in: .whitespaces)
        let snapshot = pages.fleet.snapshot
        let edits = try names.map { name in
            guard var node = snapshot.nodes[name] else {
                throw StoreError.notFound("there is no node \(name)")
            }
            switch form["act"] {
            case "remove": return ChangeRequest.Edit(removeNode: name)
            case "move": node.group = try GroupPath(value)
            case "tag": node.tags.append(value)
            case "untag": node.tags.removeAll { $0 == value }
            case "set":
                return ChangeRequest.Edit(
                    settings: try SettingsChange(target: name.text, [SettingAssignment(value)]))
            case "unset":
                return ChangeRequest.Edit(
                    settings: SettingsChange(target: name.text, unset: [value]))
            default: throw Problem(422, "Unreadable request", "there is no such action")
            }
            return ChangeRequest.Edit(node: node)
        }
        let change = ChangeRequest(
            edits: edits, summary: "\(form["act"]) \(value) on \(counted(names.count, "node"))")
        return try pages.plan(
            change, back: "/nodes?q=\(Escape.component(form["q"]))", section: "/nodes", request, context,
            caller)
    }
}

/// A node's record as the fields of a form.
enum NodeFields {
    static func node(_ form: Form, settings: [String: SettingValue]) throws -> Node {
        func words(_ text: String) -> [String] {
            text.split { $0 == "," || $0 == " " || $0.isNewline }.map(String.init)
        }
        let macs = try words(form.has("macs") ? form["macs"] : form["mac"]).map { text in
            guard let mac = MACAddress(text) else {
                throw Problem(
                    422, "Invalid address", "‘\(text)’ is not a hardware address (52:54:00:12:34:56)")
            }
            return mac
        }
        let address = try words(form["address"]).first.map { text in
            guard let address = IPv4Address(text) else {
                throw Problem(422, "Invalid address", "‘\(text)’ is not an IPv4 address")
            }
            return address
        }
        return Node(
            name: try NodeName(form["name"]),
            group: try GroupPath(form["group"].isEmpty ? "/" : form["group"]),
            macAddresses: macs, address: address, tags: words(form["tags"]), settings: settings)
    }
}

/// Nodes as comma-separated values (RFC 4180). What comes back as an import changes nothing: only what a record holds has the name of a
/// column that an import reads.
enum NodeCSV {
    static func text(of machines: [MachineAnswer], in snapshot: FleetSnapshot) -> String {
        var table = CSVText(header: [
            "name", "mac", "group", "address", "tags", "uuid", "leased address", "state", "version",
            "hardware",
        ])
        for machine in machines {
            let node = snapshot.nodes[machine.name]
            table.add([
                machine.name.text, node?.macAddresses.map(\.description).joined(separator: " ") ?? "",
                machine.group?.description ?? "", node?.address?.description ?? "",
                machine.tags.joined(separator: " "), node?.uuid?.description ?? "",
                machine.address?.description ?? "", machine.stageInWords, machine.version ?? "",
                machine.hardware ?? "",
            ])
        }
        return table.text
    }
}
