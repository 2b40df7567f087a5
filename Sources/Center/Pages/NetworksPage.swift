import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// Networks in which this server gives machines their addresses, addresses that are kept for machines, and loader rules.
struct NetworksPage: FleetPage {
    static let views: [any TemplateView.Type] = [NetworksView.self, NetworkFormView.self]
    static let menu = [MenuEntry("/networks", "Networks", .network, .read)]

    let pages: Pages

    private static let path = "/networks"
    private static let fields: Set<String> = [
        "name", "interface", "subnet", "server", "pools", "router", "domain", "mtu", "routes", "lease",
        "options",
        "name-servers", "time-servers",
    ]

    func add(to routes: Routes) {
        routes.get("networks", .read) { request, context, acts in
            try await show(request, context, acts)
        }
        routes.get("networks/edit", .read) { request, context, acts in
            let name = try request.query("name").map { try NetworkName($0) }
            let form: NetworkForm
            if let name {
                let saved = try await acts.siteRecord(Network.self, at: name)
                form = NetworkForm(saved.record, isNew: false, tag: saved.tag)
            } else {
                try acts.requireChangingNetworks()
                form = NetworkForm(try proposal(request.query("interface"), acts), isNew: true)
            }
            return try show(form, request, context, acts)
        }
        routes.post("networks/edit", .configure) { request, context, acts in
            try await edit(request, context, acts)
        }
        routes.post("networks/reserve", .configure) { request, context, acts in
            let form = try pages.form(context)
            let machine = try DHCPReservation.Identity(recordKey: form["machine"])
            guard form.has("remove") else {
                guard let address = IPv4Address(form["address"]) else {
                    throw Problem(422, "Invalid address", "‘\(form["address"])’ is not an IPv4 address")
                }
                return try await plan(
                    .init(.reservation(machine, DHCPReservation(machine, address)), isNew: true), request,
                    context, acts
                )
            }
            return try await plan(.init(.reservation(machine, nil)), request, context, acts)
        }
        routes.post("networks/loader-rule", .configure) { request, context, acts in
            let form = try pages.form(context)
            let name = try RuleName(form["name"])
            return try await plan(
                form.has("remove")
                    ? .init(.loaderRule(name, nil))
                    : .init(.loaderRule(name, try rule(name, form)), isNew: true), request,
                context, acts)
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let words = pages.renderer.words(context)
        let mayEdit = acts.may(.configure, in: .site)
        var reservations: NetworksView.Reservations?
        if acts.may(.read, in: .site) {
            let pager = try Pager(request, path: Self.path)
            let page = try await acts.reservations(
                pager.query, offset: pager.offset, limit: Pager.rowLimit)
            reservations = NetworksView.Reservations(page, pager, mayEdit: mayEdit, words)
        }
        let view = NetworksView(
            try await acts.networks(), reservations: reservations, rules: try await acts.loaderRules(),
            mayEdit: mayEdit, words)
        return try pages.show(view, "Networks", section: Self.path, request, context)
    }

    private func show(
        _ form: NetworkForm, errors: [String: Sentence] = [:], _ request: Request, _ context: CenterContext,
        _ acts: Acts
    ) throws -> Response {
        let view = NetworkFormView(
            form, errors: errors, mayEdit: acts.may(.configure, in: .site), pages.renderer.words(context))
        return try pages.show(
            view, "Networks", section: Self.path, request, context,
            status: errors.isEmpty ? .ok : .unprocessableContent)
    }

    /// A new network: as the interface is served now, where it is named.
    private func proposal(_ interface: String?, _ acts: Acts) throws -> Network? {
        guard let interface, let name = try? NetworkName(interface.lowercased()) else { return nil }
        return try acts.network(of: interface, named: name)
    }

    private func edit(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try pages.form(context)
        if form.has("remove") {
            return try await plan(.init(.network(try NetworkName(form["name"]), nil)), request, context, acts)
        }
        try acts.requireChangingNetworks()
        let typed = NetworkForm(form)
        do {
            let network = try typed.network()
            let revision = try acts.requireState(of: network.name, isNew: typed.isNew, tag: typed.tag)
            return try await plan(
                .init(.network(network.name, network), isNew: typed.isNew), since: revision, request, context,
                acts)
        } catch let problem as FormProblem {
            return try show(typed, errors: problem.errors, request, context, acts)
        } catch let refusal as InvalidSetting {
            let problem = FormProblem(refusal, fields: Self.fields)
            return try show(typed, errors: problem.errors, request, context, acts)
        }
    }

    private func plan(
        _ edit: ChangeRequest.Edit, since revision: Int? = nil, _ request: Request, _ context: CenterContext,
        _ acts: Acts
    ) async throws -> Response {
        let planned = try await acts.notingLeases(
            acts.plan(ChangeRequest(edits: [edit]), since: revision))
        return try pages.plan(
            planned, back: Self.path, section: Self.path, request, context)
    }

    private func rule(_ name: RuleName, _ form: Form) throws -> LoaderRule {
        let mac =
            try form["mac"].isEmpty ? nil : MACPattern(form["mac"]).orProblem(form["mac"], MACPattern.form)
        let number = form["architecture"]
        let architecture = try number.isEmpty ? nil : UInt16(number).orProblem(number, "a number to 65535")
        return LoaderRule(
            name: name, priority: try Int(form["priority"]).orProblem(form["priority"], "a whole number"),
            macPattern: mac, architecture: architecture.map { ClientArchitecture(rawValue: $0) },
            vendorClass: form["vendor-class"].isEmpty ? nil : form["vendor-class"], loader: form["loader"])
    }
}

extension Optional {
    fileprivate func orProblem(_ text: String, _ expected: String) throws -> Wrapped {
        guard let self else { throw Problem(422, "Unreadable request", .unusable(text, expected)) }
        return self
    }
}
