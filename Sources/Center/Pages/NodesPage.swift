import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// The list of nodes: search, bulk edits, CSV.
struct NodesPage: FleetPage {
    static let views: [any TemplateView.Type] = [NodesView.self, RestartView.self]
    static let menu = [MenuEntry("/nodes", "Nodes", .nodes, .read)]

    private static let rowLimit = 50

    let pages: Pages

    func add(to routes: Routes) {
        routes.get("nodes", .read) { request, context, acts in try await list(request, context, acts) }
        routes.get("ssh_known_hosts", .read) { request, _, acts in
            try await NodeRoutes.knownHosts(request, acts)
        }
        routes.get("nodes.csv", .read) { request, _, acts in try await csv(request, acts) }
        routes.get("nodes/inventory", .read) { request, _, acts in
            try await NodeRoutes.inventory(request, acts)
        }
        routes.post("nodes/add", .enrol) { _, context, acts in try await addNode(context, acts) }
        routes.post("nodes/restart", .enrol) { request, context, acts in
            try await restart(request, context, acts)
        }
        routes.post("nodes/bulk", .configure) { request, context, acts in
            try await bulk(request, context, acts)
        }
        routes.post("nodes/csv", .enrol) { request, context, acts in
            try self.readList(request, context, acts)
        }
    }

    /// The list in the form's text, or from a file, whose bytes come in Base64, because the browser would guess its encoding.
    private func readList(_ request: Request, _ context: CenterContext, _ acts: Acts) throws -> Response {
        let form = try pages.form(context)
        var bytes = Array(form["csv"].utf8)
        if !form["file"].isEmpty {
            guard let data = Data(base64Encoded: form["file"]) else {
                throw Problem(400, "Unreadable request", "the file did not arrive whole; choose it again")
            }
            bytes = Array(data)
        }
        let preview = try acts.previewImport(bytes, makesGroups: form.has("groups"))
        return try pages.plan(of: preview, request, context)
    }

    private func list(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let views = try acts.at(request)
        let question = NodesView.Question(
            query: request.query("q") ?? "",
            order: request.query("order").flatMap { Acts.NodeOrder(rawValue: $0) } ?? .worst,
            offset: try request.query("offset", 0...10_000_000, default: 0), limit: Self.rowLimit,
            at: views.at, mayEdit: acts.maySomewhere(.configure),
            mayEnrol: acts.maySomewhere(.enrol), groups: acts.groupPaths().map(\.description))
        let words = pages.renderer.words(context)
        let view: NodesView
        do {
            let list = try await views.nodeList(
                question.query, question.order, offset: question.offset, limit: question.limit)
            view = NodesView(
                question, list.page.rows, count: list.page.count, next: list.page.next, tally: list.tally,
                since: list.since, causes: list.causes, problem: nil, words)
        } catch let error as InvalidCondition {
            view = NodesView(question, [], count: 0, next: nil, problem: words(error), words)
        }
        return try pages.show(view, "Nodes", section: "/nodes", request, context)
    }

    private func csv(_ request: Request, _ acts: Acts) async throws -> Response {
        let text = NodeCSV.text(of: try await acts.at(request).nodeTable(request.query("q") ?? ""))
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8",
                .contentDisposition: "attachment; filename=\"nodes.csv\"",
            ], body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    private func addNode(_ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try pages.form(context)
        let node = try NodeFields.node(form, settings: [:])
        return pages.redirect(Back.done("/nodes/\(node.name)", try await acts.add(node).revision))
    }

    // MARK: Bulk

    /// Says how many nodes it is about, and who is logged in there, before they restart.
    private func restart(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response
    {
        let (form, words) = (try pages.form(context), pages.renderer.words(context))
        let names = try form.all("node").map { try NodeName($0) }
        guard !names.isEmpty else { throw Problem(422, "Invalid request", "no node is named: node=NAME") }
        // First: it refuses callers who may not restart all of them.
        let people = try await acts.people(on: names)
        var refused: [NodeName] = []
        var failure: String?
        for name in names where form.has("sure") {
            do { try await acts.restart(name.text) } catch StoreError.conflict(let why) {
                // The others are asked all the same.
                refused.append(name)
                failure = failure ?? words(why)
            }
        }
        guard !form.has("sure") || !refused.isEmpty else { return pages.redirect("/") }
        let asked = refused.isEmpty ? names : refused
        let view = RestartView(asked, people: people, failure: failure, words)
        return try pages.show(view, "Restart", section: "/nodes", request, context)
    }

    private func bulk(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try pages.form(context)
        let names =
            form.has("everything")
            ? try await acts.at(request).names(form["q"])
            : try form.all("node").map { try NodeName($0) }
        guard let act = Acts.BulkAct(rawValue: form["act"]) else {
            throw Problem(422, "Unreadable request", "there is no action ‘\(form["act"])’ here")
        }
        let planned = try acts.planNodes(names, act, form["value"].trimmingCharacters(in: .whitespaces))
        return try pages.plan(
            planned, back: "/nodes?q=\(Escape.component(form["q"]))", section: "/nodes", request, context)
    }
}

/// A node's record as form fields.
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
            group: try form.group,
            macAddresses: macs, address: address, tags: words(form["tags"]), settings: settings)
    }
}

/// Nodes as comma-separated values (RFC 4180). Importing an export changes nothing: only fields of the record have column names that an
/// import reads.
enum NodeCSV {
    static func text(of nodes: [(machine: MachineAnswer, node: Node?)]) -> String {
        var table = CSVText(header: [
            "name", "mac", "group", "address", "tags", "uuid", "leased address", "state", "version",
            "hardware",
        ])
        for (machine, node) in nodes {
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
