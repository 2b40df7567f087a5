import Testing

@testable import Fleet

/// What may not be saved of accounts, and who may change them.
@Suite struct AccessRecordTests {
    private let ann = Administrator(name: "ann", grants: [Grant(.admin)])

    private func fleet(_ administrators: Administrator...) throws -> FleetSnapshot {
        try FleetSnapshot.empty.applying(
            administrators.map { .administrator($0.name, $0) }, revision: 1)
    }

    @Test func `an administrator remains who can admit others`() throws {
        let bob = Administrator(name: "bob", grants: [Grant(.operator_)])
        #expect(throws: StoreError.self) { try fleet(bob) }
        let both = try fleet(ann, bob)
        var disabled = ann
        disabled.isDisabled = true
        let narrow = Administrator(name: "ann", grants: [Grant(.admin, in: try GroupPath("/a"))])
        for edits in [
            [FleetEdit.administrator("ann", nil)], [.administrator("ann", disabled)],
            [.administrator("ann", narrow)],
        ] {
            let error = #expect(throws: StoreError.self) { try both.checking(edits) }
            #expect(error?.description.contains("no account would have the role admin") == true)
        }
        // A change of several counts as a whole, and a site without accounts has the local socket.
        var promoted = bob
        promoted.grants = [Grant(.admin)]
        _ = try both.checking([.administrator("ann", nil), .administrator("bob", promoted)])
        _ = try both.checking([.administrator("ann", nil), .administrator("bob", nil)])
        #expect(throws: StoreError.self) { try both.checking([.administrator("eve", nil)]) }
        #expect(throws: InvalidName.self) { try both.checking([.administrator("e v", ann)]) }
    }

    @Test func `the roles before and after a change decide who may make it`() throws {
        let school = try GroupPath("/school")
        let bob = Administrator(name: "bob", grants: [Grant(.helpdesk, in: school)])
        let fleet = try fleet(ann, bob)
        let wider = Administrator(name: "bob", grants: [Grant(.auditor)])
        let edit = FleetEdit.administrator("bob", wider)
        #expect(edit.permission(in: fleet) == .administer && edit.places(in: fleet).isEmpty)
        #expect(edit.grants(in: fleet) == bob.grants + wider.grants)
        #expect(FleetEdit.administrator("bob", nil).grants(in: fleet) == bob.grants)
        #expect(ann.place == .site)
    }

    /// A school with a room, in which bob and a token of ann have roles.
    private func school() throws -> (fleet: FleetSnapshot, school: GroupPath, room: GroupPath) {
        let (school, room) = (try GroupPath("/school"), try GroupPath("/school/room-1"))
        let bob = Administrator(name: "bob", grants: [Grant(.auditor), Grant(.operator_, in: room)])
        let token = APIToken(
            id: 1, name: "ci", owner: "ann", grants: [Grant(.helpdesk, in: room)], createdAt: 0,
            expiresAt: nil)
        let hook = WebHook(id: 1, url: "https://a.example", secret: "s", kinds: [], group: room)
        let fleet = try fleet(ann, bob).applying(
            [
                .group(school, NodeGroup(path: school)), .group(room, NodeGroup(path: room)),
                .token(1, token, hash: "h"), .webHook(1, hook),
            ], revision: 2)
        return (fleet, school, room)
    }

    @Test func `roles in a group go with it, and come back by undo alone`() throws {
        let (whole, _, room) = try school()
        let fleet = try whole.applying([.webHook(1, nil)], revision: 3)
        let plan = try ChangePlan(of: [.group(room, nil)], in: fleet)
        #expect(plan.notes == ["roles that go with group \(room), until that is undone: 2"])
        let removal = try fleet.checking([.group(room, nil)])
        let access = removal.after.contents.access
        #expect(access.administrators["bob"]?.grants == [Grant(.auditor)])
        #expect(access.administrators["ann"] == ann)
        // It has no role, and is not revoked: undo could not bring that back.
        #expect(access.tokens[1]?.grants.isEmpty == true)
        #expect(removal.endedLogIns == ["bob"])
        // A group that is made there later is another one.
        let again = try removal.after.checking([.group(room, NodeGroup(path: room))]).after
        #expect(again.contents.access == access)
        let undone = try removal.after.checking(removal.edits.reversed().map { $0.inverse(in: fleet) }).after
        #expect(undone.contents.access == fleet.contents.access)
        // What stays in the same change, or is said otherwise there, stays so.
        let both = try fleet.checking([.group(room, nil), .group(room, NodeGroup(path: room))]).after
        #expect(both.contents.access == fleet.contents.access)
        let declared = Administrator(name: "bob", grants: [Grant(.helpdesk)])
        let said = try fleet.checking([.administrator("bob", declared), .group(room, nil)]).after
        #expect(said.contents.access.administrators["bob"] == declared)
    }

    @Test func `a group with a web hook stays`() throws {
        let (fleet, _, room) = try school()
        #expect(throws: StoreError.self) { try fleet.checking([.group(room, nil)]) }
    }

    @Test func `a group is removed by those who could take the roles in it`() throws {
        let (fleet, school, room) = try school()
        let removal = FleetEdit.group(room, nil)
        #expect(
            Set(removal.grants(in: fleet)) == [Grant(.operator_, in: room), Grant(.helpdesk, in: room)])
        #expect(FleetEdit.group(room, NodeGroup(path: room)).grants(in: fleet).isEmpty)
        #expect([Grant(.operator_, in: school)].cover(removal.grants(in: fleet)))
        #expect(![Grant(.helpdesk, in: school)].cover(removal.grants(in: fleet)))
    }

    @Test func `roles and web hooks move with their group`() throws {
        let (fleet, school, _) = try school()
        let college = try GroupPath("/college")
        let access = try fleet.checking(fleet.edits(moving: school, to: college)).after.contents.access
        let moved = try GroupPath("/college/room-1")
        #expect(access.administrators["bob"]?.grants == [Grant(.auditor), Grant(.operator_, in: moved)])
        #expect(access.tokens[1]?.grants == [Grant(.helpdesk, in: moved)])
        #expect(access.webHooks[1]?.group == moved)
    }

    @Test func `a change says whether a password is in it`() throws {
        let fleet = try fleet(ann)
        var named = ann
        named.fullName = "Ann"
        func summary(_ administrator: Administrator?, _ hash: String?) -> String {
            FleetEdit.administrator("ann", administrator, passwordHash: hash).summary(in: fleet)
        }
        #expect(summary(ann, "hash") == "password of ann changed")
        #expect(summary(named, "hash") == "administrator ann changed, with a new password")
        #expect(summary(named, nil) == "administrator ann changed")
        #expect(summary(nil, nil) == "administrator ann removed")
        // The secret comes to the store, and is in no plan.
        let change = try fleet.checking([.administrator("ann", named, passwordHash: "hash")])
        #expect(change.edits.first?.secrets == ["password": "hash"])
        let plan = try ChangePlan(of: change.edits, in: fleet)
        #expect(plan.edits == ["administrator ann changed, with a new password"])
    }

    @Test func `a token belongs to an account, and goes with it`() throws {
        let fleet = try fleet(ann)
        func token(_ id: Int, of owner: String = "ann") -> FleetEdit {
            .token(
                id, APIToken(id: 0, name: "ci", owner: owner, grants: [], createdAt: 1, expiresAt: nil),
                hash: "hash")
        }
        #expect(throws: StoreError.self) { try fleet.checking([token(1, of: "eve")]) }
        #expect(throws: StoreError.self) { try fleet.checking([.token(1, nil)]) }
        let change = try fleet.checking([token(1)])
        let made = change.after
        #expect(made.contents.access.tokens[1]?.id == 1 && made.contents.access.nextToken == 2)
        #expect(change.edits.first?.secrets == ["hash": "hash"])
        #expect(token(2).summary(in: made) == "token ‘ci’ made for ann")
        #expect(FleetEdit.token(1, nil).summary(in: made) == "token ‘ci’ of ann revoked")
        let error = #expect(throws: StoreError.self) { try made.checking([.administrator("ann", nil)]) }
        #expect(error?.description.contains("ann still has the token ‘ci’") == true)
        let removal = made.edits(removingAdministrator: "ann")
        _ = try made.checking(removal)
        // Who may change the account may revoke its tokens.
        #expect(removal.map { $0.grants(in: made) } == [ann.grants, ann.grants])
        #expect(removal.allSatisfy { $0.places(in: made).isEmpty })
        let many = try made.checking((2...APIToken.countLimit).map { token($0) }).after
        #expect(throws: StoreError.self) { try many.checking([token(APIToken.countLimit + 1)]) }
    }
    @Test func `what an account has scheduled goes on for no other person`() throws {
        let fleet = try fleet(ann, Administrator(name: "eve", grants: [Grant(.admin)]))
        func schedule(_ name: String, of owner: String?, paused: Bool = false) throws -> Schedule {
            Schedule(
                name: try ScheduleName(name), act: .restart(nodes: "pc-1", unlessInUse: false),
                time: .once(2_000_000_000), owner: owner, isPaused: paused)
        }
        let schedules = [
            try schedule("nightly", of: "ann"), try schedule("paused", of: "ann", paused: true),
            try schedule("own", of: nil),
        ]
        let made = try fleet.checking(schedules.map { .schedule($0.name, $0) }).after
        func running(_ snapshot: FleetSnapshot) -> [String] {
            snapshot.contents.schedules.values.filter { !$0.isPaused }.map(\.name.text).sorted()
        }
        #expect(running(made) == ["nightly", "own"])
        #expect(running(try made.checking(made.edits(removingAdministrator: "ann")).after) == ["own"])
        var disabled = ann
        disabled.isDisabled = true
        let cut = [FleetEdit.administrator("ann", disabled)]
        #expect(running(try made.checking(cut + made.edits(revokingTokensAfter: cut)).after) == ["own"])
        // A list that changes a schedule itself is not told otherwise.
        var other = schedules[0]
        other.windowMinutes = 30
        let list = cut + [.schedule(other.name, other)]
        #expect(running(try made.checking(list + made.edits(revokingTokensAfter: list)).after).count == 2)
        // Another name of theirs cuts nothing off.
        var renamed = ann
        renamed.fullName = "Ann A."
        let kept = [FleetEdit.administrator("ann", renamed)]
        #expect(made.edits(revokingTokensAfter: kept).isEmpty)
    }

    @Test func `a link to a wall board lies in its group, which has to be there when it is created`() throws {
        let school = try GroupPath("/school")
        func link(_ id: Int, _ group: GroupPath, by owner: String = "ann") -> FleetEdit {
            let link = BoardLink(
                id: 0, name: "hall", group: group, createdBy: owner, createdAt: 1, expiresAt: nil, usedAt: 7)
            return .boardLink(id, link, hash: "hash")
        }
        let fleet = try FleetSnapshot.empty.applying([.group(school, NodeGroup(path: school))], revision: 1)
        #expect(throws: StoreError.self) { try fleet.checking([link(1, GroupPath("/office"))]) }
        #expect(throws: StoreError.self) { try fleet.checking([.boardLink(1, nil)]) }
        let change = try fleet.checking([link(1, school)])
        let made = change.after
        #expect(change.edits.first?.secrets == ["hash": "hash"])
        #expect(made.contents.access.boardLinks[1]?.usedAt == nil && made.contents.access.nextBoardLink == 2)
        let revocation = FleetEdit.boardLink(1, nil)
        #expect(revocation.places(in: made) == [school] && revocation.permission(in: made) == .configure)
        #expect(revocation.summary(in: made) == "link ‘hall’ to the wall board of /school revoked")
        // The group may go: its links open nothing meanwhile.
        _ = try made.checking([.group(school, nil)])
        let many = try made.checking((2...BoardLink.countLimit).map { link($0, .site) }).after
        #expect(throws: StoreError.self) { try many.checking([link(BoardLink.countLimit + 1, .site)]) }
        // Those of others are not in the way, up to the site's limit, at which present ones can still be moved and revoked.
        _ = try many.checking([link(BoardLink.countLimit + 1, .site, by: "bob")])
        let full = try fleet.checking((1...BoardLink.siteLimit).map { link($0, school, by: "p\($0 / 400)") })
            .after
        #expect(throws: StoreError.self) {
            try full.checking([link(BoardLink.siteLimit + 1, .site, by: "x")])
        }
        _ = try full.checking([link(1, .site, by: "p0"), .boardLink(2, nil)])
    }

    @Test func `a link to a wall board moves with its group, and lies in both places meanwhile`() throws {
        let (school, college) = (try GroupPath("/school"), try GroupPath("/college"))
        let room = try GroupPath("/school/room-1")
        let link = BoardLink(
            id: 1, name: "hall", group: room, createdBy: "ann", createdAt: 1, expiresAt: nil)
        let fleet = try FleetSnapshot.empty.applying(
            [school, room].map { .group($0, NodeGroup(path: $0)) } + [.boardLink(1, link)], revision: 1)
        let edits = try fleet.edits(moving: school, to: college)
        let moved = try fleet.applying(edits, revision: 2)
        #expect(moved.contents.access.boardLinks[1]?.group.description == "/college/room-1")
        let places = edits.filter { $0.of(BoardLink.self) != nil }.flatMap { $0.places(in: fleet) }
        #expect(places.map(\.description) == ["/school/room-1", "/college/room-1"])
    }

    @Test func `a change of an account says which log-ins and tokens end with it`() throws {
        let token = APIToken(id: 1, name: "ci", owner: "ann", grants: [], createdAt: 1, expiresAt: nil)
        let fleet = try fleet(ann).applying([.token(1, token)], revision: 2)
        var named = ann
        named.fullName = "Ann"
        #expect(try fleet.checking([.administrator("ann", named)]).endedLogIns.isEmpty)
        let edits =
            [FleetEdit.administrator("ann", ann, passwordHash: "new")] + fleet.edits(revokingTokensOf: "ann")
        #expect(try fleet.checking(edits).endedLogIns == ["ann"])
        #expect(fleet.summary(of: edits) == "password of ann changed, 1 token revoked")
        #expect(
            fleet.summary(of: [.administrator("ann", named), .administrator("bob", ann)])
                == "administrator ann changed, and 1 more")
    }
}
