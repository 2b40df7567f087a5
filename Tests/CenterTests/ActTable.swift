import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// The records of the sample fleet for an act: a place with one of each.
struct ActTarget: Sendable {
    var place: Place
    /// The last change to the place's node.
    var revision: Int

    var group: GroupPath { get throws { try GroupPath(place.rawValue) } }
    var node: NodeName { get throws { try NodeName(place.node) } }
    var machine: MACAddress { get throws { try #require(MACAddress(place.macAddress)) } }
    var waiting: MACAddress { get throws { try #require(MACAddress(SmallFleet.waiting)) } }

    /// A node that does not exist yet.
    var fresh: Node { get throws { Node(name: try NodeName("fresh"), group: try group, macAddresses: []) } }

    /// The place's node to be saved again, with another tag.
    var retagged: Node {
        get throws { Node(name: try node, group: try group, macAddresses: [try machine], tags: ["again"]) }
    }

    func setting(_ value: String) -> ChangeRequest {
        let change = SettingsChange(target: place.rawValue, set: ["loader": .text(value)])
        return ChangeRequest(edits: [ChangeRequest.Edit(settings: change)])
    }

    /// Files that give the place a setting.
    var declaration: DeclarationRequest {
        get throws {
            let fields = DeclaredValue.object([
                "path": .text(place.rawValue), "settings": .object(["loader": .text("ipxe")]),
            ])
            return DeclarationRequest(
                source: try SourceName("fresh"), items: [DeclaredItem("groups", fields)], overwrite: true)
        }
    }

    static func image() throws -> ImageName { try ImageName("debian") }
    static func channel(_ text: String) throws -> ChannelName { try #require(ChannelName(text)) }
    static func digest(_ figure: Character) throws -> Digest {
        try #require(Digest(String(repeating: figure, count: 64)))
    }
}

/// An act, its permission, and its place.
struct ActRow: Sendable, CustomTestStringConvertible {
    /// The function's name.
    var name: String
    var permission: Permission
    var reach: Reach
    var act: @Sendable (Acts, ActTarget) async throws -> Any

    init(
        _ name: String, _ permission: Permission, _ reach: Reach = .place,
        _ act: @escaping @Sendable (Acts, ActTarget) async throws -> Any
    ) {
        (self.name, self.permission, self.reach, self.act) = (name, permission, reach, act)
    }

    var testDescription: String { name }

    static let all =
        nodes + places + secrets + networks + terminals + accounts + changes + images + servers + people
        + seen + schedules
}

extension ActRow {
    private static let nodes = [
        ActRow("save", .enrol) { try await $0.save($1.fresh) },
        ActRow("save", .configure) { try await $0.save($1.retagged) },
        ActRow("patchNode", .configure) {
            try await $0.patchNode($1.node, MergePatch(Data(#"{"tags":["patched"]}"#.utf8)))
        },
        ActRow("renameNode", .configure) { try await $0.renameNode($1.node, to: $1.fresh.name) },
        ActRow("removeNode", .configure) { try await $0.removeNode($1.node) },
        ActRow("add", .enrol) { try await $0.add($1.fresh) },
        ActRow("approve", .enrol) {
            try await $0.approve($1.waiting, ApprovalRequest(name: $1.fresh.name, group: $1.group))
        },
        ActRow("approveAll", .enrol) {
            _ = try await $0.approveAll(
                ApprovalsRequest(machines: [$1.waiting], pattern: "fresh-{1..9}", group: $1.group))
        },
        ActRow("forget", .configure, .site) { acts, _ in
            try await acts.forget(#require(MACAddress("52:54:00:00:03:98")))
        },
        ActRow("people", .enrol) { try await $0.people(on: [NodeName($1.place.node)]) },
        ActRow("restart", .enrol) { try await $0.restart($1.place.node) },
        ActRow("wake", .enrol) { try await $0.wake($1.place.node) },
        ActRow("powerOff", .enrol) { try await $0.powerOff($1.place.node) },
        ActRow("applySteps", .enrol) { try await $0.applySteps($1.place.node) },
        ActRow("dismissAlarm", .enrol) { try await $0.dismissAlarm(of: $1.place.node) },
        ActRow("release", .configure) { try await $0.release($1.place.macAddress) },
        ActRow("release", .configure, .site) { acts, _ in try await acts.release(SmallFleet.waiting) },
        ActRow("resetVolume", .configure) {
            try await $0.resetVolume(of: $1.node, keepingSnapshots: true)
        },
        ActRow("takeSnapshot", .configure) { try await $0.takeSnapshot(of: $1.node, named: "after") },
        ActRow("restore", .configure) { try await $0.restore("before", to: $1.node) },
        ActRow("removeSnapshot", .configure) { try await $0.removeSnapshot(of: $1.node, named: "before") },
        ActRow("removeVolume", .configure) { try await $0.removeVolume(of: $1.node) },
    ]

    private static let places = [
        ActRow("add", .configure) {
            try await $0.add(NodeGroup(path: GroupPath($1.place.below("new"))))
        },
        ActRow("removeGroup", .configure) { try await $0.removeGroup(GroupPath($1.place.below("attic"))) },
        ActRow("planSettings", .configure) { acts, target in
            try acts.planSettings(of: target.group) { _ in
                SettingsChange(target: target.place.rawValue, set: ["loader": .text("ipxe")])
            } as Any
        },
    ]

    private static let changes = [
        ActRow("make", .configure) { try await $0.make($1.setting("ipxe")) },
        ActRow("saved", .configure) { try await $0.saved($1.setting("ipxe")) },
        ActRow("plan", .configure) { try $0.plan($1.setting("ipxe")) },
        ActRow("make", .publish, .site) { acts, _ in
            let rule = MatchRule(name: try RuleName("more"), condition: "", settings: [:])
            return try await acts.make(ChangeRequest(edits: [ChangeRequest.Edit(.rule(rule.name, rule))]))
        },
        ActRow("planNode", .configure) { acts, target in
            try acts.planNode(target.node, ifMatch: "*") { _ in try target.retagged }
        },
        ActRow("planNodes", .configure) { try $0.planNodes([$1.node], .tag, "lab") },
        ActRow("planNodes", .configure) { try $0.planNodes([NodeName("pc-1"), $1.node], .remove, "") },
        ActRow("previewImport", .enrol) {
            try $0.previewImport(
                Array("fresh,\(SmallFleet.waiting),\($1.place.rawValue)".utf8), makesGroups: false)
        },
        ActRow("importNodes", .enrol) {
            try await $0.importNodes(
                Array("fresh,\(SmallFleet.waiting),\($1.place.rawValue)".utf8), makesGroups: false)
        },
        ActRow("undoableRevision", .audit) {
            try await $0.undoableRevision($1.revision, offset: 0, limit: 9)
        },
        ActRow("undo", .configure) { try await $0.undo($1.revision) },
    ]

    private static let images = [
        ActRow("publish", .publish, .site) { acts, _ in
            try await acts.publish(
                PublishRequest(digest: ActTarget.digest("3")), of: ActTarget.image())
        },
        ActRow("promote", .publish, .site) { acts, _ in
            try await acts.promote("1", of: ActTarget.image(), to: .stable)
        },
        ActRow("rollBack", .publish, .site) { acts, _ in
            try await acts.rollBack(.stable, of: ActTarget.image())
        },
        ActRow("planSettings", .publish, .site) { acts, _ in
            try acts.planSettings(of: ImageScope(ActTarget.image())) { _ in
                SettingsChange(target: "image:debian", set: ["loader": .text("ipxe")])
            } as Any
        },
        ActRow("keep", .publish, .site) { acts, _ in try await acts.keep(3, of: ActTarget.image()) },
        ActRow("tag", .publish, .site) { acts, _ in
            try await acts.tag("1", of: ActTarget.image(), as: ActTarget.channel("golden"))
        },
        ActRow("removeTag", .publish, .site) { acts, _ in
            try await acts.removeTag(ActTarget.channel("old"), of: ActTarget.image())
        },
        ActRow("sign", .publish, .site) { acts, _ in
            try await acts.sign(
                "1", of: ActTarget.image(), by: ImageSignature(key: "a", signature: "b"))
        },
        ActRow("remove", .publish, .site) { acts, _ in try await acts.remove("1", of: ActTarget.image()) },
        ActRow("prune", .publish, .site) { acts, _ in
            try await acts.prune(ActTarget.image(), PruneRequest(isPlan: true))
        },
        ActRow("beginBootTest", .publish, .site) { acts, _ in
            try await acts.beginBootTest(BootTestRequest(), of: ActTarget.image(), "1")
        },
        ActRow("endBootTest", .publish, .site) { acts, target in
            let report = BootTestReport(machine: try target.waiting, boot: "1", detail: "", console: "")
            return try await acts.endBootTest(report, of: ActTarget.image(), "1")
        },
        ActRow("startBootTest", .publish, .site) { acts, _ in
            try await acts.startBootTest(ServerBootTestRequest(), of: ActTarget.image(), "1")
        },
        ActRow("startBuild", .publish, .site) { acts, _ in
            try await acts.startBuild(of: ActTarget.image(), BuildRequest(suite: "bookworm"))
        },
        ActRow("cancelBuild", .publish, .site) { acts, _ in try await acts.cancelBuild(1) },
        ActRow("startRollout", .publish, .site) { acts, _ in
            try await acts.startRollout(
                RolloutRequest(version: "1", share: "5%"), of: ActTarget.image(), to: .stable)
        },
        ActRow("steerRollout", .publish, .site) { acts, _ in try await acts.steerRollout(1, "pause") },
        ActRow("requireStartingRollouts", .publish, .site) { acts, _ in
            try acts.requireStartingRollouts()
        },
        ActRow("lookAtSources", .publish, .site) { acts, _ in try await acts.lookAtSources() },
    ]

    private static let servers = [
        ActRow("note", .replicate, .ownName) { acts, _ in
            try await acts.note(ReplicaReport(copies: []), of: "replica-site")
        },
        ActRow("versions", .fetch, .anywhere) { acts, _ in try await acts.versions() },
        ActRow("version", .fetch, .anywhere) { acts, _ in try acts.version("1", of: ActTarget.image()) },
        ActRow("file", .fetch, .anywhere) { acts, _ in
            try acts.file("manifest.json", of: ActTarget.image(), "1")
        },
    ]

    private static let people = [
        ActRow("save", .administer) {
            try await $0.save(
                administrator: $1.place.aide,
                AdministratorRequest(grants: ["auditor@\($1.place.rawValue)"]))
        },
        ActRow("removeAdministrator", .administer) { try await $0.removeAdministrator($1.place.aide) },
        ActRow("administrator", .administer) { try await $0.administrator($1.place.aide) },
        ActRow("administrators", .administer, .anywhere) { acts, _ in try await acts.administrators() },
        ActRow("makeToken", .administer, .site) { acts, _ in
            try await acts.makeToken(TokenRequest(name: "theirs", owner: "aide-pc-1"))
        },
        ActRow("boardLinks", .configure, .anywhere) { acts, _ in try await acts.boardLinks() },
        ActRow("agents", .read, .anywhere) { acts, _ in try await acts.agents() },
        ActRow("makeAgentToken", .configure) {
            try $0.makeAgentToken(AgentTokenRequest(group: $1.group))
        },
        ActRow("revokeAgent", .configure, .hidden) {
            try await $0.revokeAgent(of: TerminalName("ts-of-\($1.place.node)"))
        },
        ActRow("makeBoardLink", .configure) {
            try await $0.makeBoardLink(BoardLinkRequest(name: "hall", group: $1.group))
        },
        ActRow("revokeBoardLink", .configure, .anywhere) { acts, _ in
            try await acts.revokeBoardLink(999)
        },
        ActRow("webHooks", .administer, .site) { acts, _ in try await acts.webHooks() },
        ActRow("makeWebHook", .administer, .site) { acts, _ in
            try await acts.makeWebHook(WebHookRequest(url: "http://127.0.0.1:9/"))
        },
        ActRow("testWebHook", .administer, .site) { acts, _ in try await acts.testWebHook(named: "1") },
        ActRow("removeWebHook", .administer, .site) { acts, _ in try await acts.removeWebHook(999) },
        ActRow("revokeToken", .read, .anywhere) { acts, _ in try await acts.revokeToken(999) },
        ActRow("tokens", .read, .anywhere) { acts, _ in try await acts.tokens() },
        ActRow("whoAmI", .read, .anywhere) { acts, _ in try acts.whoAmI() },
    ]

    private static let secrets = [
        ActRow("storedFiles", .read, .anywhere) { acts, _ in try await acts.storedFiles() },
        ActRow("storedFile", .read, .anywhere) { acts, _ in
            try await acts.storedFile(StoredFileName("tool"))
        },
        ActRow("content", .configure, .site) { acts, _ in
            try await acts.content(of: StoredFileName("tool"))
        },
        ActRow("putFile", .configure, .site) { acts, _ in
            try await acts.putFile(StoredFileName("new"), Array("hello".utf8))
        },
        ActRow("removeFile", .configure, .site) { acts, _ in
            try await acts.removeFile(StoredFileName("spare"))
        },
        ActRow("secrets", .read, .anywhere) { acts, _ in try await acts.secrets() },
        ActRow("secret", .read, .hidden) { try await $0.secret(SecretName($1.place.secret)) },
        ActRow("secretReceipts", .read) { try await $0.secretReceipts(of: $1.place.node) },
        ActRow("tpm", .read) { try await $0.tpm(of: $1.place.node) },
        ActRow("acceptTPM", .configure) {
            try await $0.acceptTPM(of: $1.place.node, AcceptTPMRequest(tpm: "bbbbbbbbbbbbbbbb"))
        },
        ActRow("forgetTPM", .configure) { try await $0.forgetTPM(of: $1.place.node) },
        ActRow("addSecret", .configure) {
            try await $0.addSecret(
                SecretRequest(name: SecretName("fresh"), group: $1.group, value: "word"))
        },
        ActRow("changeSecret", .configure, .hidden) {
            try await $0.changeSecret(SecretName($1.place.secret), SecretRequest(arming: .once))
        },
        ActRow("removeSecret", .configure, .hidden) {
            try await $0.removeSecret(SecretName($1.place.secret))
        },
    ]

    private static let networks = [
        ActRow("keptFiles", .read, .site) { acts, _ in try acts.keptFiles() },
        ActRow("plan", .configure) { try $0.plan($1.declaration) },
        ActRow("apply", .configure) { try await $0.apply($1.declaration) },
        ActRow("appliedSources", .read, .anywhere) { acts, _ in try acts.appliedSources() },
        ActRow("forget", .configure, .anywhere) { acts, _ in
            do { try await acts.forget(SourceName("nowhere")) } catch StoreError.notFound {}
            return "nothing to forget"
        },
        ActRow("networks", .read, .anywhere) { acts, _ in try await acts.networks() },
        ActRow("network", .configure, .site) { acts, _ in
            try acts.network(of: "eth1", named: NetworkName("eth1")) as Any
        },
        ActRow("requireChangingNetworks", .configure, .site) { acts, _ in
            try acts.requireChangingNetworks()
        },
        ActRow("requireState", .configure, .site) { acts, _ in
            try acts.requireState(of: NetworkName("new"), isNew: true, tag: "")
        },
        ActRow("notingLeases", .configure, .site) { acts, _ in
            let edit = ChangeRequest.Edit(.network(try NetworkName("school"), nil))
            return try await acts.notingLeases(acts.plan(ChangeRequest(edits: [edit])))
        },
        ActRow("makeNoting", .configure, .site) { acts, _ in
            let edit = ChangeRequest.Edit(.network(try NetworkName("school"), nil))
            return try await acts.makeNoting(ChangeRequest(edits: [edit]))
        },
        ActRow("reservations", .read, .site) { acts, _ in
            try await acts.reservations("", offset: 0, limit: 9)
        },
        ActRow("loaderRules", .read, .anywhere) { acts, _ in try await acts.loaderRules() },
        ActRow("siteRecord", .read, .anywhere) { acts, _ in
            try await acts.siteRecord(Network.self, at: NetworkName("school"))
        },
        ActRow("siteRecord", .read, .site) { acts, target in
            try await acts.siteRecord(
                DHCPReservation.self, at: .macAddress(target.waiting), readableIn: .site)
        },
        ActRow("save", .configure, .site) { acts, _ in
            let network = Network(name: try NetworkName("annex"), subnet: IPv4Network("10.78.0.0/22"))
            return try await acts.save(network, at: network.name, if: .none)
        },
        ActRow("patch", .configure, .site) { acts, _ in
            try await acts.patch(
                LoaderRule.self, at: RuleName("old"), MergePatch(Data(#"{"priority":7}"#.utf8)), if: .none)
        },
        ActRow("remove", .configure, .site) { acts, target in
            try await acts.remove(
                DHCPReservation.self, at: .macAddress(target.waiting), if: .none)
        },
    ]

    private static let seen = [
        ActRow("nodes", .read, .anywhere) { acts, _ in
            try await acts.nodes("", offset: 0, limit: 9)
        },
        ActRow("search", .read, .anywhere) { acts, _ in try await acts.search("pc", limit: 9) },
        ActRow("names", .read, .anywhere) { acts, _ in try await acts.names("") },
        ActRow("nodeTable", .read, .anywhere) { acts, _ in try await acts.nodeTable("") },
        ActRow("sessions", .read, .anywhere) { acts, _ in
            try await acts.sessions("", offset: 0, limit: 9)
        },
        ActRow("inventory", .read, .anywhere) { acts, _ in try await acts.inventory("") },
        ActRow("knownHosts", .read, .anywhere) { acts, _ in try await acts.knownHosts() },
        ActRow("nodeList", .read, .anywhere) { acts, _ in
            try await acts.nodeList("", .worst, offset: 0, limit: 10)
        },
        ActRow("unknownMachines", .read, .anywhere) { acts, _ in try await acts.unknownMachines() },
        ActRow("node", .read) { try await $0.node($1.place.node) },
        ActRow("taggedNode", .read) { try await $0.taggedNode($1.place.node) },
        ActRow("nodeDetails", .read) { try await $0.nodeDetails($1.place.macAddress) },
        ActRow("hardware", .read) { try await $0.hardware($1.place.node) },
        ActRow("steps", .read) { try await $0.steps($1.place.node) },
        ActRow("stepChanges", .read) { try await $0.stepChanges($1.place.node) },
        ActRow("log", .read) { try await $0.log($1.place.node, lineCount: 9) },
        ActRow("explain", .read) {
            try await $0.explain($1.place.node, uuid: nil, Explanation.Asked())
        },
        ActRow("export", .read, .anywhere) { acts, _ in try await acts.export() },
        ActRow("groups", .read, .anywhere) { acts, _ in try await acts.groups() },
        ActRow("settings", .read) { try await $0.settings(of: $1.group) },
        ActRow("group", .read) { try await $0.group($1.group, isTree: false) },
        ActRow("group", .read, .anywhere) { acts, _ in try await acts.group(.site, isTree: true) },
        ActRow("rules", .read, .anywhere) { acts, _ in try await acts.rules() },
        ActRow("rulesWithNodeCounts", .read, .anywhere) { acts, _ in
            try await acts.rulesWithNodeCounts()
        },
        ActRow("versions", .read, .anywhere) { acts, _ in try await acts.versions(of: ActTarget.image()) },
        ActRow("imageDetails", .read, .anywhere) { acts, _ in try await acts.imageDetails() },
        ActRow("imageSettings", .read, .anywhere) { acts, _ in
            try await acts.imageSettings(of: ActTarget.image())
        },
        ActRow("imageSettingsDetails", .read, .anywhere) { acts, _ in
            try await acts.imageSettingsDetails(of: ImageScope(ActTarget.image(), version: 1))
        },
        ActRow("difference", .read, .anywhere) { acts, _ in
            try await acts.difference(of: ActTarget.image(), from: nil, to: nil, wantsContents: false)
        },
        ActRow("verify", .read, .anywhere) { acts, _ in try await acts.verify("1", of: ActTarget.image()) },
        ActRow("bootTest", .read, .anywhere) { acts, _ in
            try await acts.bootTest(of: ActTarget.image(), 1) as Any
        },
        ActRow("builds", .read, .anywhere) { acts, _ in try await acts.builds() },
        ActRow("build", .read, .anywhere) { acts, _ in try await acts.build(1) },
        ActRow("places", .read, .anywhere) { acts, _ in try await acts.places(of: ActTarget.image()) },
        ActRow("sources", .read, .anywhere) { acts, _ in try await acts.sources() },
        ActRow("rollouts", .read, .anywhere) { acts, _ in try await acts.rollouts(before: 9) },
        ActRow("rolloutsUnderWay", .read, .anywhere) { acts, _ in try await acts.rolloutsUnderWay() },
        ActRow("rollout", .read, .anywhere) { acts, _ in try await acts.rollout(1) },
        ActRow("volumes", .read, .anywhere) { acts, _ in try await acts.volumes() },
        ActRow("volumesWithSnapshots", .read, .anywhere) { acts, _ in try await acts.volumesWithSnapshots() },
        ActRow("volume", .read, .hidden) { try await $0.volume(of: $1.node) },
        ActRow("revisions", .audit, .anywhere) { acts, _ in
            try await acts.revisions(RevisionFilter(limit: 1_000))
        },
        ActRow("singleEdits", .audit, .anywhere) { acts, _ in try await acts.singleEdits(of: []) },
        ActRow("revision", .audit) { try await $0.revision($1.revision) },
        ActRow("listen", .read, .anywhere) { acts, _ in try acts.listen(from: "", recheck: nil) },
        ActRow("figures", .read, .anywhere) { acts, _ in try await acts.figures() },
        ActRow("overview", .read, .anywhere) { acts, _ in try await acts.overview() },
        ActRow("standingTroubles", .read, .anywhere) { acts, _ in try await acts.standingTroubles() },
        ActRow("status", .read, .anywhere) { acts, _ in try await acts.status() },
        ActRow("leases", .read, .anywhere) { acts, _ in try await acts.leases() },
        ActRow("boots", .read, .anywhere) { acts, _ in try await acts.boots(of: nil, limit: 9) },
        ActRow("serverFigures", .read, .anywhere) { acts, _ in try await acts.serverFigures() },
        ActRow("server", .read, .anywhere) { acts, _ in try await acts.server() },
        ActRow("enrolment", .read, .anywhere) { acts, _ in try await acts.enrolment() },
        ActRow("firmware", .read, .anywhere) { acts, _ in try await acts.firmware() },
        ActRow("firstSteps", .read, .anywhere) { acts, _ in try await acts.firstSteps() },
    ]
}
