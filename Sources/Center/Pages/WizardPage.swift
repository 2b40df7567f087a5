import API
import Fleet
import Hummingbird
import Wire

/// The first hour: the network, the first image, the first machine, followed as they come.
struct WizardPage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("wizard", .read) { request, context, acts in try await show(request, context, acts) }
        routes.post("wizard", .configure) { _, context, acts in
            let wish = try pages.form(context)["enrolment"]
            let value = try SettingDefinition.enrolment.value(fromText: wish)
            let change = SettingsChange(
                target: GroupPath.site.description, set: [SettingDefinition.enrolment.name: value])
            let revision = try await acts.make(
                ChangeRequest(edits: [ChangeRequest.Edit(settings: change)]))
            return pages.redirect(Back.done("/wizard", revision))
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let words = pages.renderer.words(context)
        let steps = try await acts.firstSteps()
        let (networks, nodes, unknown) = (steps.networks, steps.nodes, steps.unknown)
        let ready = nodes.filter { $0.state == .ready }
        let builds = try await acts.builds()
        let canBuild = await acts.canBuild()
        var fields: [String: Any] = [
            "networkDone": !networks.isEmpty, "hasNoDHCP": !steps.roles.contains("dhcp"),
            "roles": steps.roles.joined(separator: " "), "networks": Self.picture(networks),
            "pictureHeight": max(80, networks.count * 80),
            "pictureLabel": networks.map { "\($0.interface): \($0.network)" }.joined(separator: ", "),
            "imageDone": !steps.images.isEmpty,
            "images": steps.images.map(\.text).joined(separator: ", "),
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
            "mayBuild": canBuild && acts.may(.publish, in: .site) && builds.allSatisfy(\.isOver),
            "mayEdit": acts.may(.configure, in: .site),
            "choices": Enrolment.allCases.map { choice in
                [
                    "word": choice.rawValue, "chosen": choice.rawValue == steps.enrolment,
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
