import Testing
import Wire

@testable import Fleet

/// Names of records in others: none is forgotten, what moves is followed, and what is not there is refused.
@Suite struct NameWalkTests {
    private let school: GroupPath
    private let room: GroupPath
    private let college: GroupPath
    private let card = MACAddress(rawValue: 0x0200_0000_0001)

    init() throws {
        school = try GroupPath("/school")
        room = try GroupPath("/school/room-1")
        college = try GroupPath("/college")
    }

    // MARK: None is forgotten

    /// A record of each kind that names others, with all of its names set.
    private func examples() throws -> [any FleetRecord] {
        let (node, rule, pool) = (try NodeName("pc-1"), try RuleName("small"), try PoolName("staff"))
        let (token, image) = (try SecretName("token"), try ImageName("debian"))
        let time = Schedule.Time.once(2_000_000_000)
        return [
            Node(name: try NodeName("pc-2"), group: room, macAddresses: [card]),
            Secret(name: token, group: room, node: node, rule: rule, changedAt: 1),
            NamedHook(
                name: try HookName("chat"), url: "https://chat.example", group: room, key: token,
                authorization: try SecretName("other")),
            WebHook.Record(
                WebHook(id: 1, url: "https://chat.example/x", secret: "s", kinds: [], group: room)),
            BoardLink(id: 1, name: "hall", group: room, createdBy: "ann", createdAt: 1, expiresAt: nil),
            Administrator(name: "ann", grants: [Grant(.operator_, in: room)]),
            APIToken(
                id: 1, name: "ci", owner: "ann", grants: [Grant(.helpdesk, in: room)], createdAt: 1,
                expiresAt: nil),
            TerminalServer(name: try TerminalName("ts-1"), group: room, address: "10.0.0.1", node: node),
            TerminalPool(
                name: pool, group: room,
                levels: [.init(servers: [try TerminalName("ts-2")], pools: [try PoolName("rest")])]),
            Schedule(
                name: try ScheduleName("a"), group: room,
                act: .admit(.draining, servers: [try TerminalName("ts-3")], restarts: false), time: time),
            Schedule(name: try ScheduleName("b"), group: room, act: .pool(pool, patch: "{}"), time: time),
            Schedule(
                name: try ScheduleName("c"), act: .promote(image, version: "1", to: .stable), time: time),
            Schedule(
                name: try ScheduleName("d"),
                act: .trial(image, version: "1", to: .stable, share: "5%", Rollout.Terms()), time: time),
        ]
    }

    /// Values below a value that are names of records, without the record's own key.
    private static func names(in value: Any, own: String) -> Set<RecordName> {
        let name: RecordName? =
            switch value {
            case let path as GroupPath: .group(path)
            case let image as ImageName: .image(image)
            case let node as NodeName: RecordName(node, of: Node.self)
            case let rule as RuleName: RecordName(rule, of: MatchRule.self)
            case let pool as PoolName: RecordName(pool, of: TerminalPool.self)
            case let terminal as TerminalName: RecordName(terminal, of: TerminalServer.self)
            case let secret as SecretName: RecordName(secret, of: Secret.self)
            case let file as StoredFileName: RecordName(file, of: StoredFile.self)
            default: nil
            }
        if let name { return "\(value)" == own ? [] : [name] }
        return Mirror(reflecting: value).children.reduce(into: []) { names, child in
            names.formUnion(Self.names(in: child.value, own: own))
        }
    }

    private func found(in record: some FleetRecord) -> Set<RecordName> {
        var (record, walk) = (record, NameWalk())
        record.passNames(to: &walk)
        return Set(walk.found.map(\.name))
    }

    @Test func `each record passes all names that are in it`() throws {
        for record in try examples() {
            let own = Mirror(reflecting: record).children.first { $0.label == "name" }
            let wanted = Self.names(in: record, own: own.map { "\($0.value)" } ?? "")
            #expect(!wanted.isEmpty && wanted.isSubset(of: found(in: record)), "\(record)")
        }
    }

    /// Kinds of which no example is above have no member that is a name, but for the record that they belong to.
    @Test func `kinds that pass no names are known`() throws {
        let named = Set(try examples().map { type(of: $0).kind })
        let others = Set(FleetRecords.all.map { $0.kind }).subtracting(named)
        #expect(
            others == [
                NodeGroup.kind, MatchRule.kind, ImageSettings.kind, AppliedRecord.kind,
                // Each is of one node or image, by its key.
                Volume.kind, BoundTPM.kind, HostKeyName.kind, Rollout.kind, ImageChannel.kind, ImageTag.kind,
                ImageKeep.kind, ChannelMove.kind, KeptFile.kind,
                StoredFile.kind, Network.kind, DHCPReservation.kind, LoaderRule.kind, DirectoryAccount.kind,
            ], "a new noun needs an example here, with all of its names")
    }

    @Test func `settings pass the names in their values`() throws {
        let settings: [String: SettingValue] = [
            "image": .text("debian@beta"), "rescue-image": .text("rescue"), "pool": .text("staff"),
            "known-nodes": .text("/school"), "files": .map(["/a": "stored:paper.jpg", "/b": "text"]),
            "windows-accounts": .map(["guest": "secret=windows"]),
            "commands": .map(["a": "late secret=T:join -- join"]), "time-zone": .text("Europe/Lisbon"),
            "loader": .text("ipxe"),
        ]
        let names = found(in: NodeGroup(path: room, settings: settings))
        #expect(
            names == [
                .version(try #require(ImageReference("debian@beta"))),
                .version(try #require(ImageReference("rescue"))), .group(school), .zone("Europe/Lisbon"),
                RecordName(try PoolName("staff"), of: TerminalPool.self),
                RecordName(try StoredFileName("paper.jpg"), of: StoredFile.self),
                RecordName(try SecretName("windows"), of: Secret.self),
                RecordName(try SecretName("join"), of: Secret.self),
            ])
    }

    // MARK: What moves is followed

    private func fleet(_ more: [FleetEdit]) throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        let image = try ImageName("debian")
        contents.images[image] = ImageCatalogue(
            name: image, versions: [try Sample.version("debian", 1, "a")], channels: [.stable: 1])
        let base = FleetSnapshot(revision: 1, contents: contents)
        return try base.applying(
            [school, room].map { .group($0, NodeGroup(path: $0)) } + more, revision: 2)
    }

    @Test func `all that names a group follows it`() throws {
        let known: [String: SettingValue] = ["known-nodes": .text("/school/room-1")]
        let hook = WebHook(id: 3, url: "https://chat.example/x", secret: "s", kinds: [], group: room)
        let named = NamedHook(name: try HookName("chat"), url: "https://chat.example", group: school)
        let boss = Administrator(name: "boss", grants: [Grant(.admin)])
        let ann = Administrator(name: "ann", grants: [Grant(.operator_, in: room), Grant(.auditor)])
        let token = APIToken(
            id: 1, name: "ci", owner: "ann", grants: [Grant(.helpdesk, in: school)], createdAt: 1,
            expiresAt: nil)
        let condition = "memory < 2 GiB and (group = /school/room-1 or GROUP!=\"/school\" or group=/schools)"
        let rule = MatchRule(name: try RuleName("small"), condition: condition)
        let node = Node(name: try NodeName("pc-1"), group: try GroupPath("/lab"), macAddresses: [card])
        let image = try ImageName("debian")
        let schedules: [Schedule] = [
            Schedule(
                name: try ScheduleName("a"), act: .restart(nodes: "group~/school/*", unlessInUse: true),
                time: .once(2_000_000_000)),
            Schedule(
                name: try ScheduleName("b"),
                act: .set(ScheduledSettings(target: "/school/room-1", set: known, unset: [])),
                time: .once(2_000_000_000)),
            Schedule(
                name: try ScheduleName("c"),
                act: .trial(image, version: "1", to: .stable, share: "/school", Rollout.Terms()),
                time: .once(2_000_000_000)),
        ]
        var other = node
        other.settings = known
        let lab = try GroupPath("/lab")
        let before = try fleet(
            [
                .group(.site, NodeGroup(path: .site, settings: known)),
                .group(lab, NodeGroup(path: lab)), .node(node.name, other),
                .webHook(3, hook), .namedHook(named.name, named), .administrator("boss", boss),
                .administrator("ann", ann), .token(1, token), .rule(rule.name, rule),
                .imageSettings(ImageScope(image), ImageSettings(image, known)),
            ] + schedules.map { .schedule($0.name, $0) })
        let edits = try before.edits(moving: school, to: college)
        let after = try before.checking(edits).after.contents
        let moved = try GroupPath("/college/room-1")
        #expect(after.access.webHooks[3]?.group == moved)
        #expect(after.access.namedHooks[named.name]?.group == college)
        #expect(
            after.access.administrators["ann"]?.grants == [Grant(.operator_, in: moved), Grant(.auditor)])
        #expect(after.access.tokens[1]?.grants == [Grant(.helpdesk, in: college)])
        let expected =
            "memory < 2 GiB and (group = /college/room-1 or GROUP!=\"/college\" or group=/schools)"
        #expect(after.rules[rule.name]?.condition == expected)
        let wanted: [String: SettingValue] = ["known-nodes": .text("/college/room-1")]
        #expect(after.groups[.site]?.settings == wanted && after.nodes[node.name]?.settings == wanted)
        #expect(after.images[image]?.settings?.settings == wanted)
        let acts = schedules.map { after.schedules[$0.name]?.act }
        #expect(acts[0] == .restart(nodes: "group~/college/*", unlessInUse: true))
        #expect(
            acts[1] == .set(ScheduledSettings(target: "/college/room-1", set: wanted, unset: [])))
        #expect(
            acts[2] == .trial(image, version: "1", to: .stable, share: "/college", Rollout.Terms()))
        // What only follows takes no permission of its own.
        #expect(edits.filter { !$0.isFollowing }.allSatisfy { $0.of(NodeGroup.self) != nil })
    }

    @Test func `a group with a web hook is not removed`() throws {
        let hook = WebHook(id: 3, url: "https://chat.example/x", secret: "s", kinds: [], group: room)
        let fleet = try fleet([.webHook(3, hook)])
        let refusal = #expect(throws: StoreError.self) { try fleet.checking([.group(room, nil)]) }
        #expect(refusal?.description == "group /school/room-1 still has web hook 3")
    }

    @Test func `a plan names only what those who read it may see`() throws {
        let ann = Administrator(name: "ann", grants: [Grant(.admin), Grant(.operator_, in: room)])
        let fleet = try fleet([.administrator("ann", ann)])
        let edits = try fleet.edits(moving: school, to: college)
        #expect(try ChangePlan(of: edits, in: fleet).edits.contains { $0.contains("ann") })
        let seen = try ChangePlan(of: edits, in: fleet, seeing: { $0 != .site })
        #expect(!seen.edits.contains { $0.contains("ann") })
    }

    // MARK: What is not there is refused

    private func refusal(
        _ edit: FleetEdit, in fleet: FleetSnapshot, seeing sees: @escaping (GroupPath) -> Bool = { _ in true }
    ) -> String? {
        do { try fleet.requireKnownNames(in: [edit], in: NameSight(seeing: sees)) } catch {
            return "\(error)"
        }
        return nil
    }

    @Test(arguments: [
        ("image", SettingValue.text("debain"), "did you mean ‘debian’?"),
        ("image", .text("debian@stabel"), "did you mean ‘debian@stable’?"),
        ("rescue-image", .text("nothing"), "there is no image ‘nothing"),
        ("pool", .text("stafff"), "did you mean ‘staff’?"),
        ("known-nodes", .text("/scool"), "did you mean ‘/school’?"),
        ("files", .map(["/a": "stored:paper.jpg"]), "there is no file paper.jpg"),
    ])
    func `a setting names what is there`(name: String, value: SettingValue, told: String) throws {
        let staff = TerminalPool(name: try PoolName("staff"))
        let fleet = try fleet([.pool(staff.name, staff)])
        let edit = FleetEdit.group(room, NodeGroup(path: room, settings: [name: value]))
        let text = try #require(refusal(edit, in: fleet))
        #expect(text.hasPrefix("\(name): ") && text.contains(told), "\(text)")
        // What has it already keeps it.
        let kept = try fleet.applying([edit], revision: 3)
        #expect(refusal(edit, in: kept) == nil)
    }

    @Test func `a record names what is there, or comes with it`() throws {
        let fleet = try fleet([])
        let nope = try GroupPath("/scholl")
        let hook = NamedHook(name: try HookName("chat"), url: "https://chat.example", group: nope)
        #expect(refusal(.namedHook(hook.name, hook), in: fleet)?.contains("did you mean ‘/school’?") == true)
        let numbered = WebHook(id: 1, url: "https://chat.example", secret: "s", kinds: [], group: nope)
        #expect(throws: StoreError.self) { try fleet.checking([.webHook(1, numbered)]) }
        let secret = Secret(
            name: try SecretName("a"), group: school, rule: try RuleName("none"), changedAt: 1)
        #expect(refusal(.secret(secret.name, secret), in: fleet)?.contains("there is no rule none") == true)
        let rule = MatchRule(name: try RuleName("none"), condition: "memory < 2 GiB")
        try fleet.requireKnownNames(
            in: [.secret(secret.name, secret), .rule(rule.name, rule)], in: NameSight())
        // A command may name a secret that comes later: a plan warns of it.
        let command = NodeGroup(path: room, settings: ["commands": .map(["a": "late secret=T:x -- x"])])
        #expect(refusal(.group(room, command), in: fleet) == nil)
    }

    @Test func `a group that moves and a node that is renamed keep what they named`() throws {
        let (lab, other) = (try GroupPath("/lab"), try PoolName("other"))
        // The image is gone since, and the pool lies where those who move the group see nothing.
        let settings: [String: SettingValue] = ["pool": .text("other"), "image": .text("gone")]
        var node = Node(name: try NodeName("pc-1"), group: room, macAddresses: [card])
        node.settings = settings
        let fleet = try fleet([
            .group(lab, NodeGroup(path: lab)), .pool(other, TerminalPool(name: other, group: lab)),
            .group(room, NodeGroup(path: room, settings: settings)), .node(node.name, node),
        ])
        let sight = NameSight(seeing: { $0 != .site && $0 != lab })
        try fleet.requireKnownNames(in: fleet.edits(moving: school, to: college), in: sight)
        var renamed = node
        renamed.name = try NodeName("pc-2")
        try fleet.requireKnownNames(in: [.node(node.name, nil), .node(renamed.name, renamed)], in: sight)
        // What is new with it is looked up.
        renamed.settings["image"] = .text("debain")
        #expect(throws: InvalidSetting.self) {
            try fleet.requireKnownNames(in: [.node(node.name, nil), .node(renamed.name, renamed)], in: sight)
        }
        // So is all of it where no record goes.
        renamed.settings = settings
        #expect(refusal(.node(renamed.name, renamed), in: fleet, seeing: sight.sees) != nil)
    }

    @Test func `what moves, is renamed or is undone keeps values that later rules forbid`() throws {
        let old: [String: SettingValue] = ["locale": .text("german"), "overlay-size": .text("1K")]
        var node = Node(name: try NodeName("pc-1"), group: room, macAddresses: [card])
        node.settings = old
        var contents = try fleet([]).contents
        contents.groups[room] = NodeGroup(path: room, settings: old)
        contents.nodes[node.name] = node
        let fleet = FleetSnapshot(revision: 2, contents: contents)
        let moved = try fleet.checking(fleet.edits(moving: school, to: college)).after
        #expect(moved.groups[try GroupPath("/college/room-1")]?.settings == old)
        let renamed = Node(
            name: try NodeName("pc-2"), group: room, macAddresses: [card], settings: old)
        for edit in [FleetEdit.node(renamed.name, renamed), FleetEdit(old: renamed.name, renamed)] {
            let after = try fleet.checking([.node(node.name, nil), edit]).after
            #expect(after.nodes[renamed.name]?.settings == old)
        }
        // Undo makes its edits by this.
        let gone = try fleet.checking([.node(node.name, nil)]).after
        let back = FleetEdit.node(node.name, node).restored(in: gone, madeAt: nil)
        #expect(try gone.checking([back]).after.nodes[node.name]?.settings == old)
        // What people write is new.
        #expect(throws: InvalidSetting.self) { try gone.checking([.node(node.name, node)]) }
    }

    @Test func `what is elsewhere is not there, and not suggested`() throws {
        let lab = try GroupPath("/lab")
        let (own, other) = (try PoolName("own"), try PoolName("other"))
        let fleet = try fleet([
            .group(lab, NodeGroup(path: lab)), .pool(own, TerminalPool(name: own)),
            .pool(other, TerminalPool(name: other, group: lab)),
        ])
        func edit(_ pool: String) -> FleetEdit {
            .group(room, NodeGroup(path: room, settings: ["pool": .text(pool)]))
        }
        func seen(_ group: GroupPath) -> Bool { school.contains(group) }
        // That of the site is for the groups below.
        #expect(refusal(edit("own"), in: fleet, seeing: seen) == nil)
        #expect(refusal(edit("other"), in: fleet, seeing: seen) == "pool: \(TerminalPool.missing(other))")
        let misspelt = try #require(refusal(edit("othr"), in: fleet, seeing: seen))
        #expect(!misspelt.contains("did you mean"))
        #expect(refusal(edit("othr"), in: fleet)?.contains("did you mean ‘other’?") == true)
    }

    @Test func `the group that a new one lacks is not told to be the new one`() throws {
        let path = try GroupPath("/hall/desk")
        let refused = #expect(throws: (any Error).self) {
            _ = try fleet([]).applying([.group(path, NodeGroup(path: path))], revision: 9)
        }
        let text = refused.map { "\($0)" } ?? ""
        #expect(text.contains("there is no group /hall") && !text.contains("did you mean"), "\(text)")
    }

    @Test func `files may name an image that comes later, and none that is misspelt`() throws {
        let fleet = try fleet([])
        func unknown(_ image: String) -> String? {
            let edit = FleetEdit.group(room, NodeGroup(path: room, settings: ["image": .text(image)]))
            #expect(fleet.unknownName(in: [edit], in: NameSight()) != nil)
            return fleet.unknownName(in: [edit], in: NameSight().ofFiles)?.problem.english
        }
        #expect(unknown("workstation@2") == nil && unknown("workstation") == nil)
        #expect(unknown("debain")?.contains("did you mean ‘debian’?") == true)
        #expect(unknown("debian@nothing") != nil)
    }

    @Test func `a time zone is looked up`() throws {
        let fleet = try fleet([])
        let edit = FleetEdit.group(
            room, NodeGroup(path: room, settings: ["time-zone": .text("Europe/Berln")]))
        let sight = NameSight(zoneProblem: { "there is no time zone ‘\($0)’" })
        let refusal = #expect(throws: InvalidSetting.self) {
            try fleet.requireKnownNames(in: [edit], in: sight)
        }
        #expect(refusal?.description == "time-zone: there is no time zone ‘Europe/Berln’")
    }
}
