import API
import Fleet
import HTTPTypes
import Testing

@testable import Center

/// The pages of settings, secrets, rules, access and files, and the first steps.
@Suite struct ConfigurationPageTests {
    private static let words = PageViewTests.words

    // MARK: First steps

    private func firstSteps(
        ready: Int, hasComeUp: Bool = true, images: [String] = ["tiny"], networks: [NetworkAnswer] = [],
        hasChosen: Bool = false, hasNodes: Bool = false
    ) throws -> String {
        let steps = Acts.FirstSteps(
            roles: [], networks: networks, images: try images.map { try ImageName($0) }, readyCount: ready,
            ready: ready > 0 ? try NodeName("office-01") : nil, hasComeUp: hasComeUp, booting: [],
            unknown: [], enrolment: .quarantine, hasChosen: hasChosen, hasNodes: hasNodes)
        let facts = WizardView.Facts(steps: steps, builds: [], canBuild: false, suite: "bookworm")
        return try PageViewTests.shown(WizardView(facts, mayPublish: true, mayEdit: true, Self.words))
    }

    @Test func `the first steps count the machines that are ready, and name a single one`() throws {
        #expect(try firstSteps(ready: 271).contains(">271 machines are ready.<"))
        #expect(try firstSteps(ready: 1).contains(">office-01 is ready.<"))
        #expect(try firstSteps(ready: 0).contains("none is ready now"))
        #expect(try firstSteps(ready: 0, hasComeUp: false).contains("Switch a machine on"))
        // Without a network, its step is open.
        #expect(try firstSteps(ready: 1).contains(#"<details id="network" open>"#))
        #expect(try firstSteps(ready: 1).contains(">The image tiny is published.<"))
        #expect(
            try firstSteps(ready: 1, images: ["tiny", "debian"]).contains(
                ">2 images are published: debian, tiny<"))
    }

    @Test func `the first steps are done with the choice what an unknown machine gets, not before`()
        async throws
    {
        let fleet = try await SmallFleet()
        let networks = try await Acts(services: fleet.services, caller: .local).networks()
        try #require(!networks.isEmpty)
        let open = try firstSteps(ready: 1, networks: networks)
        #expect(!open.contains("All set.") && open.contains(##"One choice is left: <a href="#choice">"##))
        #expect(open.contains(#"<details id="choice" open>"#))
        let done = try firstSteps(ready: 1, networks: networks, hasChosen: true)
        #expect(done.contains("All set.") && !done.contains("One choice is left"))
        #expect(done.contains(#"<details id="choice"><summary>"#))
        #expect(done.contains(#"<span class="good">Unknown machines wait until they are approved.</span>"#))
        // What an open door means is said where there are machines to protect.
        #expect(!open.contains("Any machine that is plugged in"))
        #expect(try firstSteps(ready: 1, hasNodes: true).contains("Any machine that is plugged in"))
    }

    @Test func `what an unknown machine gets is chosen once it is set`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        let before = try await acts.firstSteps()
        #expect(!before.hasChosen && before.hasNodes)
        #expect(try await fleet.page("/wizard", "enrolment=open").status == 303)
        let steps = try await acts.firstSteps()
        #expect(steps.hasChosen && steps.enrolment == .open)
    }

    @Test func `the first steps look at all nodes, not at a page of them`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin, in: .site)], proof: .token(1)))
        let (steps, figures) = (try await acts.firstSteps(), try await acts.figures())
        #expect(steps.readyCount == figures.states[.ready])
        #expect(steps.booting.count <= 10)
    }

    // MARK: Lists with a form

    @Test(arguments: [
        ("/secrets", "New secret"), ("/rules", "New rule"), ("/tokens", "New token"),
        ("/hooks", "New web hook"),
    ])
    func `a list has a button that opens its form, and the form a way back`(path: String, label: String)
        async throws
    {
        let fleet = try await SmallFleet()
        let list = try await fleet.page(path).body
        #expect(list.contains(#"<a class="button" href="\#(path)?new=yes">\#(label)</a>"#))
        #expect(!list.contains(" autofocus"))
        let open = try await fleet.page("\(path)?new=yes").body
        #expect(open.contains(#"<a class="button quiet" href="\#(path)">Cancel</a>"#))
        #expect(!open.contains(#"href="\#(path)?new=yes""#) && open.contains(" autofocus"))
    }

    @Test func `a form that was refused stays open with what was typed, but for a secret value`() async throws
    {
        let fleet = try await SmallFleet()
        let refused = [
            ("/secrets", "name=fresh&group=/school&kind=x509&days=many&value=hunter2", #"value="fresh""#),
            ("/rules/edit", "new=yes&name=big&priority=many&condition=memory&settings=a", #"value="big""#),
            (
                "/hooks", "url=ftp://chat.example&kinds.crash=yes&group=/",
                #"name="kinds.crash" value="yes" checked"#
            ),
            ("/boards", "name=hall&group=/school&days=-1", #"value="hall""#),
            (
                "/tokens", "name=mine&days=-1&role.0=auditor&place.0=/school",
                "<option selected>auditor</option>"
            ),
        ]
        for (path, form, typed) in refused {
            let answer = try await fleet.page(path, form)
            #expect(answer.status == 422, "\(path)")
            #expect(answer.body.contains(#"class="problem" role="alert""#), "\(path)")
            #expect(answer.body.contains(typed) && !answer.body.contains("hunter2"), "\(path)")
        }
    }

    @Test func `a rule whose change was refused is open with what was typed`() throws {
        let rule = MatchRule(
            name: try RuleName("big"), priority: 3, condition: "memory > 8 GiB", settings: [:])
        let other = MatchRule(name: try RuleName("old"), priority: 1, condition: "vendor = HP", settings: [:])
        let typed = try #require(Form("name=big&priority=7&condition=memory+%3E&settings="))
        let view = RulesView(
            [(rule, 4), (other, 0)], mayEdit: true, isNew: false, open: "big", typed: typed, failure: "no",
            Self.words)
        #expect(view.form?.heading == "big" && view.form?.fields[0].input?.value == "memory >")
        #expect(view.form?.fields[1].input?.value == "7" && !view.mayAdd)
        // The list has what is stored.
        #expect(view.table?.rows.map(\.priority) == [3, 1])
        #expect(view.table?.rows.map(\.fitting?.path) == ["/nodes?q=memory%20%3E%208%20GiB", nil])
        #expect(
            try PageViewTests.shown(view).contains(#"<span class="state booting">matches no node</span>"#))
        let readers = RulesView([(rule, 4)], mayEdit: false, isNew: false, open: "big", Self.words)
        #expect(readers.form == nil && readers.table?.rows[0].edit == nil && !readers.mayAdd)
    }

    @Test func `boxes and words name the same kinds of events, and each kind has a phrase`() throws {
        for form in ["kinds=crash+lost", "kinds=crash,lost", "kinds.crash=yes&kinds.lost=yes"] {
            #expect(try HooksView.kinds(#require(Form(form))) == ["crash", "lost"])
        }
        let words = Words.of(.greek)
        #expect(EventKind.allCases.filter { !words.has($0.meaning) } == [])
    }

    @Test func `a web hook gets those events that are ticked, or all, and the form begins with problems`()
        throws
    {
        #expect(try HooksView.kinds(#require(Form("all=yes&kinds.crash=yes"))) == [])
        #expect(throws: Problem.self) { try HooksView.kinds(#require(Form("label=chat"))) }
        // Each kind that happens is offered once.
        let offered = HooksView.sections.flatMap(\.kinds)
        #expect(Set(offered) == Set(EventKind.allCases).subtracting([.test]))
        #expect(offered.count == EventKind.allCases.count - 1)
        let view = HooksView([], failure: nil, groups: [], Self.words)
        let parts = try #require(view.added?.parts)
        #expect(parts.map(\.isFolded) == [false, true, true])
        let ticked = parts.flatMap(\.fields).filter { $0.box?.isTicked == true }.map(\.name)
        #expect(Set(ticked) == Set(EventKind.problems.map { "kinds.\($0.rawValue)" }))
        #expect(ticked.suffix(2) == ["kinds.trouble", "kinds.trouble-over"])
        // The words of a refused form are there again, its secret is not.
        let typed = try #require(Form("key=not-shown-again-1&kinds.boot=yes"))
        let again = try #require(HooksView([], failure: "no", groups: [], typed: typed, Self.words).added)
        #expect(again.fields.first { $0.name == "key" }?.input?.value == nil)
        #expect(again.parts.map(\.isOpen) == [false, true, false])
    }

    @Test func `a test of a web hook says how it went, on its page and in the answer`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        let made = try await acts.makeWebHook(WebHookRequest(label: "chat", url: "http://127.0.0.1:9/x"))
        let answer = try await acts.testWebHook(named: made.reference)
        #expect(answer.isHealthy == false && answer.lastAt != nil && answer.label == "chat")
        let page = try await fleet.page("/hooks/\(made.reference)/test", "")
        #expect(page.status == 200)
        let told = #"Test of <strong>chat</strong>: <span class="state failed">not delivered<"#
        #expect(page.body.contains(told) && !page.body.contains("shown this once"))
    }

    @Test func `a web hook can be tested as soon as it is made, and its secret stays on the page`()
        async throws
    {
        let fleet = try await SmallFleet()
        let made = try await fleet.page("/hooks", "label=chat&url=http://127.0.0.1:9/x&all=yes&group=/")
        let part = made.body.split(separator: #"<code id="secret">"#).last?.split(separator: "<").first
        let secret = try #require(part.map(String.init))
        #expect(made.body.contains(#"<input type="hidden" name="secret" value="\#(secret)">"#))
        let path = try #require(
            made.body.split(separator: "\"").first { $0.hasPrefix("/hooks/") && $0.hasSuffix("/test") })
        let tested = try await fleet.page(String(path), "secret=\(Escape.component(secret))")
        #expect(tested.body.contains(#"<code id="secret">\#(secret)</code>"#))
        #expect(tested.body.contains("not delivered"))
    }

    @Test func `fields offer the groups, nodes and rules that there are`() async throws {
        let fleet = try await SmallFleet()
        let page = try await fleet.page("/secrets?new=yes").body
        let lists = page.split(separator: #"<datalist id="node-names">"#)
        #expect(lists.count == 2 && lists.last?.contains(#"<option value="pc-1">"#) == true)
        #expect(page.contains(#"list="node-names""#) && page.contains(#"<option value="/school">/school<"#))
        for path in ["/hooks?new=yes", "/boards?new=yes"] {
            #expect(try await fleet.page(path).body.contains(#"<option value="/school">"#))
        }
        // What a link asks for is in the form at once.
        let board = try await fleet.page("/boards?group=/school").body
        #expect(board.contains(#"<option value="/school" selected>/school<"#))
    }

    @Test func `a group that was refused is not exchanged for another one`() throws {
        let typed = try #require(Form("group=/gone"))
        let field = FieldView.group(["/", "/school"], first: "/", typed: typed, Self.words)
        #expect(field.choice?.options.map(\.text) == ["whole site", "/school", "/gone"])
        #expect(field.choice?.options.map(\.isChosen) == [false, false, true])
        let fresh = FieldView.group(["/", "/school"], first: "/school", typed: nil, Self.words)
        #expect(fresh.choice?.options.map(\.isChosen) == [false, true])
    }

    @Test func `the path of a secret is in sight, the rest of its file is folded`() throws {
        let view = SecretsView(
            [], failure: nil, mayAdd: true, offer: .init(group: .site, hasReceiver: true), Self.words)
        let parts = try #require(view.added?.parts)
        #expect(parts.map(\.isFolded) == [false, false, true])
        #expect(parts[0].fields.contains { $0.name == "path" && $0.hint?.hasSuffix("/NAME") == true })
        #expect(parts[2].fields.map(\.name) == ["mode", "owner"] && view.added?.cancel == "/secrets")
    }

    @Test func `administrators are listed with their groups, and the caller's own is marked`() async throws {
        let page = try await SmallFleet().page("/administrators").body
        #expect(page.contains(#"<strong>admin-site</strong></a> <span class="tag">you</span>"#))
        #expect(page.split(separator: ">you<").count == 2 && page.contains(" · /school</span>"))
        #expect(page.contains("Last log-in") && page.contains(#"<span class="state ready">active<"#))
    }

    @Test func `a token that ends within two weeks is marked`() async throws {
        for (days, isMarked) in [(7, true), (90, false), (0, false)] {
            let fleet = try await SmallFleet()
            let before = try await fleet.page("/tokens").body.split(separator: ">soon<").count
            _ = try await fleet.page("/tokens", "name=mine&days=\(days)")
            let after = try await fleet.page("/tokens").body.split(separator: ">soon<").count
            #expect(after - before == (isMarked ? 1 : 0), "\(days)")
            // The minute in which it was made may be over.
            let page = try await fleet.page("/tokens").body
            #expect(days != 90 || page.contains(">ends in 89 d ") || page.contains(">ends in 90 d "))
        }
    }

    @Test func `a secret for web hooks has nothing that is for nodes`() async throws {
        let fleet = try await SmallFleet()
        let form = "name=chat&for=hooks&receiver=https://chat.example&as=base64&base64=AP8%3D&value=word"
        let rest = "group=/school&arming=each-boot&kind=password"
        let made = try await fleet.page("/secrets", "\(form)&\(rest)")
        #expect(made.status == 303, "\(made.body)")
        let secret = fleet.services.fleet.snapshot.contents.secrets[try SecretName("chat")]
        #expect(secret?.receiver == "https://chat.example" && secret?.arming == .off)
        #expect(secret?.group == .site && secret?.minted == nil)
        let list = try await fleet.page("/secrets").body
        #expect(list.contains("for web hooks") && list.contains("armed: each boot"))
    }

    @Test func `an empty list says so, with the button for those who may`() throws {
        for mayAdd in [true, false] {
            let shown = try PageViewTests.shown(
                SecretsView([], failure: nil, mayAdd: mayAdd, offer: nil, Self.words))
            #expect(shown.contains("There is no secret yet.") && !shown.contains("<table"))
            #expect(shown.contains("New secret") == mayAdd)
        }
    }

    // MARK: Settings

    @Test func `every setting has a section, and a section begins where its first setting is`() throws {
        let all = SettingDefinition.all
        let view = SettingFieldsView(
            all, own: [:], effective: EffectiveSettings(levels: []), Self.words)
        #expect(view.sections.map(\.title) == SettingFieldsView.sectionStarts.map(\.title))
        #expect(
            view.sections.map { $0.settings.first?.name } == SettingFieldsView.sectionStarts.map(\.first))
        #expect(view.sections.map(\.total).reduce(0, +) == all.count)
        #expect(Set(view.sections.map(\.id)).count == view.sections.count && view.hasIndex)
        let page = try PageViewTests.shown(view)
        for section in view.sections {
            #expect(
                page.contains(##"<a href="#\##(section.id)">"##)
                    && page.contains(#"<h2 id="\#(section.id)">"#))
        }
        let few = SettingFieldsView(
            [all[0]], own: [:], effective: EffectiveSettings(levels: []), Self.words)
        #expect(!few.hasIndex)
    }

    @Test func `units, and what holds without a value, are phrases in all languages`() {
        let words = Words.of(.greek)
        let texts = SettingDefinition.all.flatMap { [$0.unit, $0.unset] }
        #expect(Set(texts).filter { !$0.isEmpty && !words.has($0) } == [])
    }

    @Test func `every setting has a title that is a phrase in all languages`() {
        let words = Words.of(.greek)
        #expect(SettingDefinition.all.filter { $0.title.map { !words.has($0) } ?? true }.map(\.name) == [])
        let titles = SettingDefinition.all.compactMap(\.title)
        #expect(Set(titles).count == titles.count)
    }

    @Test func `a row says the value and where it comes from, and a section what is set here`() throws {
        let own: [String: SettingValue] = ["time-zone": .text("Europe/Athens")]
        let effective = EffectiveSettings(levels: [
            (.group(.site), ["loader": .text("grub")]), (.group(try GroupPath("/school")), own),
        ])
        let view = SettingFieldsView(SettingDefinition.all, own: own, effective: effective, Self.words)
        let rows = Dictionary(uniqueKeysWithValues: view.settings.map { ($0.name, $0) })
        #expect(rows["time-zone"]?.value == "Europe/Athens" && rows["time-zone"]?.source.kind == "here")
        #expect(rows["loader"]?.source.text == "site" && rows["loader"]?.source.kind == "inherited")
        #expect(rows["keymap"]?.value == "as in the image" && rows["keymap"]?.source.kind == "off")
        #expect(view.sections.compactMap(\.here) == ["1 set here"])
        // A number has its unit, and no value what holds then.
        #expect(rows["session-history"]?.value == "30 days" && rows["ssh-host-key"]?.value == "1")
        #expect(rows["swap"]?.value == "no entry" && rows["pool"]?.value == "not set")
        let page = try PageViewTests.shown(view)
        #expect(page.contains("<strong>Time zone</strong> <code>time-zone</code>"))
        #expect(!page.contains(#"id="setting-time-zone" open"#))
    }

    @Test func `settings that were refused come back as they were typed, and open`() async throws {
        let fleet = try await SmallFleet()
        for (back, heading) in [("/settings", "<h1>Settings</h1>"), ("/groups", "<h1>/school</h1>")] {
            let path = back == "/settings" ? "/" : "/school"
            let form =
                "path=\(path)&back=\(back)&has.time-zone=yes&value.time-zone=Mars+Base&has.keymap=yes&value.keymap=de"
            let answer = try await fleet.page("/groups/edit", form)
            #expect(answer.status == 422 && answer.body.contains(heading), "\(path)")
            #expect(answer.body.contains(#"id="setting-time-zone" open"#))
            #expect(answer.body.contains(#"id="setting-keymap" open"#))
            #expect(answer.body.contains(#"name="value.time-zone" value="Mars Base""#))
            #expect(answer.body.contains(#"class="problem" role="alert">time-zone: "#))
            #expect(
                !answer.body.contains(" data-changed") && !answer.body.contains(#"id="setting-loader" open"#))
        }
        let image = try await fleet.page(
            "/images/debian/settings", "version=&has.volume-size=yes&value.volume-size=huge")
        #expect(image.status == 422 && image.body.contains(#"value="huge""#))
        // Before anything is typed, nothing is to be saved.
        #expect(try await fleet.page("/settings").body.contains(" data-changed>"))
    }

    @Test func `a secret that was refused is not sent back`() throws {
        let secret = try #require(SettingDefinition.all.first { $0.isSecret && $0.kind == .text })
        let typed = try #require(Form("has.\(secret.name)=yes&value.\(secret.name)=hunter2"))
        let view = SettingFieldsView(
            [secret], own: [:], effective: EffectiveSettings(levels: []),
            refusal: SettingFieldsView.Refusal(typed: typed, error: InvalidSetting("\(secret.name): no")),
            Self.words)
        #expect(view.settings[0].isOpen && view.settings[0].isSet && view.settings[0].line?.own == "")
    }

    @Test func `a value is said once: beside the field only where the field has another`() throws {
        let definition = try #require(SettingDefinition.named("time-zone"))
        func now(own: String?, effective: String) -> String? {
            let effective = EffectiveSettings(
                levels: [(.productDefault, [definition.name: .text(effective)])])
            return SettingFieldsView(
                [definition], own: own.map { [definition.name: .text($0)] } ?? [:], effective: effective,
                Self.words
            ).settings[0].now
        }
        #expect(now(own: nil, effective: "Etc/UTC") == nil)
        #expect(now(own: "Etc/UTC", effective: "Etc/UTC") == nil)
        #expect(now(own: "Etc/UTC", effective: "Europe/Athens") == "Europe/Athens")
        let secret = try #require(SettingDefinition.all.first { $0.isSecret && $0.kind == .text })
        let inherited = EffectiveSettings(levels: [(.productDefault, [secret.name: .text("hunter2")])])
        let view = SettingFieldsView([secret], own: [:], effective: inherited, Self.words)
        #expect(view.settings[0].now == "(set)" && view.settings[0].line?.own == "")
    }
}
