import API
import Fleet
import Foundation
import HTTPTypes
import Testing
import Wire

@testable import Center

@Suite struct FormTests {
    @Test func `typed text cannot break out of its place in a filter`() {
        #expect(LDAPDirectory.escaped("ann") == "ann")
        #expect(LDAPDirectory.escaped("*)(uid=\\\0") == "\\2a\\29\\28uid=\\5c\\00")
        #expect(LDAPDirectory.escaped("é") == "\\c3\\a9")
        // A name is inserted into a filter beside others, and must not act as a placeholder.
        #expect(LDAPDirectory.escaped("{dn}") == "\\7bdn\\7d")
    }

    @Test func `a form's fields are decoded, including repeated ones`() throws {
        let form = try #require(
            Form("name=pc-1&note=a+b%26c&node=1&node=2&value.loader=ipxe&broken=%zz&flag&cut=%4&odd=%ff"))
        #expect(form["name"] == "pc-1")
        #expect(form["note"] == "a b&c")
        #expect(form.all("node") == ["1", "2"])
        #expect(form.group("value.").map(\.name) == ["loader"])
        #expect(form["broken"] == "" && form["cut"] == "" && form["odd"] == "")
        #expect(form.has("flag"))
        #expect(!form.has("absent"))
    }

    @Test func `a form with more fields than any page has is refused, and the largest page's is parsed fast`()
    {
        #expect(Form(bytes: Array(String(repeating: "a&", count: 2 << 20).utf8)) == nil)
        let clock = ContinuousClock()
        let text = String(repeating: "%41", count: 4 << 20 / 3)
        let time = clock.measure {
            let form = Form(bytes: Array("csv=\(text)".utf8))
            #expect(form?["csv"].count == 4 << 20 / 3)
        }
        #expect(time < .seconds(5))
    }

    @Test(arguments: [
        ("/nodes?q=a", "/nodes?q=a"), ("//evil.example", "/"), ("https://evil.example", "/"),
        ("/\\evil", "/"),
        ("", "/"), ("/a\r\nSet-Cookie: x", "/"), ("javascript:alert(1)", "/"),
    ])
    func `return paths stay on this server`(text: String, path: String) {
        #expect(Back.path(text) == path)
    }

    @Test func `the revision that was made is appended once`() {
        #expect(Back.done("/nodes", 7) == "/nodes?done=7")
        #expect(Back.done("/nodes?q=a&done=6", 7) == "/nodes?q=a&done=7")
    }

    @Test func `settings survive the round trip through a form`() throws {
        let values: [(SettingDefinition, SettingValue)] = [
            (Settings.files.definition, .map(["/etc/motd": "a = b\nc\\n", "/x:600": "y"])),
            (Settings.kernelArguments.definition, .list(["quiet", "a=b"])),
            (Settings.nbdConnections.definition, .integer(4)), (Settings.loader.definition, .text("ipxe")),
        ]
        for (definition, value) in values {
            #expect(try definition.value(fromForm: value.formText) == value, "\(definition.name)")
        }
    }

    @Test func `an unticked setting is removed, an unchanged one stays`() throws {
        let own: [String: SettingValue] = ["loader": .text("ipxe"), "time-zone": .text("Europe/Paris")]
        let form = try #require(
            Form(
                "has.time-zone=yes&value.time-zone=Europe/Paris&value.loader=ipxe&has.on-failure=yes&value.on-failure=shell"
            ))
        let change = try SettingFields.change(form, target: "/", own: own)
        #expect(change.unset == ["loader"])
        #expect(change.set == ["on-failure": .text("shell")])
    }
}

@Suite struct TimeTravelTests {
    @Test(arguments: [
        ("2026-11-21T10:00:00Z", 1_795_255_200), ("2026-11-21T11:00+01:00", 1_795_255_200),
        ("2026-11-21", 1_795_219_200),
        ("2h", 1_800_000_000 - 7_200), ("7d", 1_800_000_000 - 604_800), ("1700000000", 1_700_000_000),
        // A clock that is a little ahead of the server's.
        ("1800000120", 1_800_000_000),
    ])
    func `moments are parsed in the usual forms`(text: String, second: Int) throws {
        #expect(try TimeTravel.second(text, now: 1_800_000_000) == second)
    }

    @Test(arguments: ["yesterday", "-5", "5y", "2026-13-01", "2026-02-30", "2026-11-21T10:00", ""])
    func `invalid moments are refused`(text: String) {
        #expect(throws: Problem.self) { try TimeTravel.second(text) }
    }

    @Test(arguments: ["2099-01-01", "1800000121", "9999-12-31T23:59:59Z", "99999999999999999999"])
    func `a moment that is still to come is refused`(text: String) {
        let problem = #expect(throws: Problem.self) { try TimeTravel.second(text, now: 1_800_000_000) }
        #expect(problem?.detail == "at: ‘\(text)’ is still to come: give a moment that has passed")
    }

    @Test func `a moment before the first revision is refused, with the time of that revision`() async throws
    {
        let fleet = try await SmallFleet()
        let admin = Person(role: .admin, place: .site)
        for path in [
            "/api/v1/export?at=", "/api/v1/nodes?at=", "/nodes?at=", "/groups?at=", "/api/v1/nodes/pc-1?at=",
        ] {
            for (moment, text) in [
                ("2001-01-01", "at: the history of the configuration begins at 20"),
                ("2999-01-01", "at: ‘2999-01-01’ is still to come"),
            ] {
                let answer = try await fleet.ask(
                    "GET", path + moment, headers: [.authorization: "Bearer \(admin.token)"])
                #expect(answer.status == 422 && answer.body.contains(text), "\(path)\(moment) \(answer.body)")
            }
        }
    }

    @Test func `the field of a page has no zone, and is UTC`() throws {
        #expect(try TimeTravel.second("2026-11-21T10:00", .field, now: 1_800_000_000) == 1_795_255_200)
        #expect(throws: Problem.self) { try TimeTravel.second("2026-11-21T24:00", .field) }
    }

    @Test func `pages and the API name the part of a time that is wrong`() async throws {
        let fleet = try await SmallFleet()
        let admin = Person(role: .admin, place: .site)
        for (path, status) in [
            ("/api/v1/nodes?at=2026-02-30", 422), ("/nodes?at=2026-02-30", 422),
            ("/api/v1/nodes?at=2026-11-21T10:00", 422),
        ] {
            let answer = try await fleet.ask(
                "GET", path, headers: [.authorization: "Bearer \(admin.token)"])
            #expect(answer.status == status, "\(path)")
            guard path.contains("02-30") else { continue }
            #expect(answer.body.contains("there is no day 30 in 2026-02"), "\(answer.body)")
        }
    }
}

@Suite struct LanguageTests {
    @Test(arguments: [
        ("fr-FR,fr;q=0.9,en;q=0.8", Language.french), ("de,el;q=0.5", .greek), ("pt-BR", .portuguese),
        ("", .english),
        ("zh", .english), ("en;q=0.1, es;q=0.7", .spanish), ("es;q=0", .english),
    ])
    func `a page uses the browser's preferred language`(header: String, language: Language) {
        #expect(Language(accepted: header) == language)
    }

    @Test(arguments: Language.allCases)
    func `the templates parse in every language`(language: Language) throws {
        try PageRenderer.check(language)
    }

    /// All phrases in double brackets in the templates.
    private static var phrases: Set<String> {
        var phrases: Set<String> = []
        for template in Assets.templates {
            for match in template.source.matches(of: /\[\[(.+?)\]\]/) { phrases.insert(String(match.1)) }
        }
        return phrases
    }

    @Test(arguments: Language.allCases.filter { $0 != .english })
    func `every phrase of the pages is translated`(language: Language) {
        let words = Words.of(language)
        let missing = Self.phrases.union(SettingDefinition.all.map(\.summary)).filter { !words.has($0) }
        #expect(missing.isEmpty, "\(missing.sorted().joined(separator: " | "))")
    }

    /// A block with a line too many or too few counts as no phrase; a placeholder that a language lacks hides a value.
    @Test func `each phrase has all languages, with the placeholders of the English one`() {
        for block in Assets.phrases.components(separatedBy: "\n\n") {
            let lines = block.split(separator: "\n")
            #expect(lines.count == Language.allCases.count, "\(block)")
            #expect(Set(lines.map { Self.placeholders(String($0)) }).count == 1, "\(block)")
        }
    }

    /// Each digit behind a percent sign, and each brace.
    private static func placeholders(_ line: String) -> [UInt8] {
        let bytes = Array(line.utf8)
        let numbers = zip(bytes, bytes.dropFirst()).filter { first, second in
            first == UInt8(ascii: "%") && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(second)
        }
        return numbers.map(\.1).sorted() + bytes.filter { $0 == UInt8(ascii: "{") }
    }
}

@Suite struct AccessTests {
    /// The same letters, as one keyboard types them and as another does.
    @Test func `a password is the same in each form of its letters`() async throws {
        let (composed, apart) = ("ma\u{F1}ana \u{FC}ber alles", "man\u{303}ana u\u{308}ber alles")
        let cost = Passwords.Cost(passes: 1, kibibytes: 64)
        for (typed, other) in [(composed, apart), (apart, composed)] {
            let hash = try await Passwords.hash(typed, cost: cost)
            #expect(try await Passwords.matches(typed, hash: hash))
            #expect(try await Passwords.matches(other, hash: hash))
            #expect(try await !Passwords.matches("manana uber alles", hash: hash))
        }
        // Hashed as it was typed, by an earlier version.
        let old =
            "$argon2id$v=19$m=64,t=1,p=1$MDEyMzQ1Njc4OWFiY2RlZg$kogGfYoNsAunUNaApm4hBsleIcvBb/i80+kcRoZOg18"
        #expect(try await Passwords.matches(apart, hash: old))
        #expect(try await !Passwords.matches(apart, hash: nil, cost: cost))
    }

    @Test func `only the same password matches`() async throws {
        let hash = try await Passwords.hash("four random words")
        #expect(hash.hasPrefix("$argon2id$"))
        #expect(try await Passwords.matches("four random words", hash: hash))
        #expect(try await !Passwords.matches("four random wordz", hash: hash))
        #expect(try await !Passwords.matches("", hash: nil))
        #expect(throws: Problem.self) { try Passwords.checked("short") }
    }

    @Test func `secrets are long and different, and hashes are reproducible`() {
        let (one, two) = (Secrets.make(), Secrets.make())
        #expect(one.count == 43 && one != two)
        #expect(Secrets.hash("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")
        #expect(Secrets.isEqual(one, one) && !Secrets.isEqual(one, two))
    }

    @Test func `different records have different tags, and an old tag is refused`() throws {
        var node = Node(name: try NodeName("pc"), macAddresses: [])
        let tag = try RecordTag.of(node)
        try Precondition.matching(tag).check(node, at: node.name)
        try Precondition.none.check(node, at: node.name)
        node.tags = ["new"]
        #expect(throws: Problem.self) { try Precondition.matching(tag).check(node, at: node.name) }
        #expect(throws: Problem.self) { try Precondition.matching("*").check(Node?.none, at: node.name) }
    }

    @Test func `history hides secrets`() {
        let json = #"{"name":"pc","settings":{"loader":"ipxe","root-password-hash":"$6$x"}}"#
        let shown = Redaction.of(json: json, kind: Node.kind) ?? ""
        #expect(!shown.contains("$6$x") && shown.contains("(set)") && shown.contains("ipxe"))
    }

    @Test func `history tells moments as texts, and all else as it is stored`() throws {
        // A member of an earlier server, which is read no more, is history all the same.
        let token =
            #"{"createdAt":1764486000,"expiresAt":1764489600,"former":5,"grants":[],"id":3,"name":"ci","owner":"ann"}"#
        #expect(
            Redaction.of(json: token, kind: APIToken.kind)
                == token.replacing("1764486000", with: "\"2025-11-30T07:00:00Z\"")
                .replacing("1764489600", with: "\"2025-11-30T08:00:00Z\""))
        var rollout = Rollout(
            id: 1, image: try ImageName("debian"), channel: .stable, candidate: 2, former: 1, share: "5%",
            terms: Rollout.Terms(), startedAt: 1_764_486_000, startedBy: "ann",
            canaries: [try NodeName("pc-1")])
        rollout.abort(because: "enough", at: 1_764_489_600)
        var told = try #require(Redaction.of(json: stored(rollout), kind: Rollout.kind))
        #expect(told.contains(#""startedAt":"2025-11-30T07:00:00Z""#))
        #expect(told.contains(#""endedAt":"2025-11-30T08:00:00Z""#) && told.contains(#""trialSeconds":1800"#))
        let alarm = #"{"number":1764486000}"#
        told = try #require(Redaction.of(json: alarm, kind: "version"))
        #expect(told == alarm)
    }

    /// As stores keep it.
    private func stored(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        if let key = CodingUserInfoKey.timestampsAreNumbers { encoder.userInfo[key] = true }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

@Suite struct FigureTests {
    @Test func `percentiles are values from the list`() {
        #expect(BootFigures.percentile(50, of: []) == nil)
        #expect(BootFigures.percentile(50, of: [1, 2, 3, 4]) == 2)
        #expect(BootFigures.percentile(95, of: Array(1...100)) == 95)
        #expect(BootFigures.percentile(95, of: [7]) == 7)
    }
}
