package import Fleet
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
            let nodes = try NodeCSV.nodes(in: pages.form(context)["csv"])
            let change = ChangeRequest(
                edits: nodes.map { ChangeRequest.Edit(node: $0) },
                summary: "\(counted(nodes.count, "node")) added from CSV")
            return try pages.plan(change, back: "/nodes", section: "/nodes", request, context, caller)
        }
    }

    private func list(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let views = try pages.views(request, caller)
        let (query, words) = (request.query("q") ?? "", pages.renderer.words(context))
        let offset = try request.query("offset", 0...10_000_000, default: 0)
        let at = views.at.map { CalendarTime.text(second: $0) }
        var fields: [String: Any] = [
            "query": query, "queryEscaped": Escape.component(query),
            "attributes": NodeAttribute.allCases.map(\.rawValue).joined(separator: ", "),
            "mayEdit": caller.grants.allowSomewhere(.configure) && at == nil,
            "mayEnrol": caller.grants.allowSomewhere(.enrol) && at == nil, "groups": pages.groups(caller),
            "atQuery": views.at.map { "?at=\($0)" } ?? "",
        ]
        fields["at"] = at
        var rows: [[String: Any]] = []
        do {
            let page = try await views.nodes(query, offset: offset, limit: Self.rowLimit)
            rows = page.rows.map { row($0, words) }
            fields["count"] = page.count
            func link(_ offset: Int) -> String {
                "/nodes?offset=\(offset)&q=\(Escape.component(query))" + (views.at.map { "&at=\($0)" } ?? "")
            }
            if offset > 0 { fields["previous"] = link(max(0, offset - Self.rowLimit)) }
            fields["next"] = page.next.map(link)
        } catch let error as InvalidCondition {
            fields["problem"] = error.description
            fields["count"] = 0
        }
        fields["rows"] = rows
        return try pages.show("nodes", "Nodes", section: "/nodes", fields, request, context)
    }

    private func row(_ machine: MachineAnswer, _ words: Words) -> [String: Any] {
        [
            "name": machine.name.text, "group": machine.group?.description ?? "",
            "groupEscaped": Escape.component(machine.group?.description ?? "/"), "tags": machine.tags,
            "address": machine.address?.description ?? "", "state": pages.shown(machine.state, words),
            "kind": pages.kind(machine.state), "readyAfter": Format.duration(machine.readyAfter),
            "version": machine.version ?? "", "booted": machine.booted ?? "",
            "isOutdated": machine.isOutdated, "hardware": machine.hardware ?? "",
            "isHeld": machine.held != nil, "held": machine.held ?? "",
        ]
    }

    private func csv(_ request: Request, _ caller: Caller) async throws -> Response {
        let views = try pages.views(request, caller)
        let page = try await views.nodes(request.query("q") ?? "", offset: 0, limit: .max)
        let text = NodeCSV.text(of: page.rows)
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
                let (setting, text) = try Self.assignment(value)
                return ChangeRequest.Edit(
                    settings: SettingsChange(target: name.text, set: [setting: text], unset: []))
            case "unset":
                return ChangeRequest.Edit(
                    settings: SettingsChange(target: name.text, set: [:], unset: [value]))
            default: throw Problem(422, "Unreadable request", "there is no such act")
            }
            return ChangeRequest.Edit(node: node)
        }
        let change = ChangeRequest(
            edits: edits, summary: "\(form["act"]) \(value) on \(counted(names.count, "node"))")
        return try pages.plan(
            change, back: "/nodes?q=\(Escape.component(form["q"]))", section: "/nodes", request, context,
            caller)
    }

    /// `SETTING=VALUE`, as people type it.
    static func assignment(_ text: String) throws -> (String, SettingValue) {
        let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw InvalidSetting("‘\(text)’ is not SETTING=VALUE") }
        let name = parts[0].trimmingCharacters(in: .whitespaces)
        guard let definition = SettingDefinition.named(name) else {
            throw InvalidSetting("there is no setting ‘\(name)’")
        }
        return (name, try definition.value(fromText: String(parts[1])))
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
                throw Problem(422, "Invalid address", "‘\(text)’ is no hardware address (52:54:00:12:34:56)")
            }
            return mac
        }
        let address = try words(form["address"]).first.map { text in
            guard let address = IPv4Address(text) else {
                throw Problem(422, "Invalid address", "‘\(text)’ is no IPv4 address")
            }
            return address
        }
        return Node(
            name: try NodeName(form["name"]),
            group: try GroupPath(form["group"].isEmpty ? "/" : form["group"]),
            macAddresses: macs, address: address, tags: words(form["tags"]), settings: settings)
    }
}

/// Nodes as comma-separated values (RFC 4180): name, mac, group, address, tags.
package enum NodeCSV {
    package static func nodes(in text: String) throws -> [Node] {
        var nodes: [Node] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .enumerated()
        {
            let cells = cells(of: String(line))
            guard cells.contains(where: { !$0.isEmpty }), cells[0].lowercased() != "name" else { continue }
            func fail(_ problem: String) -> Problem {
                Problem(422, "Unreadable CSV", "line \(index + 1): \(problem)")
            }
            guard cells.count >= 2 else { throw fail("a name and a hardware address are wanted") }
            let macs = try cells[1].split(separator: " ").map { text in
                guard let mac = MACAddress(text) else { throw fail("‘\(text)’ is no hardware address") }
                return mac
            }
            var address: IPv4Address?
            if cells.count > 3, !cells[3].isEmpty {
                guard let parsed = IPv4Address(cells[3]) else {
                    throw fail("‘\(cells[3])’ is no IPv4 address")
                }
                address = parsed
            }
            do {
                let group = try GroupPath(cells.count > 2 && !cells[2].isEmpty ? cells[2] : "/")
                nodes.append(
                    Node(
                        name: try NodeName(cells[0]), group: group, macAddresses: macs, address: address,
                        tags: cells.count > 4 ? cells[4].split(separator: " ").map(String.init) : []))
            } catch {
                throw fail(error.description)
            }
        }
        guard !nodes.isEmpty else { throw Problem(422, "Unreadable CSV", "there is no node in it") }
        return nodes
    }

    private static func cells(of line: String) -> [String] {
        var (cells, cell, isQuoted) = ([String](), "", false)
        var previousWasQuote = false
        for character in line {
            if character == "\"" {
                if previousWasQuote { cell.append("\"") }
                isQuoted.toggle()
                previousWasQuote = !previousWasQuote && !isQuoted
                continue
            }
            previousWasQuote = false
            if character == ",", !isQuoted {
                cells.append(cell.trimmingCharacters(in: .whitespaces))
                cell = ""
            } else {
                cell.append(character)
            }
        }
        return cells + [cell.trimmingCharacters(in: .whitespaces)]
    }

    static func text(of machines: [MachineAnswer]) -> String {
        var table = CSVText(header: [
            "name", "mac", "group", "address", "tags", "state", "version", "hardware",
        ])
        for machine in machines {
            table.add([
                machine.name.text, machine.macAddress?.description ?? "", machine.group?.description ?? "",
                machine.address?.description ?? "", machine.tags.joined(separator: " "), machine.state,
                machine.version ?? "", machine.hardware ?? "",
            ])
        }
        return table.text
    }
}
