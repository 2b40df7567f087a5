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
        api.get("explain", .read) { request, _, caller in try await JSONAnswer(explain(request, caller)) }
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
        return try ChangePlan(of: edits, in: snapshot)
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
        var warnings = [services.fleet.recentJump?.warning].compactMap { $0 }
        warnings += services.fleet.snapshot.commandLineProblems(limit: Self.problemLimit)
        let pin = services.fleet.snapshot.settings(of: GroupPath.site).text(.registrationPIN)
        if SettingDefinition.isShort(pin: pin) {
            warnings.append(
                "registration-pin is short enough to be guessed within days: set one of at least six digits (roost set registration-pin=…)"
            )
        }
        for network in await services.networks() where network.isScarce {
            warnings.append(
                "\(network.leased) of \(network.size) addresses in the pools of \(network.network) are leased: \(NetworkAnswer.scarcityFix)"
            )
        }
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
                throw Problem(422, "Invalid address", "‘\(text)’ is no hardware address")
            }
            return mac
        }
        let limit = try request.query("limit", 1...1_000, default: 20)
        let snapshot = services.fleet.snapshot
        return try await services.fleet.store.boots(of: machine, limit: limit).filter {
            caller.sees(snapshot.node(at: $0.macAddress)?.group)
        }
    }

    private func explain(_ request: Request, _ caller: Caller) async throws -> ExplainAnswer {
        let snapshot = try await views(request, caller).snapshot()
        let text = request.query("node") ?? ""
        let mac: MACAddress
        if let address = MACAddress(text) {
            mac = address
        } else if let address = try FleetViews.find(text, in: snapshot).macAddresses.first {
            mac = address
        } else {
            throw Problem(422, "No address", "node \(text) has no hardware address yet")
        }
        if let node = snapshot.node(at: mac) { try caller.require(.read, in: node.group) }
        let client = BootClient(
            macAddress: mac, architecture: try Self.architecture(request.query("arch") ?? "bios"),
            program: request.query("loader") == "ipxe"
                ? .ipxe(canHTTP: true)
                : request.query("arch")?.hasSuffix("http") == true ? .httpFirmware : .firmware)
        let leased = await services.addresses()[mac]
        let policy = await services.policy()
        return Self.explanation(
            of: client, mac, at: leased, in: snapshot, under: policy.on(server: policy.server, for: leased))
    }

    private static func explanation(
        of client: BootClient, _ mac: MACAddress, at leased: IPv4Address?, in snapshot: FleetSnapshot,
        under policy: BootPolicy
    ) -> ExplainAnswer {
        let decision = bootDecision(for: client, in: snapshot, under: policy)
        let plan = bootPlan(for: BootIdentity(macAddress: mac), in: snapshot, under: policy)
        let memory = MachineMemory(mebibytes: snapshot.contents.hardware[mac]?.memoryMebibytes ?? 0)
        let usesGRUB = decision.answer == .file("shimx64.efi") || decision.answer == .file("shimaa64.efi")
        let file: String? =
            switch decision.answer {
            case .file(let name), .url(let name): name
            case .nothing: nil
            }
        let image: String? =
            if case .image(let version, _) = plan.target { "\(version.image)@\(version.number)" } else { nil }
        return ExplainAnswer(
            node: plan.name, isKnown: plan.isKnown, macAddress: mac,
            address: snapshot.node(at: mac)?.address ?? leased, bootFile: file,
            bootFileReason: decision.reason.description,
            script: (usesGRUB ? BootScript.grub(plan) : BootScript.ipxe(plan, memory: memory)).text,
            commandLine: plan.commandLine, image: image,
            reasons: plan.reasons.map { ExplainAnswer.Reason(choice: $0.choice, because: $0.because) }
                + [commandLineReason(of: snapshot.node(at: mac), plan.name, in: snapshot)])
    }

    private static func commandLineReason(of node: Node?, _ name: NodeName, in snapshot: FleetSnapshot)
        -> ExplainAnswer.Reason
    {
        let length = snapshot.commandLineLength(of: node)
        return ExplainAnswer.Reason(
            choice: "kernel command line: at most \(length.text)",
            because: length.isTooLong
                ? "too long: \(length.problem(of: name))" : "kernels lose what is longer")
    }

    private static func architecture(_ text: String) throws -> ClientArchitecture {
        switch text {
        case "bios": return .biosX86
        case "uefi": return .uefiX64
        case "uefi-http": return .uefiX64HTTP
        case "arm64": return .uefiARM64
        case "arm64-http": return .uefiARM64HTTP
        default:
            if let number = UInt16(text) { return ClientArchitecture(rawValue: number) }
            throw Problem(
                422, "Unknown architecture",
                "‘\(text)’ is not bios, uefi, uefi-http, arm64, arm64-http or a number")
        }
    }
}
