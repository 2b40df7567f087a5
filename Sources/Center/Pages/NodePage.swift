import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// One node: its settings with their origin, its boots, its hardware, and who changed it.
struct NodePage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("nodes/:name", .read) { request, context, caller in
            try await show(request, context, caller)
        }
        routes.post("nodes/:name/edit", .configure) { request, context, caller in
            try await edit(request, context, caller)
        }
        let actions = NodeActionRoutes(services: pages.services)
        routes.post("nodes/:name/restart", .enrol) { _, context, caller in
            let name = try context.parameter("name")
            try await actions.restart(name, caller)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/dismiss", .enrol) { _, context, caller in
            let name = try context.parameter("name")
            try actions.dismissAlarm(name, caller)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/release", .configure) { _, context, caller in
            let name = try context.parameter("name")
            try await actions.release(name, caller)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let views = try pages.views(request, caller)
        let words = pages.renderer.words(context)
        let answer = try await views.node(context.parameter("name"))
        let (node, snapshot) = (answer.node, try await views.snapshot())
        let stored = snapshot.nodes[node.name]
        let boot = answer.boots.first
        let settings = snapshot.settings(of: stored)
        var fields: [String: Any] = [
            "name": node.name.text, "state": pages.shown(boot, words),
            "kind": pages.kind(boot?.entries.last?.stage),
            "group": node.group.description, "groupEscaped": Escape.component(node.group.description),
            "macs": node.macAddresses.map(\.description).joined(separator: " "),
            "address": (answer.leasedAddress ?? node.address)?.description ?? "",
            "fixedAddress": node.address?.description ?? "", "tags": node.tags.joined(separator: " "),
            "version": answer.version ?? "", "lack": answer.version == nil ? answer.lack ?? "" : "",
            "booted": answer.booted ?? "", "isOutdated": answer.isOutdated,
            "boots": boots(answer.boots, medians(of: node, in: snapshot), words),
            "effective": effective(answer.settings),
        ]
        if !answer.learnedCards.isEmpty {
            fields["learned"] = answer.learnedCards.map(\.description).joined(separator: " ")
        }
        if let root = answer.root {
            fields["root"] = words(
                "%1 connections, last read %2 ago", String(root.connections),
                Format.duration(root.idleMilliseconds))
        }
        fields["sessions"] = answer.sessions.map { session in
            [
                "user": session.user, "kind": session.kind, "place": session.place, "from": session.from,
                "since": Format.time(second: session.startedAt), "isActive": session.isActive,
            ] as [String: Any]
        }
        fields["hasSessions"] = !answer.sessions.isEmpty
        fields["showsSessions"] = views.at == nil && settings.isOn(.reportSessions)
        if views.at == nil, let trouble = stored.flatMap({ snapshot.trouble(holding: $0) }) {
            fields["held"] = words(
                "Held after %1 failed boots: %2", String(trouble.failedBoots), trouble.detail)
        }
        if let alarm = answer.alarm {
            let time = Format.time(second: alarm.at)
            let who = [alarm.address.description, alarm.holder?.description].compactMap(\.self)
                .joined(separator: ", ")
            fields["alarm"] =
                alarm.property == .secondConfiguration
                ? words(
                    "%1: the configuration of this boot was asked for a second time, with another key (%2). It was refused. Another machine may have got the first one.",
                    time, who)
                : words(
                    "%1: another machine (%2) asked for what belongs to this node, or spoke for it (%3). It was refused.",
                    time, who, alarm.property.rawValue)
            fields["mayDismiss"] = caller.allows(.enrol, in: node.group)
        }
        fields["mayRestart"] =
            views.at == nil && answer.boots.first?.readyAfter != nil && stored != nil
            && caller.allows(.enrol, in: node.group)
        fields["sparkline"] = sparkline(answer.boots, words)
        if let at = views.at {
            fields["at"] = CalendarTime.text(second: at)
            fields["atValue"] = String(CalendarTime.text(second: at).replacing(" ", with: "T").prefix(16))
        }
        if let hardware = answer.hardware {
            fields["hardware"] = ["facts": hardware.facts.map { ["name": $0.name, "value": $0.value] }]
            fields["changes"] = try await views.hardware(node.name.text).changes.map(change)
        }
        if views.at == nil {
            let log = try await views.log(node.name.text, lineCount: 100)
            fields["log"] = log.lines.joined(separator: "\n")
            fields["crashes"] = log.crashes.map { ["at": Format.time(second: $0.at), "text": $0.text] }
        }
        if let stored, views.at == nil, caller.allows(.configure, in: node.group) {
            fields["mayEdit"] = true
            fields["tag"] = try RecordTag.of(stored)
            fields["groups"] = pages.groups(caller, .configure).map {
                ["path": $0, "chosen": $0 == node.group.description] as [String: Any]
            }
            fields["fields"] = SettingFields.of(
                SettingDefinition.all.filter { !$0.isSiteWide }, own: stored.settings, effective: settings,
                words)
        }
        if caller.allows(.audit, in: node.group) {
            fields["mayAudit"] = true
            let filter = RevisionFilter(kind: "node", key: node.name.text, limit: 10)
            let history = HistoryRoutes(services: pages.services)
            fields["revisions"] = try await history.revisions(filter, caller).0.map {
                [
                    "number": $0.number, "at": Format.time(second: $0.at), "who": $0.who, "what": $0.what,
                ] as [String: Any]
            }
        }
        return try pages.show("node", node.name.text, section: "/nodes", fields, request, context)
    }

    private func effective(_ settings: [SettingAnswer]) -> [[String: Any]] {
        settings.map { setting in
            [
                "name": setting.name, "value": setting.value.description, "origin": setting.origin,
                "hides": setting.hides.map { ["origin": $0.origin, "value": $0.value.description] },
            ]
        }
    }

    private func change(_ change: HardwareChangeAnswer) -> [String: Any] {
        [
            "at": Format.time(second: change.at), "isAnotherMachine": change.isAnotherMachine,
            "differences": change.differences.map {
                ["fact": $0.fact, "before": $0.before ?? "", "after": $0.after ?? ""]
            },
        ]
    }

    // MARK: Boots

    /// How long the last boots took to ready, the oldest first, as a line in a box of 100 by 24; nil below two of them.
    private func sparkline(_ boots: [BootTimeline], _ words: Words) -> [String: Any]? {
        let durations = boots.reversed().compactMap(\.readyAfter)
        guard durations.count > 1, let longest = durations.max() else { return nil }
        let points = durations.enumerated().map { index, duration in
            "\(index * 100 / (durations.count - 1)),\(23 - duration * 22 / max(1, longest))"
        }
        return [
            "points": points.joined(separator: " "),
            "label": words("Ready after") + ": "
                + durations.map { Format.duration($0) }.joined(separator: ", "),
        ]
    }

    /// Median milliseconds of each stage over the last boots of the node's group.
    private func medians(of node: Node, in snapshot: FleetSnapshot) -> [BootStage: Int] {
        let boots = pages.fleet.boots
        let neighbours = snapshot.nodes.values.lazy.filter { $0.group == node.group }.prefix(1_000)
        return BootFigures(neighbours.flatMap { snapshot.cards(of: $0).compactMap { boots[$0] } }).stages
    }

    private func boots(_ boots: [BootTimeline], _ medians: [BootStage: Int], _ words: Words) -> [[String:
        Any]]
    {
        boots.enumerated().map { index, boot in
            let total = max(1, (boot.entries.last?.at ?? boot.startedAt) - boot.startedAt)
            var (entries, segments): ([[String: Any]], [[String: Any]]) = ([], [])
            var before = boot.startedAt
            for entry in boot.entries {
                let took = entry.at - before
                let median = medians[entry.stage]
                entries.append([
                    "stage": entry.stage.rawValue, "after": Format.duration(entry.at - boot.startedAt),
                    "took": Format.duration(took), "median": Format.duration(median), "detail": entry.detail,
                    // Twice the group's median and two seconds more: a person would notice.
                    "isOutlier": median.map { took > 2 * $0 && took > $0 + 2_000 } ?? false,
                ])
                segments.append([
                    "stage": entry.stage.rawValue, "x": (before - boot.startedAt) * 1_000 / total,
                    "width": max(1, took * 1_000 / total),
                    "title": "\(entry.stage.rawValue): \(Format.duration(took))",
                ])
                before = entry.at
            }
            return [
                "isFirst": index == 0, "started": Format.time(millisecond: boot.startedAt),
                "state": pages.shown(boot, words), "kind": pages.kind(boot.entries.last?.stage),
                "total": Format.duration(boot.readyAfter), "entries": entries, "segments": segments,
                "label": boot.entries.map {
                    "\($0.stage.rawValue) \(Format.duration($0.at - boot.startedAt))"
                }
                .joined(separator: ", "),
            ]
        }
    }

    // MARK: Editing

    private func edit(_ request: Request, _ context: CenterContext, _ caller: Caller) async throws -> Response
    {
        let form = try pages.form(context)
        let name = try NodeName(context.parameter("name"))
        guard let stored = pages.fleet.snapshot.nodes[name] else {
            throw StoreError.notFound("there is no node \(name)")
        }
        // Before anything else: whether a form fits the record is not for those who may not change it.
        try caller.require(.configure, in: stored.group)
        if form.has("remove") {
            let change = ChangeRequest(edits: [ChangeRequest.Edit(removeNode: name)])
            return try pages.plan(change, back: "/nodes", section: "/nodes", request, context, caller)
        }
        try RecordTag.check(form["tag"], stored)
        let own = try SettingFields.change(form, target: name.text, own: stored.settings)
        var node = try NodeFields.node(form, settings: own.applied(to: stored.settings))
        node.uuid = stored.uuid
        var edits = [ChangeRequest.Edit(node: node)]
        if node.name != name { edits.insert(ChangeRequest.Edit(removeNode: name), at: 0) }
        return try pages.plan(
            ChangeRequest(edits: edits), back: "/nodes/\(node.name)", section: "/nodes", request, context,
            caller)
    }
}
