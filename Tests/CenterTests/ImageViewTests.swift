import API
import Fleet
import Testing
import Wire

@testable import Center

/// Actions on images, volumes and roll-outs, and the views of plans and settings.
@Suite struct ImageViewTests {
    private static let words = PageViewTests.words

    private func digest(_ digit: String) throws -> Digest {
        try #require(Digest(String(repeating: digit, count: 64)))
    }

    private func version(_ number: Int, channels: [ChannelName]) throws -> VersionAnswer {
        let image = try ImageName("debian")
        return VersionAnswer(
            image: image, number: number, digest: try digest("\(number)"), publishedAt: 0, publishedBy: "ann",
            channels: channels, openConnections: 0,
            manifest: ImageManifest(
                image: image, architecture: "amd64", kernelRelease: "6.1", system: "Debian", files: [],
                packages: [], origin: "test"), tags: [.stable], signatures: [], isTrusted: number != 1)
    }

    private func image(mayPublish: Bool, former: Int? = 1) throws -> ImagesView.Image {
        let image = ImageCatalogue(
            name: try ImageName("debian"), versions: [], channels: [.stable: 2],
            formers: former.map { [.stable: $0] } ?? [:])
        let details = Acts.ImageDetails(
            image: image, versions: [try version(1, channels: []), try version(2, channels: [.stable])],
            uses: [
                try digest("1"): .init(unreported: 3),
                try digest("2"): .init(next: 1_007, running: 5, failed: 2),
            ], verdicts: [1: false],
            copies: [])
        return ImagesView.Image(details, mayPublish: mayPublish, Self.words)
    }

    @Test
    func `a version can be removed while no channel has it, and rights decide which actions are offered`()
        throws
    {
        let image = try image(mayPublish: true)
        #expect(image.table.rows.map(\.number) == [2, 1])
        #expect(image.table.rows.map { $0.removal != nil } == [false, true])
        #expect(image.table.rows.map(\.bootsNext?.label) == ["1,007", nil])
        #expect(image.table.rows[0].runs?.path == "/nodes?q=booted%3Ddebian%402%20state%3Dready")
        #expect(image.table.rows[0].fails?.path == "/nodes?q=booted%3Ddebian%402%20state%3Dfailed")
        #expect(image.table.rows.map(\.unreported) == [nil, "not reported"])
        #expect(image.table.rows.map(\.test) == [nil, "failed"])
        let texts = try [true, false].map { mayPublish in
            let rights = ImagesView.Rights(mayPublish: mayPublish, canBuild: true)
            return try PageViewTests.shown(
                ImagesView(
                    [try self.image(mayPublish: mayPublish)], builds: [], sources: [], rollouts: [],
                    suite: "bookworm", isNew: false, rights, Self.words))
        }
        for path in ["rollback", "remove", "tag", "promote", "verify", "keep"] {
            #expect(texts[0].contains(#"action="/images/debian/\#(path)""#), "\(path)")
            #expect(!texts[1].contains(#"action="/images/debian/\#(path)""#), "\(path)")
        }
        let button = #"<a class="button" href="/images?new=yes">New image</a>"#
        #expect(texts[0].contains(button) && !texts[1].contains(button))
        // Both ways to a new one are behind it; where there is none yet, at once.
        let command = #"id="import-command""#
        let open = try [true, false].map { mayPublish in
            try PageViewTests.shown(
                ImagesView(
                    [try self.image(mayPublish: mayPublish)], builds: [], sources: [], rollouts: [],
                    suite: "bookworm", isNew: true,
                    ImagesView.Rights(mayPublish: mayPublish, canBuild: true), Self.words))
        }
        let form = "Build a Debian image"
        #expect(open[0].contains(command) && open[0].contains(form) && !open[0].contains(button))
        #expect(!open[1].contains(command) && !open[1].contains(form))
        #expect(!texts[0].contains(command) && !open[0].contains("roost image build"))
        // Beside them there is no list.
        #expect(open.map { $0.contains("not signed: not served") } == [false, true])
        let empty = try PageViewTests.shown(
            ImagesView(
                [], builds: [], sources: [], rollouts: [], suite: "bookworm", isNew: false,
                ImagesView.Rights(mayPublish: true, canBuild: false), Self.words))
        #expect(empty.contains(command) && empty.contains("roost image build") && empty.contains(button))
        #expect(texts.allSatisfy { $0.contains("not signed: not served") })
    }

    @Test func `a channel is rolled back only to a version that is there`() throws {
        let offers = try [1, nil, 7].map {
            try image(mayPublish: true, former: $0).channels.first?.rollback != nil
        }
        #expect(offers == [true, false, false])
    }

    @Test func `an open volume can only be reset`() throws {
        func actions(_ open: Int, _ kind: Volume.Kind, _ snapshots: [SnapshotAnswer]?) throws
            -> VolumesView.Actions?
        {
            let volume = Volume(
                node: try NodeName("pc-1"), kind: kind, image: try ImageName("debian"), version: 1,
                digest: try digest("1"), byteCount: 1, createdAt: 0, generation: 1)
            let answer = VolumeAnswer(
                volume, usedByteCount: nil, openConnections: open, snapshots: snapshots)
            return VolumesView.Row(answer, snapshots: snapshots, Self.words).actions
        }
        let snapshot = SnapshotAnswer(name: "before", takenAt: 0, usedByteCount: 0)
        let (closed, open) = (try actions(0, .disk, [snapshot]), try actions(1, .disk, []))
        #expect(
            closed?.menu.actions.map(\.path) == ["/volumes/pc-1/remove", "/volumes/pc-1/restore"])
        #expect(closed?.takesSnapshots == true && closed?.hasSnapshots == true)
        #expect(open?.menu.actions.isEmpty == true && open?.takesSnapshots == false)
        #expect(try actions(0, .disk, nil) == nil)
    }

    @Test func `the actions on a roll-out depend on its state`() throws {
        let nodes = try (1...600).map { try NodeName("pc-\($0)") }
        var rollout = Rollout(
            id: 4, image: try ImageName("debian"), channel: .stable, candidate: 2, former: 1, share: "5%",
            terms: Rollout.Terms(), startedAt: 0, startedBy: "ann", canaries: nodes)
        func answer(_ canaries: [Rollout.Canary]) -> RolloutAnswer {
            var answer = RolloutAnswer(rollout)
            answer.canaries = canaries
            return answer
        }
        func actions(maySteer: Bool = true) -> [String] {
            RolloutView(answer([]), maySteer: maySteer, Self.words).menu.actions.map(\.path)
        }
        #expect(actions() == ["/rollouts/4/pause", "/rollouts/4/abort"])
        #expect(actions(maySteer: false) == [])
        let view = RolloutView(answer(rollout.canaries), maySteer: true, Self.words)
        #expect(view.canaries.rows.count == 500 && view.more == 100)
        #expect(view.bar.map(\.width) == [1_000, 0, 0, 0] && view.state.kind == "booting")
        #expect(RolloutView(answer([]), maySteer: true, Self.words).more == nil)
        rollout.abort(because: "enough", at: 1)
        #expect(actions() == [])
        let list = RolloutsView([answer([])], next: 4, mayStart: true, Self.words)
        #expect(list.next == 4 && list.table?.rows.map(\.reason) == ["enough"])
        #expect(RolloutsView([], next: nil, mayStart: false, Self.words).table == nil)
    }

    @Test func `a plan shows its effects, and can be saved unless there is nothing to save`() throws {
        let name = try NodeName("pc-1")
        let edits = [
            FleetEdit.node(
                name, Node(name: name, group: .site, macAddresses: [MACAddress(rawValue: 0x5254_0000_0001)]))
        ]
        let plan = try ChangePlan(of: edits, in: .empty)
        let saving = PlanView.Saving(change: "{}", revision: 3)
        let view = PlanView(plan, saving, back: "/nodes?q=a", Self.words)
        #expect(view.more == nil && view.count == 1)
        #expect(view.saving?.hidden.map(\.value) == ["{}", "3", "/nodes?q=a"])
        let text = try PageViewTests.shown(view)
        #expect(text.contains(#"<a class="button quiet" href="/nodes?q=a">Leave it as it is</a>"#))
        #expect(!text.contains("and more that are not shown"))
    }

    @Test func `a secret is not shown, only whether it is set`() throws {
        let secret = try #require(SettingDefinition.all.first { $0.isSecret && $0.kind == .text })
        let own: [String: SettingValue] = [secret.name: .text("hunter2")]
        let effective = EffectiveSettings(levels: [(.productDefault, own)])
        let view = SettingFieldsView(SettingDefinition.all, own: own, effective: effective, Self.words)
        let field = try #require(view.settings.first { $0.name == secret.name })
        #expect(field.now == nil && field.line?.own == "(set)" && field.isSet)
        #expect(!(try PageViewTests.shown(view)).contains("hunter2"))
        // Each has exactly one input.
        for one in view.settings {
            let ways = [one.choice != nil, one.number != nil, one.line != nil, one.lines != nil]
            #expect(ways.count { $0 } == 1, "\(one.name)")
        }
    }

    @Test func `an administrator's form depends on their source of authentication`() {
        let names = Administrator.Source.allCases.map { source in
            var one = Administrator(name: "ann", grants: [Grant(.admin)])
            one.source = source
            let answer = AdministratorAnswer(one, tokens: [])
            let row = AdministratorsView.Row(answer, isOwn: source == .local, Self.words)
            #expect(row.state?.text == "active" && row.last == nil && row.isOwn == (source == .local))
            let other = AdministratorsView.Row(answer, Self.words)
            #expect(other.state?.text == (source == .local ? "never logged in" : "active"))
            // One who never logged in has the way to another password, where it is here.
            #expect((row.invitation?.path == "/administrators?name=ann#password") == (source == .local))
            #expect(row.secondFactor == (source == .oidc ? "up to the log-in provider" : "no"))
            return AdministratorForm(
                Saved(record: answer, tag: "", revision: 1), isOwn: false, groups: [.site], Self.words
            ).fields.map(\.name)
        }
        #expect(
            names == [
                ["full", "password", "disabled"], ["full", "disabled"], ["full", "subject", "disabled"],
            ])
    }

    @Test func `roles are picked with their groups, and a refused form comes back as it was filled in`()
        throws
    {
        let one = Administrator(name: "ann", grants: [Grant(.helpdesk)])
        let saved = Saved(record: AdministratorAnswer(one, tokens: []), tag: "1", revision: 1)
        let groups = [GroupPath.site, try GroupPath("/school")]
        let stored = AdministratorForm(saved, isOwn: false, groups: groups, Self.words)
        // The last row is for one more.
        #expect(stored.grants.map { $0.roles.first(where: \.isChosen)?.text } == ["helpdesk", ""])
        let typed = try #require(
            Form("role.0=operator&place.0=/school&role.1=&place.1=/&role.2=auditor&place.2=/&full=Ann"))
        #expect(GrantFields.grants(typed) == ["operator@/school", "auditor"])
        let again = AdministratorForm(
            saved, isOwn: false, groups: groups, typed: typed, failure: "no", Self.words)
        #expect(again.grants.map { $0.groups.first(where: \.isChosen)?.value } == ["/school", "/", "/"])
        #expect(again.grants[1].groups.map(\.text) == ["whole site", "/school"])
        #expect(again.fields.first?.input?.value == "Ann" && again.failure == "no")
        let line = try #require(Form("grants=auditor@/a+helpdesk"))
        #expect(GrantFields.grants(line) == ["auditor@/a", "helpdesk"])
    }
}
