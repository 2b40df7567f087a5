import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// Files of the configuration against what was applied before and what is there.
@Suite struct DeclarationTests {
    private let fleet: SmallFleet
    private let acts: Acts

    init() async throws {
        fleet = try await SmallFleet()
        acts = Acts(services: fleet.services, caller: .local)
    }

    private var snapshot: FleetSnapshot { fleet.services.fleet.snapshot }

    private static func group(_ path: String, _ settings: [String: DeclaredValue], line: Int = 1)
        -> DeclaredItem
    {
        DeclaredItem(
            "groups", .object(["path": .text(path), "settings": .object(settings)]), file: "a.yaml",
            line: line,
            lines: Dictionary(
                uniqueKeysWithValues: settings.keys.sorted().enumerated().map {
                    ("/settings/\($0.element)", line + 2 + $0.offset)
                }))
    }

    private func request(_ items: [DeclaredItem], prune: Bool = false, overwrite: Bool = false) throws
        -> DeclarationRequest
    {
        DeclarationRequest(source: try SourceName("git"), items: items, prune: prune, overwrite: overwrite)
    }

    private func settings(_ path: String) throws -> [String: SettingValue] {
        snapshot.groups[try GroupPath(path)]?.settings ?? [:]
    }

    private func set(_ path: String, _ name: String, _ value: String?) async throws {
        let change = SettingsChange(
            target: path, set: value.map { [name: .text($0)] } ?? [:], unset: value == nil ? [name] : [])
        _ = try await acts.make(ChangeRequest(edits: [ChangeRequest.Edit(settings: change)]))
    }

    /// The sentence of a refusal.
    private func refusal(_ request: DeclarationRequest) async throws -> String? {
        let revision = snapshot.revision
        do { _ = try await acts.apply(request) } catch {
            #expect(snapshot.revision == revision)
            return "\(error)"
        }
        return nil
    }

    @Test func `files may be applied before the images that they name are there`() async throws {
        let items = [Self.group("/school", ["image": .text("workstation")])]
        #expect(try acts.plan(request(items)).changeCount == 1)
        #expect(try await refusal(request(items)) == nil)
        #expect(try settings("/school")["image"] == .text("workstation"))
        // One that is called almost like another is a mistake, with its place.
        let wrong = [Self.group("/school", ["image": .text("debain")], line: 7)]
        let told = try #require(try await refusal(request(wrong)))
        #expect(told.contains("a.yaml:9") && told.contains("did you mean ‘debian’?"), "\(told)")
    }

    @Test func `what files want is one revision, and applying them again is none`() async throws {
        let items = [
            DeclaredItem(
                "nodes",
                .object([
                    "name": .text("lab-1"), "group": .text("/lab/one"),
                    "macAddresses": .list([.text("52:54:00:AA:00:01")]),
                    "tags": .list([.text("b"), .text("a")]),
                ]), file: "nodes.yaml", line: 2),
            Self.group("/lab/one", ["time-zone": .text("Europe/Rome")]), Self.group("/lab", [:]),
        ]
        let plan = try acts.plan(request(items))
        #expect(plan.changeCount == 3 && plan.foreign.isEmpty && plan.plan?.nodeCount == 1)
        let revision = snapshot.revision
        let made = try await acts.apply(request(items))
        #expect(made.revision == revision + 1 && snapshot.revision == revision + 1)
        let last = try await fleet.services.fleet.store.revision(revision + 1)
        #expect(last.what == "git: 3 added")
        #expect(snapshot.nodes[try NodeName("lab-1")]?.tags == ["a", "b"])

        // However it is written, it is the same.
        let again = try await acts.apply(request(items))
        #expect(again.revision == revision + 1 && again.changes.isEmpty)
        #expect(try acts.plan(request(items)).changeCount == 0)
        #expect(try acts.appliedSources().first { $0.name.text == "git" }?.recordCount == 3)

        // What was applied goes with an undo.
        _ = try await acts.undo(revision + 1)
        #expect(try snapshot.contents.applied.isEmpty && snapshot.groups[GroupPath("/lab")] == nil)
    }

    @Test func `what others have changed is refused with its line, and overwritten only when asked`()
        async throws
    {
        let first = [
            Self.group("/school", ["loader": .text("ipxe"), "time-zone": .text("Europe/Rome")], line: 4)
        ]
        _ = try await acts.apply(request(first, overwrite: true))
        try await set("/school", "loader", "grub")
        // The files still say what they said.
        let told = try #require(try await refusal(request(first)))
        #expect(told.contains("a.yaml:6: group /school: settings.loader is grub by others"), "\(told)")
        #expect(told.contains("applied: ipxe, wanted: ipxe") && told.contains("--overwrite"))
        #expect(try acts.plan(request(first)).foreign.map(\.name) == ["settings.loader"])

        // Files that say the same as the others are no conflict, and are remembered.
        let agreeing = [Self.group("/school", ["loader": .text("grub"), "time-zone": .text("Europe/Rome")])]
        #expect(try await refusal(request(agreeing)) == nil)
        try await set("/school", "loader", "auto")
        _ = try await acts.apply(request(first, overwrite: true))
        #expect(try settings("/school")["loader"] == .text("ipxe"))
    }

    @Test func `what the files do not name stays, and what they no longer name goes`() async throws {
        let both = [Self.group("/school", ["loader": .text("ipxe"), "time-zone": .text("Europe/Rome")])]
        _ = try await acts.apply(request(both, overwrite: true))
        try await set("/school", "locale", "pt_PT.UTF-8")
        let one = [Self.group("/school", ["loader": .text("ipxe")])]
        _ = try await acts.apply(request(one))
        #expect(try settings("/school")["time-zone"] == nil)
        #expect(try settings("/school")["locale"] == .text("pt_PT.UTF-8"))

        // Taken away by others, too: that is what the files want.
        try await set("/school", "loader", nil)
        #expect(try await refusal(request([Self.group("/school", [:])])) == nil)
        // Changed by others, and named no more: it is theirs.
        _ = try await acts.apply(request(one))
        try await set("/school", "loader", "grub")
        #expect(
            try acts.plan(request([Self.group("/school", [:])])).notes.first?.contains("by others, and stays")
                == true)
        #expect(try await refusal(request([Self.group("/school", [:])])) == nil)
        #expect(try settings("/school")["loader"] == .text("grub"))
    }

    @Test func `a record that was there is taken over as it is, and another value of it is refused`()
        async throws
    {
        try await set("/school", "loader", "grub")
        let same = [Self.group("/school", ["loader": .text("grub")])]
        let plan = try acts.plan(request(same))
        #expect(plan.changeCount == 0 && plan.changes.map(\.act) == [.adopt])
        #expect(try await refusal(request([Self.group("/school", ["loader": .text("ipxe")])])) != nil)
        #expect(try await refusal(request(same)) == nil)
        #expect(try await refusal(request([Self.group("/school", ["loader": .text("ipxe")])])) == nil)
        // A value that nothing was said of is free.
        let more = [Self.group("/school", ["loader": .text("ipxe"), "time-zone": .text("Europe/Rome")])]
        #expect(try await refusal(request(more)) == nil)
    }

    @Test func `pruning removes what this source applied, and nothing else`() async throws {
        let two = [Self.group("/lab", [:]), Self.group("/den", ["loader": .text("ipxe")])]
        _ = try await acts.apply(request(two))
        let plan = try acts.plan(request([two[0]]))
        #expect(plan.left == ["group /den"] && plan.changeCount == 0)
        #expect(try await refusal(request([two[0]])) == nil)
        #expect(snapshot.groups[try GroupPath("/den")] != nil)

        try await set("/den", "time-zone", "Europe/Rome")
        let told = try #require(try await refusal(request([two[0]], prune: true)))
        #expect(told.contains("group /den: settings.time-zone is Europe/Rome by others"), "\(told)")
        try await set("/den", "time-zone", nil)
        let school = snapshot.groups.count
        #expect(try await refusal(request([two[0]], prune: true)) == nil)
        #expect(try snapshot.groups.count == school - 1 && snapshot.groups[GroupPath("/den")] == nil)
        #expect(try acts.appliedSources().first { $0.name.text == "git" }?.recordCount == 1)

        // Another source has nothing to do with it.
        let other = DeclarationRequest(source: try SourceName("hand"), items: [], prune: true)
        _ = try await acts.apply(other)
        #expect(snapshot.groups[try GroupPath("/lab")] != nil)
        // A record that others have removed is not made again unasked.
        try await acts.removeGroup(GroupPath("/lab"))
        let gone = try #require(try await refusal(request([two[0]])))
        #expect(gone.contains("group /lab was removed by others"))
        _ = try await acts.apply(request([two[0]], overwrite: true))
        #expect(snapshot.groups[try GroupPath("/lab")] != nil)
    }

    @Test func `the site's settings go one by one`() async throws {
        _ = try await acts.apply(
            request([Self.group("/", ["time-zone": .text("Europe/Rome")])], overwrite: true))
        let others = try settings("/").count
        _ = try await acts.apply(request([], prune: true))
        #expect(try settings("/").count == others - 1 && snapshot.contents.applied.isEmpty)
    }

    @Test func `a secret is declared without its value, and a secret setting stays`() async throws {
        let name = try SecretName("join")
        let secret = DeclaredItem(
            "secrets", .object(["name": .text("join"), "group": .text("/school"), "mode": .text("0640")]),
            file: "a.yaml", line: 1)
        _ = try await acts.apply(request([secret]))
        #expect(snapshot.contents.secrets[name]?.mode == 0o640)
        #expect(snapshot.contents.secrets[name]?.path == "/run/secrets/join")
        _ = try await acts.changeSecret(name, SecretRequest(value: "tiger"))
        #expect(try acts.plan(request([secret])).changes.isEmpty)

        try await set("/school", "root-password", "tiger")
        let hash = try settings("/school")[Settings.rootPasswordHash.name]
        let hidden = [Self.group("/school", ["root-password-hash": .text("(set)"), "loader": .text("ipxe")])]
        _ = try await acts.apply(request(hidden, overwrite: true))
        let kept = try settings("/school")[Settings.rootPasswordHash.name]
        #expect(hash != nil && kept == hash)
        #expect(
            !snapshot.contents.applied.values.contains { $0.fields.keys.contains { $0.contains("hash") } })
        #expect(try acts.plan(request([secret] + hidden)).notes.isEmpty)
        let elsewhere = [Self.group("/lab", ["root-password-hash": .text("(set)")])]
        #expect(try acts.plan(request(elsewhere)).notes.count == 1)
    }

    @Test func `files that contradict each other or the fleet are refused with a line`() async throws {
        let twice = try await refusal(request([Self.group("/lab", [:]), Self.group("/lab", [:], line: 9)]))
        #expect(twice == "a.yaml:9: group /lab is there twice, also at a.yaml:1")
        let lost = DeclaredItem(
            "nodes", .object(["name": .text("x"), "group": .text("/none")]), file: "n.yaml", line: 7)
        let told = try #require(try await refusal(request([Self.group("/lab", [:]), lost])))
        #expect(told.hasPrefix("n.yaml:7: node x: there is no group /none"), "\(told)")
        let wrong = DeclaredItem(
            "nodes", .object(["name": .text("x"), "address": .text("10.0.0.300")]), file: "n.yaml", line: 7,
            lines: ["/address": 8])
        #expect(try await refusal(request([wrong]))?.hasPrefix("n.yaml:8: ") == true)
        let none = DeclaredItem("rules", .object(["name": .text("x")]), file: "n.yaml", line: 5)
        #expect(try await refusal(request([none]))?.hasPrefix("n.yaml:5: ") == true)
    }

    @Test func `an expected revision is compared, and people need leave for all that is touched`()
        async throws
    {
        let items = [Self.group("/school", ["loader": .text("ipxe")])]
        await #expect(throws: Problem.self) {
            try await acts.apply(request(items, overwrite: true), ifMatch: "\"1\"")
        }
        _ = try await acts.apply(request(items, overwrite: true), ifMatch: "\"\(snapshot.revision)\"")
        let person = Caller(
            name: "sue", grants: [Grant(.operator_, in: try GroupPath("/school"))], proof: .token(1))
        let sue = Acts(services: fleet.services, caller: person)
        _ = try sue.plan(request(items))
        for item in [
            Self.group("/office", [:]), Self.group("/", [:]),
            DeclaredItem("rules", .object(["name": .text("x"), "condition": .text("memory < 1 GiB")])),
            DeclaredItem("nodes", .object(["name": .text(Place.office.node), "group": .text("/school")])),
            DeclaredItem("nodes", .object(["name": .text("fresh")])),
        ] {
            do {
                _ = try sue.plan(request(items + [item]))
                Issue.record("\(item.member) of another place")
            } catch let problem as Problem { #expect(problem.status == 403) }
        }
        // What a source has applied elsewhere is not hers either.
        _ = try await acts.apply(
            request(items + [Self.group("/office", ["loader": .text("grub")])], overwrite: true))
        #expect(throws: Problem.self) { try sue.plan(request(items)) }
    }

    @Test func `a watched directory is applied by its source, and refused as a whole`() async throws {
        let source = WatchedFiles.Source(name: try SourceName("git"), path: "/etc/roost/fleet")
        let watched = WatchedFiles([source])
        let live = fleet.services.fleet
        #expect(
            await watched.take(
                .success([Self.group("/lab", ["loader": .text("ipxe")])]), of: source.name, into: live))
        let last = try await live.store.revision(snapshot.revision)
        #expect(last.who == "source git" && last.what == "/etc/roost/fleet: 1 added")
        let revision = snapshot.revision
        let wrong = [
            Self.group("/lab", ["loader": .text("grub")]), Self.group("/lab/x", ["lodaer": .text("")]),
        ]
        #expect(await watched.take(.success(wrong), of: source.name, into: live))
        #expect(snapshot.revision == revision)
        #expect(
            watched.all.first?.refusal?.english.hasPrefix("a.yaml:3: there is no setting ‘lodaer’") == true)
        #expect(NodeWarnings.watchedFiles(watched.all).first?.contains("a.yaml:3: ") == true)
        try await set("/lab", "loader", "grub")
        // Tried again: the others may change it back.
        let same = [Self.group("/lab", ["loader": .text("ipxe")])]
        #expect(!(await watched.take(.success(same), of: source.name, into: live)))
        try await set("/lab", "loader", "ipxe")
        #expect(await watched.take(.success(same), of: source.name, into: live))
        #expect(watched.all.first?.refusal == nil)
    }

    @Test func `values that a store seals are sealed in what was applied, too`() throws {
        let key = AppliedKey(try SourceName("git"), NodeGroup.kind, "/lab")
        let applied = AppliedRecord(
            key, place: try GroupPath("/lab"),
            fields: ["/settings/files/~1etc~1key": .text("tiger"), "/settings/loader": .text("ipxe")])
        let encoder = JSONEncoder()
        encoder.userInfo[RecordSettings.sealer] = SettingSealer(
            seal: { _ in SettingValue(sealed: "x") }, open: { $0.sealed == nil ? $0 : .text("tiger") })
        let stored = try encoder.encode(applied)
        #expect(!String(decoding: stored, as: UTF8.self).contains("tiger"))
        let decoder = JSONDecoder()
        decoder.userInfo[RecordSettings.sealer] = encoder.userInfo[RecordSettings.sealer]
        #expect(try decoder.decode(AppliedRecord.self, from: stored) == applied)
    }
}
