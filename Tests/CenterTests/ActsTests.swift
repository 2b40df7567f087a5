import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// Acts called directly, as by API and pages: permissions, and further conditions of changes.
@Suite struct ActsTests {
    private static func caller(_ role: Role, in place: Place) -> Caller {
        let person = Person(role: role, place: place)
        let group = (try? GroupPath(place.rawValue)) ?? .site
        return Caller(
            name: person.name, grants: [Grant(role, in: group)], proof: .token(1),
            replica: role == .replica ? person.name : nil)
    }

    private static func acts(_ role: Role, in place: Place, of fleet: SmallFleet) -> Acts {
        Acts(services: fleet.services, caller: caller(role, in: place))
    }

    private static func target(_ place: Place, in fleet: SmallFleet) -> ActTarget {
        ActTarget(place: place, revision: fleet.revisions[place]?.last ?? 0)
    }

    /// The HTTP status for the error of `act`; nil when it succeeds.
    private static func failure(of act: () async throws -> Any) async -> Int? {
        do {
            _ = try await act()
            return nil
        } catch let problem as Problem {
            return problem.status
        } catch StoreError.notFound {
            return 404
        } catch StoreError.conflict {
            return 409
        } catch {
            return 422
        }
    }

    // MARK: Permissions

    @Test func `every act is in the table`() throws {
        // Acts that filter by place, only offer, or construct acts.
        let others: Set<String> = [
            "at", "configuration", "inTurn", "may", "maySomewhere", "require", "change", "facts", "limited",
            "groupPaths", "canBuild", "mayNamePeople", "sees", "requireReading", "image", "answer", "answers",
            "runningBoot", "ownRevision", "sight", "seesTold", "maker", "place",
        ]
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/Center/Acts")
        var names: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            var isActs = false
            for line in text.split(separator: "\n") {
                if !line.hasPrefix(" "), line.hasSuffix("{") {
                    isActs = line.hasPrefix("extension Acts {") || line.hasPrefix("struct Acts")
                }
                guard isActs, line.hasPrefix("    func ") else { continue }
                names.insert(String(line.dropFirst(9).prefix { $0.isLetter || $0.isNumber }))
            }
        }
        #expect(names.count > 80)
        #expect(names.subtracting(others) == Set(ActRow.all.map(\.name)))
    }

    @Test func `every act refuses callers without a role, before anything is looked up`() async throws {
        let fleet = try await SmallFleet()
        let revision = fleet.services.fleet.snapshot.revision
        let acts = Acts(
            services: fleet.services, caller: Caller(name: "nil", grants: [], proof: .token(1)))
        let target = Self.target(.school, in: fleet)
        for row in ActRow.all {
            #expect(await Self.failure { try await row.act(acts, target) } == 403, "\(row.name)")
        }
        #expect(fleet.services.fleet.snapshot.revision == revision)
    }

    @Test func `those who may add no node in a place do not learn which names are taken`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.helpdesk, in: .school, of: fleet)
        let waiting = try Self.target(.school, in: fleet).waiting
        for text in [Place.office.node, "fresh"] {
            let node = Node(
                name: try NodeName(text), group: try GroupPath(Place.office.rawValue), macAddresses: [])
            let approval = ApprovalRequest(name: node.name, group: node.group)
            #expect(await Self.failure { try await acts.add(node) } == 403)
            #expect(await Self.failure { try await acts.approve(waiting, approval) } == 403)
        }
    }

    @Test(arguments: Role.allCases)
    func `each role can do what it may in its own place, and nothing elsewhere`(role: Role) async throws {
        let fleet = try await SmallFleet()
        // A fifth of them where a sample is enough, another one for each role.
        let first = Role.allCases.firstIndex(of: role) ?? 0
        let rows = ActRow.all.enumerated().filter { !Extent.isSample || ($0.offset + first) % 5 == 0 }
        for row in rows.map(\.element) {
            for home in [Place.site, .school] {
                let acts = Self.acts(role, in: home, of: fleet)
                for place in [.place, .hidden].contains(row.reach) ? Place.allCases : [.school] {
                    let revision = fleet.services.fleet.snapshot.revision
                    let target = Self.target(place, in: fleet)
                    let failure = await Self.failure { try await row.act(acts, target) }
                    let cell = "\(role) of \(home): \(row.name) in \(place)"
                    if let expected = Self.refusal(row, role, home, place) {
                        #expect(failure == expected, "\(cell)")
                        #expect(fleet.services.fleet.snapshot.revision == revision, "\(cell)")
                    } else {
                        #expect(failure != 403, "\(cell)")
                    }
                    if fleet.services.fleet.snapshot.revision != revision { try await fleet.restore() }
                }
            }
        }
    }

    private static func refusal(_ row: ActRow, _ role: Role, _ home: Place, _ place: Place) -> Int? {
        guard role.permissions.contains(row.permission) else { return 403 }
        let isOwn = home == .site || place == .school
        return switch row.reach {
        case .anywhere, .logIn: nil
        case .site: home == .site ? nil : 403
        case .place: isOwn ? nil : 403
        case .hidden: isOwn ? nil : 404
        case .ownName: role == .replica && home == .site ? nil : 403
        }
    }

    @Test func `results of acts contain nothing from groups that the caller does not see`() async throws {
        let fleet = try await SmallFleet()
        // A change to two places: the other place's part is left out.
        let target = Self.target(.school, in: fleet)
        for role in Role.allCases where role.permissions.contains(.read) {
            let acts = Self.acts(role, in: .school, of: fleet)
            for row in ActRow.all where role.permissions.contains(row.permission) {
                guard [.read, .fetch, .audit].contains(row.permission), row.name != "listen" else { continue }
                guard let answer = try? await row.act(acts, target) else { continue }
                var text = ""
                dump(answer, to: &text)
                for name in [Place.office.rawValue, Place.office.node, Place.office.macAddress] {
                    #expect(!text.contains(name), "\(role): \(row.name)")
                }
            }
        }
    }

    // MARK: Before and after

    @Test(
        arguments: [
            (from: Place.school, to: Place.school, isAllowed: true), (.school, .office, false),
            (.office, .school, false), (.school, .site, false), (.site, .school, false),
        ])
    func `a node moves only between groups that both belong to the caller`(
        from: Place, to: Place, isAllowed: Bool
    ) async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.operator_, in: .school, of: fleet)
        let (node, group) = (try NodeName(from.node), try GroupPath(to.below("attic")))
        let machine = try Self.target(from, in: fleet).machine
        let moved = Node(name: node, group: group, macAddresses: [machine])
        let ways: [(String, () async throws -> Any)] = [
            ("planNodes", { try acts.planNodes([node], .move, group.description) }),
            ("planNode", { try acts.planNode(node, ifMatch: "*") { _ in moved } }),
            ("plan", { try acts.plan(ChangeRequest(edits: [ChangeRequest.Edit(.node(moved.name, moved))])) }),
            (
                "importNodes",
                {
                    try await acts.importNodes(
                        Array("\(node),\(machine),\(group)".utf8), makesGroups: false)
                }
            ),
            (
                "patchNode",
                {
                    try await acts.patchNode(node, MergePatch(Data(#"{"group":"\#(group)"}"#.utf8)))
                }
            ), ("save", { try await acts.save(moved) }),
            (
                "make",
                { try await acts.make(ChangeRequest(edits: [ChangeRequest.Edit(.node(moved.name, moved))])) }
            ),
        ]
        for (name, way) in ways {
            let revision = fleet.services.fleet.snapshot.revision
            #expect(await Self.failure(of: way) == (isAllowed ? nil : 403), "\(name)")
            if !isAllowed { #expect(fleet.services.fleet.snapshot.revision == revision, "\(name)") }
        }
    }

    @Test func `another group's card cannot be taken, and a role is given only by those who have it`()
        async throws
    {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.admin, in: .school, of: fleet)
        let card = try Self.target(.office, in: fleet).machine
        let node = Node(name: try NodeName("fresh"), group: try GroupPath("/school"), macAddresses: [card])
        #expect(await Self.failure { try await acts.save(node) } == 403)
        #expect(await Self.failure { try await acts.add(node) } == 403)
        for grants in [["admin"], ["auditor@/office"], ["auditor@/school", "auditor@/"]] {
            let wish = AdministratorRequest(grants: grants, source: .ldap)
            #expect(await Self.failure { try await acts.save(administrator: "new", wish) } == 403)
        }
        let own = AdministratorRequest(grants: ["admin@/school"], source: .ldap)
        #expect(await Self.failure { try await acts.save(administrator: "new", own) } == nil)
        #expect(
            await Self.failure { try await acts.save(administrator: "new", own, if: .isNew) } == 412)
        // A person with a role elsewhere, too, no longer belongs to this group.
        let store = fleet.services.fleet.store
        let wide = Administrator(name: "new", source: .ldap, grants: [Grant(.auditor)])
        try await store.save(wide, passwordHash: nil, by: "test")
        #expect(await Self.failure { try await acts.save(administrator: "new", own) } == 403)
        #expect(await Self.failure { try await acts.removeAdministrator("new") } == 403)
        #expect(try await !acts.administrators().contains { $0.record.name == "new" })
    }

    // MARK: States

    @Test func `a change for another state is refused, and one for the present state is made`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.operator_, in: .school, of: fleet)
        let target = Self.target(.school, in: fleet)
        let (node, patch) = (try target.node, try MergePatch(Data(#"{"tags":["other"]}"#.utf8)))
        let stale = try #require(await acts.taggedNode(node.text).tag)
        let saved = try await acts.save(target.retagged, if: .matching(stale))
        #expect(saved.tag != stale && saved.revision == acts.revision)
        let revision = acts.revision
        let late: [(String, () async throws -> Any)] = [
            ("save", { try await acts.save(target.retagged, if: .matching(stale)) }),
            ("patchNode", { try await acts.patchNode(node, patch, if: .matching(stale)) }),
            ("removeNode", { try await acts.removeNode(node, if: .matching(stale)) }),
            ("planNode", { try acts.planNode(node, ifMatch: stale) { $0 } }),
            ("new", { try await acts.save(target.fresh, if: .matching("*")) }),
            ("make", { try await acts.make(target.setting("ipxe"), ifMatch: "\"\(revision - 1)\"") }),
        ]
        for (name, act) in late { #expect(await Self.failure(of: act) == 412, "\(name)") }
        #expect(acts.revision == revision)
        // No change, no revision.
        let same = try await acts.patchNode(
            node, MergePatch(Data(#"{"tags":["again"]}"#.utf8)), if: .matching(saved.tag))
        #expect(same.revision == revision && same.tag == saved.tag)
        let patched = try await acts.patchNode(node, patch, if: .matching("\"x\", \(saved.tag)"))
        #expect(patched.record.tags == ["other"])
        #expect(
            await Self.failure {
                try await acts.make(target.setting("ipxe"), ifMatch: "\"\(acts.revision)\"")
            } == nil)
        #expect(await Self.failure { try await acts.removeNode(node, if: .matching(patched.tag)) } == nil)
        // It is gone: to callers of one group that is no other refusal than for a node elsewhere.
        #expect(await Self.failure { try await acts.removeNode(node, if: .matching("*")) } == 403)
    }

    @Test func `a plan is saved if its records are unchanged, whatever else changes`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.operator_, in: .school, of: fleet)
        let target = Self.target(.school, in: fleet)
        let planned = try acts.planNodes([target.node], .tag, "lab")
        #expect(planned.plan.nodeCount <= 1 && planned.revision == acts.revision)
        _ = try await acts.make(target.setting("ipxe"))
        _ = try await acts.make(planned.change, planned: planned.revision)
        // Its record has changed meanwhile.
        #expect(
            await Self.failure { try await acts.make(planned.change, planned: planned.revision) } == 409)
        #expect(
            try acts.planSettings(of: target.group) { _ in SettingsChange(target: "/school") } == nil)
    }

    @Test func `a list of nodes with a refused row has no change to save`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.admin, in: .site, of: fleet)
        func list(_ rows: String) throws -> Acts.ImportPreview {
            try acts.previewImport(Array(rows.utf8), makesGroups: false)
        }
        #expect(try list("fresh,\(SmallFleet.waiting),/school").change?.edits.count == 1)
        #expect(try list("fresh,\(SmallFleet.waiting),/school\nother,x,/school").change == nil)
        #expect(try list("pc-1,\(Place.school.macAddress),/school").change == nil)
    }

    @Test func `the site is no group that can be removed`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.admin, in: .site, of: fleet)
        let revision = fleet.services.fleet.snapshot.revision
        await #expect(throws: InvalidSetting.self) { try await acts.removeGroup(.site) }
        let request = ChangeRequest(edits: [ChangeRequest.Edit(.group(.site, nil))])
        #expect(throws: InvalidSetting.self) { try acts.plan(request) }
        #expect(fleet.services.fleet.snapshot.revision == revision)
    }

    // MARK: Names

    @Test func `unknown names are not found`() async throws {
        let fleet = try await SmallFleet()
        let acts = Self.acts(.admin, in: .site, of: fleet)
        let (node, image) = (try NodeName("nobody"), try ImageName("nothing"))
        let patch = try MergePatch(Data("{}".utf8))
        let known = try ActTarget.image()
        let acting: [(String, () async throws -> Any)] = [
            ("patchNode", { try await acts.patchNode(node, patch) }),
            ("removeNode", { try await acts.removeNode(node) }),
            ("planNode", { try acts.planNode(node, ifMatch: "*") { $0 } }),
            ("planNodes", { try acts.planNodes([node], .tag, "lab") }),
            ("restart", { try await acts.restart("nobody") }),
            ("powerOff", { try await acts.powerOff("nobody") }),
            ("dismissAlarm", { try await acts.dismissAlarm(of: "nobody") }),
            ("release", { try await acts.release("nobody") }),
            ("acceptTPM", { try await acts.acceptTPM(of: "nobody", AcceptTPMRequest(tpm: "")) }),
            ("forgetTPM", { try await acts.forgetTPM(of: "nobody") }),
            ("node", { try await acts.node("nobody") }),
            ("explain", { try await acts.explain("nobody", uuid: nil, Explanation.Asked()) }),
            ("removeGroup", { try await acts.removeGroup(GroupPath("/nowhere")) }),
            ("group", { try await acts.group(GroupPath("/nowhere"), isTree: true) }),
            ("promote", { try await acts.promote("1", of: image, to: .stable) }),
            ("promote 9", { try await acts.promote("9", of: known, to: .stable) }),
            ("rollBack", { try await acts.rollBack(.stable, of: image) }),
            ("keep", { try await acts.keep(1, of: image) }),
            ("tag", { try await acts.tag("9", of: known, as: .stable) }),
            ("removeTag", { try await acts.removeTag(.stable, of: image) }),
            ("sign", { try await acts.sign("9", of: known, by: ImageSignature(key: "", signature: "")) }),
            ("remove", { try await acts.remove("9", of: known) }),
            ("prune", { try await acts.prune(image, PruneRequest()) }),
            ("verify", { try await acts.verify("9", of: known) }),
            ("file", { try acts.file("root.img", of: known, "1") }),
            (
                "startRollout",
                {
                    try await acts.startRollout(
                        RolloutRequest(version: "1", share: "5%"), of: image, to: .stable)
                }
            ),
            ("steerRollout", { try await acts.steerRollout(99, "pause") }),
            ("steerRollout stop", { try await acts.steerRollout(1, "stop") }),
            ("build", { try await acts.build(99) }), ("cancelBuild", { try await acts.cancelBuild(99) }),
            ("volume", { try await acts.volume(of: node) }),
            ("resetVolume", { try await acts.resetVolume(of: node, keepingSnapshots: true) }),
            ("undo", { try await acts.undo(9_999) }),
            ("removeAdministrator", { try await acts.removeAdministrator("nobody") }),
            ("revokeToken", { try await acts.revokeToken(999) }),
            ("revokeBoardLink", { try await acts.revokeBoardLink(999) }),
            ("removeWebHook", { try await acts.removeWebHook(999) }),
            ("testWebHook", { try await acts.testWebHook(named: "999") }),
        ]
        let revision = acts.revision
        for (name, act) in acting { #expect(await Self.failure(of: act) == 404, "\(name)") }
        #expect(acts.revision == revision)
        #expect(try await acts.bootTest(of: known, 9) == nil)
    }
}
