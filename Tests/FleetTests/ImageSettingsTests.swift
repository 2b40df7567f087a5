import Foundation
import Testing
import Wire

@testable import Fleet

/// Settings of images and versions: their place among the levels, and what they may not decide.
@Suite struct ImageSettingsTests {
    private let image: ImageName
    private let node: NodeName

    init() throws {
        image = try ImageName("debian")
        node = try NodeName("pc-1")
    }

    private func edit(_ settings: [String: SettingValue], of version: Int? = nil) -> FleetEdit {
        .imageSettings(ImageScope(image, version: version), ImageSettings(image, version: version, settings))
    }

    private func settings(_ snapshot: FleetSnapshot) -> EffectiveSettings {
        snapshot.settings(of: snapshot.nodes[node])
    }

    @Test func `an image is stronger than groups and weaker than rules, and a version than its image`()
        throws
    {
        let words = Settings.kernelArguments.name
        let rule = MatchRule(
            name: try RuleName("all"), condition: "", settings: [words: .list(["rule"])])
        let base = try Sample.snapshot(
            nodeSettings: [words: .list(["node"])], site: [words: .list(["site"])])
        let snapshot = try base.applying(
            [
                .rule(rule.name, rule), edit([words: .list(["image"])]),
                edit([words: .list(["version"])], of: 1), edit([words: .list(["other"])], of: 2),
            ], revision: 2)
        let setting = settings(snapshot)[Settings.kernelArguments.definition]
        #expect(setting.value == .list(["site", "image", "version", "rule", "node"]))
        #expect(
            setting.hidden.map(\.origin.description)
                == ["rule all", "image debian@1", "image debian", "site", "default"])
        // Unknown machines boot the image, too.
        #expect(
            snapshot.settings(of: nil)[Settings.kernelArguments]?.map(\.settingText)
                == ["site", "image", "version"])
        // A group's own page is about no image.
        #expect(
            snapshot.settings(of: GroupPath.site)[Settings.kernelArguments]?.map(\.settingText) == ["site"])
    }

    @Test func `the level is that of the version that the node boots: by channel, number, or trial`() throws {
        let zone = Settings.timeZone.name
        let snapshot = try Sample.snapshot().applying(
            [edit([zone: .text("Europe/Lisbon")], of: 1), edit([zone: .text("Europe/Athens")], of: 2)],
            revision: 2)
        func now(_ snapshot: FleetSnapshot) -> String? {
            settings(snapshot)[Settings.timeZone]?.settingText
        }
        #expect(now(snapshot) == "Europe/Lisbon")
        let moved = try snapshot.applying([.channel(image, .stable, 2)], revision: 3)
        #expect(now(moved) == "Europe/Athens")
        var record = try #require(snapshot.nodes[node])
        record.settings = ["image": .text("debian@2")]
        let pinned = try snapshot.applying([.node(node, record)], revision: 3)
        #expect(now(pinned) == "Europe/Athens")
        let rollout = Rollout(
            id: 1, image: image, channel: .stable, candidate: 2, former: 1, share: "1",
            terms: Rollout.Terms(),
            startedAt: 1, startedBy: "ann", canaries: [node])
        let tried = try snapshot.applying([.rollout(rollout)], revision: 3)
        #expect(now(tried) == "Europe/Athens")
        #expect(tried.settings(of: nil)[Settings.timeZone]?.settingText == "Europe/Lisbon")
    }

    @Test func `the kernel line and the configuration of a boot are those of its version`() throws {
        let snapshot = try Sample.snapshot().applying(
            [
                edit([Settings.kernelArguments.name: .list(["of-image"])]),
                edit([Settings.kernelArguments.name: .list(["of-version"])], of: 1),
            ], revision: 2)
        let plan = bootPlan(
            for: BootIdentity(macAddress: Sample.mac), in: snapshot, under: Sample.policy())
        #expect(plan.commandLine.contains("of-image") && plan.commandLine.contains("of-version"))
    }

    @Test func `a rescue image boots with its own settings`() throws {
        let other = try ImageName("rescue")
        var contents = try Sample.snapshot(nodeSettings: [
            "image": .text("debian"), "rescue-image": .text("rescue@1"), "boot-brake": .integer(1),
        ]).contents
        contents.images[other] = ImageCatalogue(
            name: other, versions: [try Sample.version("rescue", 1, "c")], channels: [.stable: 1])
        let snapshot = try FleetSnapshot(revision: 1, contents: contents).applying(
            [
                edit([Settings.kernelArguments.name: .list(["of-debian"])]),
                .imageSettings(
                    ImageScope(other),
                    ImageSettings(other, [Settings.kernelArguments.name: .list(["of-rescue"])])),
            ], revision: 2
        ).observing {
            $0.troubles[Sample.mac] = BootTrouble(
                version: Sample.digest("a"), failedBoots: 1, lastBootAt: 0, detail: "")
        }
        let plan = bootPlan(
            for: BootIdentity(macAddress: Sample.mac), in: snapshot, under: Sample.policy())
        #expect(plan.commandLine.contains("of-rescue") && !plan.commandLine.contains("of-debian"))
    }

    @Test(
        arguments: [
            ("image", "debian", nil), ("image", "debian", 1), ("rescue-image", "debian", 1),
            ("root-mode", "ram", 1), ("volume-policy", "reset", 1), ("enrolment", "refuse", nil),
            ("overlay-size", "0%", nil), ("no-such", "x", nil),
        ] as [(String, String, Int?)])
    func `what decides about the version is not its to set, and nothing invalid is stored`(
        name: String, value: String, version: Int?
    ) throws {
        let snapshot = try Sample.snapshot()
        #expect(throws: InvalidSetting.self) {
            try snapshot.applying([edit([name: .text(value)], of: version)], revision: 2)
        }
    }

    @Test func `an image may choose how its root comes`() throws {
        let snapshot = try Sample.snapshot().applying([edit(["root-mode": .text("ram")])], revision: 2)
        #expect(settings(snapshot)[Settings.rootMode] == .ram)
        #expect(settings(snapshot).origin(of: Settings.rootMode) == .image(image))
    }

    @Test func `images and versions that are not there have no settings`() throws {
        let snapshot = try Sample.snapshot()
        let missing = try ImageName("missing")
        for scope in [ImageScope(missing), ImageScope(image, version: 9)] {
            #expect(throws: StoreError.self) {
                try snapshot.applying(
                    [.imageSettings(scope, ImageSettings(scope.image, version: scope.version))], revision: 2)
            }
        }
        #expect(throws: StoreError.self) {
            try snapshot.applying([.imageSettings(ImageScope(image), nil)], revision: 2)
        }
    }

    @Test func `what is wrong in a store counts for nothing, and is told`() throws {
        var contents = try Sample.snapshot().contents
        ImageSettings.put(
            ImageSettings(image, version: 1, ["image": .text("other"), "overlay-size": .text("lots")]),
            at: ImageScope(image, version: 1), in: &contents)
        let snapshot = FleetSnapshot(revision: 1, contents: contents)
        #expect(snapshot.version(for: settings(snapshot))?.number == 1)
        #expect(settings(snapshot)[Settings.image] == .some(nil))
        let plan = bootPlan(
            for: BootIdentity(macAddress: Sample.mac), in: snapshot, under: Sample.policy())
        guard case .nothing(let text) = plan.target else {
            Issue.record("it boots")
            return
        }
        #expect(text.english.contains("overlay-size of image debian@1"))
        #expect(snapshot.settingProblems(limit: 9).contains { $0.contains("image debian@1") })
    }

    @Test func `the plan of a change, and its undo, are those of other records`() throws {
        let before = try Sample.snapshot()
        let change = edit(["time-zone": .text("Europe/Lisbon")])
        let plan = try ChangePlan(of: [change], in: before)
        #expect(plan.nodeCount == 1 && plan.counts == ["time-zone": 1])
        #expect(plan.nodes.first?.settings.first?.origin == "image debian")
        #expect(plan.edits == ["settings of image debian changed: time-zone"])
        let after = try before.applying([change], revision: 2)
        let undone = try after.applying([change.inverse(in: before)], revision: 3)
        #expect(undone.images[image]?.settings == nil)
        // A version of another number that nodes get by promotion shows what changes on them.
        let set = try before.applying([edit(["time-zone": .text("Europe/Athens")], of: 2)], revision: 2)
        let promotion = try ChangePlan(of: [.channel(image, .stable, 2)], in: set)
        #expect(promotion.counts == ["time-zone": 1, "version": 1])
    }

    @Test func `secrets do not travel, and what a person sends follows no server`() throws {
        let record = ImageSettings(
            image, ["root-password-hash": .text("$6$x"), "locale": .text("pt_PT.UTF-8")],
            source: "https://one")
        #expect(record.travelling == ["locale": .text("pt_PT.UTF-8")])
        #expect(ImageSettings(image, ["root-password-hash": .text("$6$x")]).travelling == nil)
        let shown = try JSONDecoder().decode(ImageSettings.self, from: JSONEncoder().encode(record))
        #expect(shown.settings["root-password-hash"] == RecordSettings.hidden)
        let back = shown.revealed(by: record)
        #expect(back.settings == record.settings && back.source == nil)
    }

    @Test func `ten thousand nodes find the settings of their version`() throws {
        var contents = try Sample.snapshot().contents
        for number in 0..<10_000 {
            let name = try NodeName("pc-\(number)")
            contents.nodes[name] = Node(name: name, group: try GroupPath("/school"), macAddresses: [])
        }
        let plain = FleetSnapshot(revision: 1, contents: contents)
        let set = try plain.applying(
            [edit(["locale": .text("pt_PT.UTF-8")]), edit(["time-zone": .text("Europe/Lisbon")], of: 1)],
            revision: 2)
        let clock = ContinuousClock()
        let taken = clock.measure {
            for node in set.nodes.values { _ = set.settings(of: node)[Settings.locale] }
        }
        // A debug build on a busy host; the limit of a release is tenfold lower.
        #expect(taken < .seconds(10))
    }
}
