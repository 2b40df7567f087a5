import Testing
import Wire

@testable import Fleet

/// Secrets of nodes: what may be saved, who gets what, and how it travels.
@Suite struct SecretTests {
    private static func secret(
        _ name: String = "token", in group: String = "/", arming: Secret.Arming = .eachBoot,
        path: String? = nil
    ) throws -> Secret {
        Secret(
            name: try SecretName(name), group: try GroupPath(group), path: path, arming: arming, changedAt: 5)
    }

    private static func site() throws -> FleetSnapshot {
        try FleetSnapshot(revision: 6, contents: FleetSnapshot.Contents()).applying(
            ["/school", "/school/lab", "/office"].map {
                let path = try GroupPath($0)
                return .group(path, NodeGroup(path: path))
            }, revision: 7)
    }

    private static func saved(_ secret: Secret, value: [UInt8]? = nil, in site: FleetSnapshot) throws
        -> FleetSnapshot
    {
        try site.applying([.secret(secret.name, secret, value: value)], revision: site.revision + 1)
    }

    @Test(
        arguments: [
            "run/token", "/", "/run/", "/run/../etc/shadow", "/proc/token", "/dev/token", "/run/a:b",
            "/run/a\nb",
        ])
    func `a secret is a file at a plain path that is seen`(path: String) throws {
        #expect(throws: InvalidSetting.self) {
            try Self.saved(Self.secret(path: path), in: Self.site())
        }
    }

    @Test(arguments: ["", "root:", ":root", "a b", "root;true", "-x", "a:b:c"])
    func `an owner is a user, or a user and a group`(owner: String) throws {
        var secret = try Self.secret()
        secret.owner = owner
        let wrong = secret
        #expect(throws: InvalidSetting.self) { try Self.saved(wrong, in: Self.site()) }
    }

    @Test func `a group with secrets stays, moves with them, and two secrets are never one file`() throws {
        let secret = try Self.secret(in: "/school/lab")
        let site = try Self.saved(secret, in: Self.site())
        #expect(throws: StoreError.self) {
            try site.applying([.group(secret.group, nil)], revision: 9)
        }
        let moved = try site.applying(
            site.edits(moving: try GroupPath("/school"), to: try GroupPath("/college")), revision: 9)
        #expect(moved.contents.secrets[secret.name]?.group.description == "/college/lab")
        #expect(throws: StoreError.self) {
            try Self.saved(Self.secret("other", in: "/school/lab", path: secret.path), in: site)
        }
        #expect(throws: StoreError.self) { try Self.saved(Self.secret(in: "/nowhere"), in: Self.site()) }
    }

    @Test func `each value is a version, and each arming is told apart from the last one`() throws {
        let name = try SecretName("token")
        var site = try Self.saved(Self.secret(arming: .once), value: [1], in: Self.site())
        let first = try #require(site.contents.secrets[name])
        #expect(first.version == 1 && first.armedIn == 8)
        site = try Self.saved(first, value: [2], in: site)
        let second = try #require(site.contents.secrets[name])
        #expect(second.version == 2 && second.armedIn == 8)
        var again = second
        again.armedIn = 0
        site = try Self.saved(again, in: site)
        let third = try #require(site.contents.secrets[name])
        #expect(third.version == 2 && third.armedIn == 10)
        // Undo cannot bring a former value back, and says so.
        #expect(Secret.undoProblem(from: first, to: second) != nil)
        #expect(Secret.undoProblem(from: first, to: nil) != nil)
        #expect(Secret.undoProblem(from: second, to: third) == nil)
        #expect(Secret.undoProblem(from: nil, to: first) == nil)
    }

    @Test func `a record has no value in it, in history or anywhere`() throws {
        let value = Array("open sesame".utf8)
        let secret = try Self.secret()
        let change = try Self.site().checking([.secret(secret.name, secret, value: value)])
        #expect(change.edits.map(\.secrets) == [["value": KeptBytes.text(of: value)]])
        #expect(!"\(String(describing: change.edits[0].record))".contains("sesame"))
        #expect(Secret.sealedSecrets == ["value"])
    }

    @Test func `a node gets the secrets of its own groups, and of one file that of the nearest group`()
        throws
    {
        let all = [
            try Self.secret("site", path: "/run/a"), try Self.secret("school", in: "/school", path: "/run/a"),
            try Self.secret("lab", in: "/school/lab"), try Self.secret("office", in: "/office"),
            try Self.secret("off", arming: .off),
        ]
        func names(_ group: String) throws -> [String] {
            Secret.armed(for: try NodeName("pc-1"), in: try GroupPath(group), fitting: [], of: all)
                .map(\.name.text)
        }
        #expect(try names("/") == ["site"])
        #expect(try names("/school") == ["school"])
        #expect(try names("/school/lab") == ["school", "lab"])
        #expect(try names("/office") == ["site", "office"])
    }

    @Test func `who has had it decides whether it is armed`() throws {
        let none = Secret.Handed(toThisBoot: false, toThisNode: false, toAnyNode: false)
        let other = Secret.Handed(toThisBoot: false, toThisNode: false, toAnyNode: true)
        let before = Secret.Handed(toThisBoot: false, toThisNode: true, toAnyNode: true)
        let now = Secret.Handed(toThisBoot: true, toThisNode: true, toAnyNode: true)
        func armed(_ arming: Secret.Arming) throws -> [Bool] {
            let secret = try Self.secret(arming: arming)
            return [none, other, before, now].map(secret.isArmed)
        }
        #expect(try armed(.off) == [false, false, false, false])
        #expect(try armed(.eachBoot) == [true, true, true, true])
        #expect(try armed(.nextBoot) == [true, true, false, true])
        #expect(try armed(.once) == [true, false, false, true])
    }

    @Test func `a minted password is of its alphabet, never the same, and has no value to set`() throws {
        var generator = SystemRandomNumberGenerator()
        let password = MintedPassword(length: 40, alphabet: "0123456789abcdef")
        let made = (0..<20).map { _ in password.mint(using: &generator) }
        #expect(Set(made).count == 20)
        for bytes in made {
            #expect(bytes.count == 40 && bytes.allSatisfy(Set("0123456789abcdef".utf8).contains))
        }
        for wrong in [
            MintedPassword(length: 7), MintedPassword(length: 257),
            MintedPassword(alphabet: "aaaaaaaaaaaaaa"),
            MintedPassword(alphabet: "abc"), MintedPassword(alphabet: "abcdefghij k"),
        ] {
            var secret = try Self.secret()
            secret.minted = .password(wrong)
            let given = secret
            #expect(throws: InvalidSetting.self) { try Self.saved(given, in: Self.site()) }
        }
        var secret = try Self.secret()
        secret.minted = .password(MintedPassword())
        let minted = secret
        #expect(throws: InvalidSetting.self) { try Self.saved(minted, value: [1], in: Self.site()) }
        let site = try Self.saved(minted, in: Self.site())
        #expect(throws: InvalidSetting.self) { try Self.saved(Self.secret(), in: site) }
    }

    @Test func `secrets are written before init, behind users and before commands`() throws {
        let node = Node(
            name: try NodeName("pc-1"), macAddresses: [Sample.mac],
            settings: ["commands": .map(["a": "before-init -- true"]), "users": .map(["ann": "uid=1001"])])
        let snapshot = FleetSnapshot(revision: 1, nodes: [node], groups: [], images: [])
        var secret = try Self.secret()
        secret.owner = "ann:ann"
        func archive(_ files: [SecretFile]) throws -> [UInt8] {
            configurationArchive(
                of: try NodeContents(
                    for: Sample.mac, being: node, in: snapshot, policy: Sample.policy(),
                    hostKey: { _, _ in HostKeyFiles(privateFile: "", publicLine: "") }), secrets: files)
        }
        func text(_ files: [SecretFile]) throws -> String {
            String(decoding: try archive(files), as: UTF8.self)
        }
        let file = SecretFile(secret, content: Array("open sesame".utf8))
        let whole = try text([file])
        let places = ["users", "open sesame", "chown", "command a"].map { word in
            whole.firstRange(of: word)?.lowerBound ?? whole.startIndex
        }
        #expect(Set(places).count == places.count && !places.contains(whole.startIndex))
        #expect(places == places.sorted())
        #expect(try !text([]).contains("secrets"))
        #expect(
            SecretFile.steps(of: [file]).map(\.acts) == [
                [
                    .write(path: "/run/secrets/token", mode: 0o600, content: Array("open sesame".utf8)),
                    .program(words: ["chown", "-h", "ann:ann", "/run/secrets/token"]),
                ]
            ])
    }

    @Test func `what could not be had is a failed step of its own, without what went wrong in it`() throws {
        let steps = SecretFile.steps(of: [
            SecretFile(try Self.secret("one"), content: [1]), SecretFile(missing: try Self.secret("two")),
        ])
        #expect(steps.map(\.name) == ["secrets", "secret two"])
        #expect(steps.map(\.acts.count) == [1, 1] && steps.allSatisfy { $0.failure == .goOn })
        guard case .program(let words) = steps[1].acts[0] else {
            Issue.record("it is no program")
            return
        }
        #expect(words.last == "the server could not give it: roost secret show two says why")
    }

    @Test func `a secret is for one node or for a rule's nodes, and then nearer than its group's`() throws {
        let (node, rule) = (try NodeName("pc-1"), try RuleName("gpu"))
        var all = [
            try Self.secret("school", in: "/school", path: "/run/a"), try Self.secret("own", path: "/run/a"),
            try Self.secret("ruled", path: "/run/b"),
            try Self.secret("lab", in: "/school/lab", path: "/run/b"),
        ]
        (all[1].node, all[2].rule) = (node, rule)
        let secrets = all
        func names(_ name: String, _ rules: Set<RuleName>) throws -> [String] {
            Secret.armed(
                for: try NodeName(name), in: try GroupPath("/school/lab"), fitting: rules, of: secrets
            ).map(\.name.text).sorted()
        }
        #expect(try names("pc-1", [rule]) == ["own", "ruled"])
        #expect(try names("pc-1", []) == ["lab", "own"])
        #expect(try names("pc-2", [rule]) == ["ruled", "school"])
        // Both have to be there when a secret names them, and a node in the secret's group.
        for secret in secrets[1...2] {
            #expect(throws: StoreError.self) { try Self.saved(secret, in: Self.site()) }
        }
        let site = try Self.site().applying(
            [
                .node(node, Node(name: node, group: try GroupPath("/office"), macAddresses: [])),
                .rule(rule, MatchRule(name: rule, condition: "")),
            ], revision: 8)
        var foreign = secrets[1]
        foreign.group = try GroupPath("/school")
        let wrong = foreign
        #expect(throws: StoreError.self) { try Self.saved(wrong, in: site) }
        let saved = try Self.saved(secrets[2], in: Self.saved(secrets[1], in: site))
        let known = try #require(saved.nodes[node])
        #expect(saved.armedSecrets(for: known).secrets.map(\.name.text).sorted() == ["own", "ruled"])
        #expect(saved.armedSecrets(for: known).rules == [rule])
        // A node or rule that goes leaves a secret that nothing gets.
        let without = try saved.applying([.node(node, nil), .rule(rule, nil)], revision: 11)
        #expect(without.contents.secrets.count == 2)
    }

    @Test func `an arming that returns by undo is the former one, and arms nothing anew`() throws {
        let name = try SecretName("token")
        let armed = try Self.saved(Self.secret(arming: .once), value: [1], in: Self.site())
        var off = try #require(armed.contents.secrets[name])
        (off.arming, off.armedIn) = (.off, 0)
        let disarmed = try Self.saved(off, in: armed)
        let before = try #require(armed.contents.secrets[name])
        let present = try #require(disarmed.contents.secrets[name])
        #expect(present.armedIn == 9)
        let undone = try Self.saved(before.restored(over: present), in: disarmed)
        #expect(undone.contents.secrets[name]?.arming == .once)
        #expect(undone.contents.secrets[name]?.armedIn == before.armedIn)
    }
}
