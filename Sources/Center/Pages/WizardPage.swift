import API
import Fleet
import Hummingbird
import Wire

/// The first hour: the network, the first image, the first machine, followed as they come.
struct WizardPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("wizard", .read) { request, context, caller in try await show(request, context, caller) }
        routes.post("wizard", .configure) { _, context, caller in
            let wish = try pages.form(context)[Settings.enrolment.name]
            let value = try Settings.enrolment.definition.value(fromText: wish)
            let snapshot = try await pages.apply(caller) { current in
                var site = current.groups[.site] ?? NodeGroup(path: .site)
                site.settings[Settings.enrolment.name] = value
                return [.group(.site, site)]
            }
            return pages.redirect(Back.done("/wizard", snapshot.revision))
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let words = pages.renderer.words(context)
        let services = pages.services
        let snapshot = services.fleet.snapshot
        let networks = await services.networks()
        let views = FleetViews(services: services, caller: caller)
        let nodes = try await views.nodes("", offset: 0, limit: 50).rows
        let unknown = await views.unknownMachines().prefix(10)
        let ready = nodes.filter { $0.state == .ready }
        let policy = snapshot.settings(of: GroupPath.site)[Settings.enrolment]
        let builds = await services.builds.all
        let canBuild = await services.builds.isPossible
        var fields: [String: Any] = [
            "networkDone": !networks.isEmpty, "hasNoDHCP": !services.roles.contains("dhcp"),
            "roles": services.roles.joined(separator: " "), "networks": Self.picture(networks),
            "pictureHeight": max(80, networks.count * 80),
            "pictureLabel": networks.map { "\($0.interface): \($0.network)" }.joined(separator: ", "),
            "imageDone": !snapshot.images.isEmpty,
            "images": snapshot.images.keys.sorted().map(\.text).joined(separator: ", "),
            "machineDone": !ready.isEmpty, "readyNodes": ready.map(\.name.text).joined(separator: ", "),
            "booting": nodes.filter { [.booting, .stuck].contains($0.state) }.map {
                ["name": $0.name.text, "state": pages.shown($0, words)]
            },
            "waiting": unknown.map {
                [
                    "code": $0.code ?? "", "mac": $0.macAddress?.description ?? "",
                    "state": pages.shown($0, words),
                ]
            },
            "canBuild": canBuild, "suite": BuildsPage.hostSuite,
            "mayBuild": canBuild && caller.allows(.publish, in: .site) && builds.allSatisfy(\.isOver),
            "mayEdit": caller.allows(.configure, in: .site),
            "choices": Enrolment.allCases.map { choice in
                [
                    "word": choice.rawValue, "chosen": choice == policy,
                    "text": words(choice.explanation),
                ] as [String: Any]
            },
        ]
        if let build = builds.first { fields["build"] = BuildsPage.fields(of: build, words) }
        return try pages.show("wizard", "First steps", section: "/wizard", fields, request, context)
    }

    private static func picture(_ networks: [NetworkAnswer]) -> [[String: Any]] {
        networks.enumerated().map { index, network in
            let y = index * 80 + 8
            return [
                "interface": network.interface, "network": network.network,
                "server": network.server.description,
                "pools": network.pools.joined(separator: ", "), "used": network.leased, "size": network.size,
                "y": y, "nameY": y + 26, "poolY": y + 48, "lineY": y + 32,
            ]
        }
    }
}

extension Enrolment {
    /// One sentence for people, in English.
    var explanation: String {
        switch self {
        case .open: "Unknown machines boot the site's image."
        case .quarantine: "Unknown machines wait until they are approved."
        case .refuse: "Unknown machines get nothing to boot."
        }
    }
}
