import API
import Fleet
import Foundation
import Hummingbird
import Wire

/// One node: its settings with their origin, its boots, its hardware, and who changed it.
struct NodePage {
    let pages: Pages

    func add(to routes: Routes) {
        routes.get("nodes/:name", .read) { request, context, acts in
            try await show(request, context, acts)
        }
        routes.post("nodes/:name/edit", .configure) { request, context, acts in
            try await edit(request, context, acts)
        }
        routes.post("nodes/:name/restart", .enrol) { _, context, acts in
            let name = try context.parameter("name")
            try await acts.restart(name)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/dismiss", .enrol) { _, context, acts in
            let name = try context.parameter("name")
            try acts.dismissAlarm(of: name)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
        routes.post("nodes/:name/release", .configure) { _, context, acts in
            let name = try context.parameter("name")
            try await acts.release(name)
            return pages.redirect("/nodes/\(Escape.component(name))")
        }
    }

    private func show(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let views = try acts.at(request)
        let words = pages.renderer.words(context)
        let view = try await views.nodeDetails(context.parameter("name"))
        let answer = view.answer
        let node = answer.node
        let boot = answer.boots.first
        var fields: [String: Any] = [
            "name": node.name.text, "state": pages.shown(boot, words),
            "kind": pages.kind(boot?.entries.last?.stage),
            "group": node.group.description, "groupEscaped": Escape.component(node.group.description),
            "macs": node.macAddresses.map(\.description).joined(separator: " "),
            "address": (answer.leasedAddress ?? node.address)?.description ?? "",
            "fixedAddress": node.address?.description ?? "", "tags": node.tags.joined(separator: " "),
            "version": answer.version ?? "", "lack": answer.version == nil ? answer.lack ?? "" : "",
            "booted": answer.booted ?? "", "isOutdated": answer.isOutdated,
            "boots": boots(answer.boots, view.medians, words),
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
        fields["showsSessions"] = view.showsSessions
        if let trouble = view.trouble {
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
            fields["mayDismiss"] = view.mayDismiss
        }
        fields["mayRestart"] = view.mayRestart
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
        if let (own, tag, settings) = view.editable {
            fields["mayEdit"] = true
            fields["tag"] = tag
            fields["groups"] = acts.groupPaths(.configure).map {
                ["path": $0.description, "chosen": $0 == node.group] as [String: Any]
            }
            fields["fields"] = SettingFields.of(
                SettingDefinition.all.filter { !$0.isSiteWide }, own: own, effective: settings,
                words)
        }
        if view.mayAudit {
            fields["mayAudit"] = true
            let filter = RevisionFilter(kind: "node", key: node.name.text, limit: 10)
            fields["revisions"] = try await acts.revisions(filter).0.map {
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

    private func edit(_ request: Request, _ context: CenterContext, _ acts: Acts) async throws -> Response {
        let form = try pages.form(context)
        let name = try NodeName(context.parameter("name"))
        if form.has("remove") {
            let planned = try acts.plan(ChangeRequest(edits: [ChangeRequest.Edit(removeNode: name)]))
            return try pages.plan(planned, back: "/nodes", section: "/nodes", request, context)
        }
        let planned = try acts.planNode(name, ifMatch: form["tag"]) { stored in
            let own = try SettingFields.change(form, target: name.text, own: stored.settings)
            return try NodeFields.node(form, settings: own.applied(to: stored.settings))
        }
        let target = try NodeName(form["name"])
        return try pages.plan(planned, back: "/nodes/\(target)", section: "/nodes", request, context)
    }
}
