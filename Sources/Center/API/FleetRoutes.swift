import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// Groups, rules, settings, changes, leases, boots.
struct FleetRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        addPlaces(to: api)
        addChanges(to: api)
        api.get("status", .read) { _, _, caller in try await JSONAnswer(status(caller)) }
        api.get("figures", .read) { request, _, caller in
            try await JSONAnswer(views(request, caller).figures())
        }
        api.get("leases", .read) { _, _, caller in try await JSONAnswer(leases(caller)) }
        api.get("boots", .read) { request, _, caller in try await JSONAnswer(boots(request, caller)) }
        api.get("explain", .read) { request, _, caller in
            try await JSONAnswer(Explanation(views: views(request, caller)).answer(to: request))
        }
        api.get("networks", .read) { _, _, _ in try await JSONAnswer(services.networks()) }
        api.get("settings", .read) { _, _, _ in
            try JSONAnswer(SettingDefinition.all.map(SettingDefinitionAnswer.init))
        }
    }

    private func views(_ request: Request, _ caller: Caller) throws -> FleetViews {
        FleetViews(services: services, caller: caller, at: try TimeTravel.second(of: request))
    }

    // MARK: Groups and rules

    private func addPlaces(to api: Routes) {
        api.get("groups", .read) { request, _, caller in
            let snapshot = try await views(request, caller).snapshot()
            return try JSONAnswer(
                snapshot.groups.values.filter { caller.sees($0.path) }.sorted { $0.path < $1.path })
        }
        api.post("groups", .configure) { request, _, caller in
            let group = try await request.decoded(NodeGroup.self)
            try await services.fleet.change(by: caller.name) { current in
                let edits = [FleetEdit.group(group.path, group)]
                try caller.requireLeave(for: edits, in: current)
                guard current.groups[group.path] == nil else {
                    throw StoreError.conflict("group \(group.path) is there already")
                }
                return edits
            }
            return try JSONAnswer(group, status: .created)
        }
        api.delete("groups", .configure) { request, _, caller in
            let path = try GroupPath(request.query("path") ?? "")
            try await services.fleet.change(by: caller.name) { current in
                let edits = [FleetEdit.group(path, nil)]
                try caller.requireLeave(for: edits, in: current)
                return edits
            }
            return HTTPResponse.Status.noContent
        }
        api.get("rules", .read) { request, _, caller in
            let rules = try await views(request, caller).snapshot().rules.values
            return try JSONAnswer(rules.sorted { ($0.priority, $0.name) < ($1.priority, $1.name) })
        }
    }

    // MARK: Changes

    private func addChanges(to api: Routes) {
        api.post("changes", .enrol) { request, _, caller in
            let change = try await request.decoded(ChangeRequest.self)
            let wanted = request.headers[.ifMatch]
            let snapshot = try await services.fleet.change(by: caller.name, what: change.summary) { current in
                if let wanted, wanted != "\"\(current.revision)\"" {
                    throw Problem(
                        412, "Precondition failed",
                        "the configuration has revision \(current.revision) by now; look at the plan again")
                }
                let edits = try Edits.of(change, in: current)
                try caller.requireLeave(for: edits, in: current)
                return edits
            }
            return try JSONAnswer(
                RevisionAnswer(revision: snapshot.revision), etag: "\"\(snapshot.revision)\"")
        }
        api.post("plan", .read) { request, _, caller in
            let change = try await request.decoded(ChangeRequest.self)
            let current = services.fleet.snapshot
            let plan = try plan(of: Edits.of(change, in: current), in: current, for: caller)
            return try JSONAnswer(plan, etag: "\"\(current.revision)\"")
        }
    }

    /// What edits would do, as far as the caller may see it.
    func plan(of edits: [FleetEdit], in snapshot: FleetSnapshot, for caller: Caller) throws -> ChangePlan {
        try caller.requireLeave(for: edits, in: snapshot)
        return try ChangePlan(of: edits, in: snapshot, within: services.fleet.addressPlan)
    }

    // MARK: Reading

    func status(_ caller: Caller) async throws -> StatusAnswer {
        let snapshot = services.fleet.snapshot
        let views = FleetViews(services: services, caller: caller)
        let known = try await views.nodes("", offset: 0, limit: FleetViews.pageLimit)
        let unknown = await views.unknownMachines().prefix(FleetViews.pageLimit)
        return StatusAnswer(
            version: services.version, revision: snapshot.revision, roles: services.roles,
            address: await services.policy().server,
            nodeCount: snapshot.nodes.count, imageCount: snapshot.images.count,
            leaseCount: await services.leases().count,
            openConnections: await services.openVersions().values.reduce(0, +),
            imageKeys: services.fleet.trust.keys.sorted(), warnings: await warnings(caller),
            limited: await views.limited(),
            machines: known.rows + unknown)
    }

    /// Nodes whose command lines are too long that are told one by one.
    private static let problemLimit = 5

    /// Only for those who can mend it: others learn nothing of a PIN.
    private func warnings(_ caller: Caller) async -> [String]? {
        guard caller.allows(.configure, in: .site) else { return nil }
        let snapshot = services.fleet.snapshot
        var warnings = [services.fleet.recentJump?.warning].compactMap { $0 }
        warnings += snapshot.commandLineProblems(limit: Self.problemLimit)
        warnings += snapshot.settingProblems(limit: Self.problemLimit)
        if snapshot.registrationPIN?.isShort == true {
            warnings.append(
                "registration-pin is short enough to be guessed within days: set one of at least six digits (roost set registration-pin=…)"
            )
        }
        warnings += await services.networks().compactMap(\.scarcityWarning)
        warnings += NodeWarnings.lacks(
            in: snapshot, under: await services.policy(), clients: await services.clients())
        warnings += NodeWarnings.addresses(in: snapshot, within: services.fleet.addressPlan)
        warnings += NodeWarnings.volumes(missing: services.volumes.missing())
        return warnings.isEmpty ? nil : warnings
    }

    private func leases(_ caller: Caller) async -> [LeaseAnswer] {
        let snapshot = services.fleet.snapshot
        return await services.leases().map { LeaseAnswer($0, snapshot: snapshot) }.filter { lease in
            caller.sees(lease.node.flatMap { snapshot.nodes[$0]?.group })
        }
    }

    private func boots(_ request: Request, _ caller: Caller) async throws -> [BootTimeline] {
        let machine = try request.query("mac").map { text in
            guard let mac = MACAddress(text) else {
                throw Problem(422, "Invalid address", "‘\(text)’ is not a hardware address")
            }
            return mac
        }
        let limit = try request.query("limit", 1...1_000, default: 20)
        let snapshot = services.fleet.snapshot
        return try await services.fleet.store.boots(of: machine, limit: limit).filter {
            caller.sees(snapshot.node(at: $0.macAddress)?.group)
        }
    }
}
