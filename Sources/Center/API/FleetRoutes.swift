import Fleet
import Foundation
import Hummingbird
import Wire

/// Nodes, groups, settings, leases, boots, changes.
struct FleetRoutes {
    /// Who makes changes through the local socket.
    static let localUser = "local administrator"
    private static let bootLimit = 5

    let services: CenterServices

    func add(to api: RouterGroup<BasicRequestContext>) {
        api.get("status") { _, _ in try await JSONAnswer(status()) }
        api.get("nodes") { _, _ in try await JSONAnswer(machines()) }
        api.get("nodes/:name") { _, context in try await JSONAnswer(node(context.parameters.require("name")))
        }
        api.put("nodes/:name") { request, context in
            var node = try await request.decoded(Node.self)
            node.name = try NodeName(context.parameters.require("name"))
            node.settings = try Self.checked(node.settings)
            try await services.store.save(node, by: Self.localUser)
            try await services.refresh()
            return try JSONAnswer(node)
        }
        api.delete("nodes/:name") { _, context in
            try await services.store.removeNode(
                NodeName(context.parameters.require("name")), by: Self.localUser)
            try await services.refresh()
            return HTTPResponse.Status.noContent
        }
        api.get("groups") { _, _ in
            try await JSONAnswer(services.store.snapshot().groups.values.sorted { $0.path < $1.path })
        }
        api.post("groups") { request, _ in
            let group = try await request.decoded(NodeGroup.self)
            guard try await services.store.snapshot().groups[group.path] == nil else {
                throw StoreError.conflict("group \(group.path) is there already")
            }
            try await services.store.save(group, by: Self.localUser)
            try await services.refresh()
            return try JSONAnswer(group, status: .created)
        }
        api.delete("groups") { request, _ in
            let path = try GroupPath(request.query("path") ?? "")
            try await services.store.removeGroup(path, by: Self.localUser)
            try await services.refresh()
            return HTTPResponse.Status.noContent
        }
        api.post("settings") { request, _ in
            try await change(request.decoded(SettingsChange.self))
            return HTTPResponse.Status.noContent
        }
        api.get("leases") { _, _ in
            let snapshot = try await services.store.snapshot()
            return try await JSONAnswer(services.leases().map { LeaseAnswer($0, snapshot: snapshot) })
        }
        api.get("boots") { request, _ in
            let machine = try request.query("mac").map { text in
                guard let mac = MACAddress(text) else {
                    throw Problem(422, "Invalid address", "‘\(text)’ is no hardware address")
                }
                return mac
            }
            let limit = request.query("limit").flatMap { Int($0) } ?? 20
            return try await JSONAnswer(services.store.boots(of: machine, limit: min(max(limit, 1), 1_000)))
        }
        api.get("revisions") { request, _ in
            let limit = request.query("limit").flatMap { Int($0) } ?? 50
            return try await JSONAnswer(services.store.revisions(limit: min(max(limit, 1), 1_000)))
        }
        api.get("explain") { request, _ in try await JSONAnswer(explain(request)) }
    }

    private static func checked(_ settings: [String: SettingValue]) throws -> [String: SettingValue] {
        var checked = settings
        for (name, value) in settings { checked[name] = try Self.checked(name, value) }
        return checked
    }

    static func checked(_ name: String, _ value: SettingValue) throws -> SettingValue {
        guard let definition = SettingDefinition.named(name) else {
            throw InvalidSetting("there is no setting ‘\(name)’ (roost set --list shows all)")
        }
        return try definition.checked(value)
    }

    // MARK: Reading

    private func status() async throws -> StatusAnswer {
        let snapshot = try await services.store.snapshot()
        return StatusAnswer(
            version: services.version, revision: snapshot.revision, roles: services.roles,
            address: await services.policy().server,
            nodeCount: snapshot.nodes.count, imageCount: snapshot.images.count,
            leaseCount: await services.leases().count,
            openConnections: await services.openVersions().values.reduce(0, +), machines: try await machines()
        )
    }

    /// The nodes, and behind them the unknown machines that were seen.
    private func machines() async throws -> [MachineAnswer] {
        let snapshot = try await services.store.snapshot()
        var lastBoot: [MACAddress: BootTimeline] = [:]
        for boot in try await services.store.lastBoots() { lastBoot[boot.macAddress] = boot }
        var leased: [MACAddress: IPv4Address] = [:]
        for lease in await services.leases() {
            if case .macAddress(let mac) = lease.holder { leased[mac] = lease.address }
        }
        func answer(_ name: NodeName, _ node: Node?, _ macs: [MACAddress]) -> MachineAnswer {
            let mac = macs.first { lastBoot[$0] != nil } ?? macs.first
            let boot = mac.flatMap { lastBoot[$0] }
            return MachineAnswer(
                name: name, isKnown: node != nil, group: node?.group, macAddress: mac,
                address: macs.lazy.compactMap { leased[$0] }.first ?? node?.address, state: boot?.state ?? "",
                readyAfter: boot?.readyAfter)
        }
        let known = snapshot.nodes.values.sorted { $0.name < $1.name }.map {
            answer($0.name, $0, $0.macAddresses)
        }
        let unknown = lastBoot.keys.filter { snapshot.node(at: $0) == nil }.sorted().map {
            answer(NodeName(unknown: $0), nil, [$0])
        }
        return known + unknown
    }

    private func find(_ text: String, in snapshot: FleetSnapshot) throws -> Node {
        let mac = MACAddress(text)
        if let node = mac.flatMap({ snapshot.node(at: $0) }) { return node }
        if let name = try? NodeName(text), let node = snapshot.nodes[name] { return node }
        throw StoreError.notFound("there is no node ‘\(text)’ (roost node list shows all)")
    }

    private func node(_ text: String) async throws -> NodeAnswer {
        let snapshot = try await services.store.snapshot()
        let node: Node
        do {
            node = try find(text, in: snapshot)
        } catch {
            // A machine that boots without being enrolled is shown as well.
            guard let mac = MACAddress(text.hasPrefix("n") ? String(text.dropFirst()) : text),
                try await !services.store.boots(of: mac, limit: 1).isEmpty
            else { throw error }
            node = Node(name: NodeName(unknown: mac), macAddresses: [mac])
        }
        var boots: [BootTimeline] = []
        for mac in node.macAddresses {
            boots += try await services.store.boots(of: mac, limit: Self.bootLimit)
        }
        var hardware: Hardware?
        for mac in node.macAddresses where hardware == nil {
            hardware = try await services.store.hardware(of: mac)
        }
        let address = await services.leases().first { lease in
            node.macAddresses.contains { lease.holder == .macAddress($0) }
        }?.address
        var shown = node
        for definition in SettingDefinition.all
        where definition.isSecret && shown.settings[definition.name] != nil {
            shown.settings[definition.name] = .text("(set)")
        }
        return NodeAnswer(
            node: shown, leasedAddress: address,
            settings: snapshot.settings(of: snapshot.nodes[node.name]).all.map(SettingAnswer.init),
            hardware: hardware,
            boots: boots.sorted { $0.startedAt > $1.startedAt })
    }

    // MARK: Changing

    private func change(_ change: SettingsChange) async throws {
        let snapshot = try await services.store.snapshot()
        func applied(to settings: [String: SettingValue]) throws -> [String: SettingValue] {
            var settings = settings
            for name in change.unset {
                guard SettingDefinition.named(name) != nil else {
                    throw InvalidSetting("there is no setting ‘\(name)’")
                }
                settings[name] = nil
            }
            for (name, value) in change.set { settings[name] = try Self.checked(name, value) }
            return settings
        }
        if let image = change.set["image"], case .text(let text) = image,
            let reference = ImageReference(text),
            snapshot.version(reference) == nil
        {
            throw InvalidSetting("there is no version ‘\(text)’ (roost image list shows all)")
        }
        if change.target.hasPrefix("/") {
            let path = try GroupPath(change.target)
            guard var group = snapshot.groups[path] ?? (path == .site ? NodeGroup(path: .site) : nil) else {
                throw StoreError.notFound("there is no group \(path) (roost group add \(path))")
            }
            group.settings = try applied(to: group.settings)
            try await services.store.save(group, by: Self.localUser)
        } else {
            var node = try find(change.target, in: snapshot)
            node.settings = try applied(to: node.settings)
            try await services.store.save(node, by: Self.localUser)
        }
        try await services.refresh()
    }

    // MARK: Explaining

    private func explain(_ request: Request) async throws -> ExplainAnswer {
        let snapshot = try await services.store.snapshot()
        let text = request.query("node") ?? ""
        let mac: MACAddress
        if let address = MACAddress(text) {
            mac = address
        } else if let address = try find(text, in: snapshot).macAddresses.first {
            mac = address
        } else {
            throw Problem(422, "No address", "node \(text) has no hardware address yet")
        }
        let lease = await services.leases().first { $0.holder == .macAddress(mac) }
        let client = BootClient(
            macAddress: mac, architecture: try Self.architecture(request.query("arch") ?? "bios"),
            program: request.query("loader") == "ipxe"
                ? .ipxe(canHTTP: true)
                : request.query("arch")?.hasSuffix("http") == true ? .httpFirmware : .firmware)
        let policy = await services.policy()
        let decision = bootDecision(for: client, in: snapshot, under: policy)
        let plan = bootPlan(for: BootIdentity(macAddress: mac), in: snapshot, under: policy)
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
            address: snapshot.node(at: mac)?.address ?? lease?.address, bootFile: file,
            bootFileReason: decision.reason.description,
            script: usesGRUB ? BootScript.grub(plan) : BootScript.ipxe(plan),
            commandLine: plan.commandLine, image: image,
            reasons: plan.reasons.map { ExplainAnswer.Reason(choice: $0.choice, because: $0.because) })
    }

    private static func architecture(_ text: String) throws -> ClientArchitecture {
        switch text {
        case "bios": .biosX86
        case "uefi": .uefiX64
        case "uefi-http": .uefiX64HTTP
        case "arm64": .uefiARM64
        case "arm64-http": .uefiARM64HTTP
        default:
            if let number = UInt16(text) {
                ClientArchitecture(rawValue: number)
            } else {
                throw Problem(
                    422, "Unknown architecture",
                    "‘\(text)’ is not bios, uefi, uefi-http, arm64, arm64-http or a number")
            }
        }
    }
}
