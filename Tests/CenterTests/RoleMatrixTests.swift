import API
import Fleet
import HTTPTypes
import Hummingbird
import Testing

@testable import Center

/// Permissions: every route with every role, in the caller's group, in a foreign one, and at the root.
@Suite struct RoleMatrixTests {
    /// The permissions of each role, repeated here: the code's own table is under test.
    private static let may: [Role: Set<String>] = [
        .admin: ["read", "fetch", "replicate", "audit", "enrol", "configure", "publish", "administer"],
        .operator_: ["read", "fetch", "replicate", "audit", "enrol", "configure", "publish"],
        .helpdesk: ["read", "fetch", "enrol"], .auditor: ["read", "fetch", "audit"],
        .replica: ["fetch", "replicate"],
    ]

    /// Names that callers from the school must not see.
    private static let foreign = [Place.office.rawValue, Place.office.node, Place.office.macAddress]

    private enum Proof: CaseIterable { case token, session }

    @Test func `every route with a permission is in the matrix, and no other is open`() async throws {
        let fleet = try await SmallFleet()
        var asked: Set<String> = []
        for row in MatrixRow.all {
            let path = row.filled(row.path, in: .school, of: fleet)
            let answer = try await fleet.ask(row.method, path)
            let route = try #require(answer.route, "\(row.testDescription): there is no such route")
            asked.insert(route)
        }
        let tables = [
            MatrixRow.api, MatrixRow.people, MatrixRow.terminals, MatrixRow.schedules, MatrixRow.pages,
        ]
        #expect(MatrixRow.all.count == tables.reduce(0) { $0 + $1.split(separator: "\n").count })
        #expect(fleet.permissions.count > 120)
        #expect(Set(fleet.permissions.keys).subtracting(asked) == [], "routes without a row")
        #expect(fleet.routes.subtracting(fleet.permissions.keys) == Set(MatrixRow.open.keys))
        for (route, status) in MatrixRow.open {
            let words = route.split(separator: " ").map(String.init)
            #expect(try await fleet.ask(words[0], words[1]).status == status, "\(route)")
        }
    }

    // MARK: Without authentication

    @Test func `without authentication, or with a wrong one, nothing is reached`() async throws {
        let fleet = try await SmallFleet()
        let proofs: [HTTPFields] = [
            [:], [.authorization: "Bearer roost_wrong"], [.authorization: "Basic YTpi"],
            [.cookie: "__Host-roost=wrong"],
        ]
        let revision = fleet.services.fleet.snapshot.revision
        var count = 0
        for (index, proof) in proofs.enumerated() {
            for row in Self.rows(of: index) {
                let path = row.filled(row.path, in: .school, of: fleet)
                for accept in [nil, "text/html"] {
                    var headers = proof
                    headers[.accept] = accept
                    headers[.contentType] = Self.contentType(of: row)
                    let answer = try await fleet.ask(
                        row.method, path, headers: headers,
                        body: row.body.map { row.filled($0, in: .school, of: fleet) },
                        from: "192.0.2.\(index)")
                    count += 1
                    guard accept == nil || row.isAPI || row.method != "GET" else {
                        #expect(answer.status == 303, "\(row.testDescription)")
                        #expect(answer.headers[.location]?.hasPrefix("/login?back=") == true)
                        continue
                    }
                    #expect(answer.status == 401, "\(row.testDescription)")
                    if accept == nil || row.isAPI {
                        #expect(answer.headers[.contentType] == "application/problem+json")
                        #expect(answer.body.contains("\"status\":401"))
                    }
                }
            }
        }
        #expect(fleet.services.fleet.snapshot.revision == revision)
        print("role matrix: \(count) cells without proof or with a false one")
        #expect(count > (Extent.isSample ? 80 : 1_000))
    }

    @Test func `a browser's session changes nothing without its CSRF token`() async throws {
        let fleet = try await SmallFleet()
        let revision = fleet.services.fleet.snapshot.revision
        let ann = Person(role: .admin, place: .site)
        let others = Person(role: .operator_, place: .site).csrfToken
        var count = 0
        for row in Self.rows(of: 1) where row.method != "GET" {
            for token in [nil, "wrong", others] {
                var headers: HTTPFields = [.cookie: "__Host-roost=\(ann.cookie)"]
                headers[.contentType] = Self.contentType(of: row)
                var body = row.body.map { row.filled($0, in: .school, of: fleet) }
                if let token, row.isAPI { headers[.csrfToken] = token }
                if let token, !row.isAPI { body = "\(body ?? "a=b")&csrf=\(token)" }
                let path = row.filled(row.path, in: .school, of: fleet)
                let answer = try await fleet.ask(row.method, path, headers: headers, body: body)
                #expect(answer.status == 403, "\(row.testDescription)")
                count += 1
            }
        }
        #expect(fleet.services.fleet.snapshot.revision == revision)
        print("role matrix: \(count) cells with another's form")
    }

    // MARK: Roles

    @Test func `each role can do what it may in its place, and nothing else`() async throws {
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for role in Role.allCases {
                group.addTask { try await Self.cells(of: Person.all.filter { $0.role == role }) }
            }
            return try await group.reduce(0, +)
        }
        print("role matrix: \(count) cells of \(Person.all.count) roles")
        #expect(count > (Extent.isSample ? 200 : 2_500))
    }

    /// All rows; a tenth of them where a sample is enough, another tenth for each next person or proof.
    private static func rows(of index: Int) -> [MatrixRow] {
        guard Extent.isSample else { return MatrixRow.all }
        return MatrixRow.all.enumerated().filter { ($0.offset + index) % 10 == 0 }.map(\.element)
    }

    /// - Returns: the number of cells.
    private static func cells(of people: [Person]) async throws -> Int {
        let fleet = try await SmallFleet()
        var count = 0
        for (index, person) in people.enumerated() {
            for row in Self.rows(of: index) {
                for place in row.places {
                    // The other kind of authentication is equivalent: one role shows that, once per row.
                    let isBoth = person.role == .operator_ && place == row.places[0]
                    let usual: Proof = row.isAPI ? .token : .session
                    for proof in isBoth ? Proof.allCases : [usual] {
                        try await check(row, person, place, proof, fleet, number: count)
                        count += 1
                    }
                }
            }
        }
        return count
    }

    private static func check(
        _ row: MatrixRow, _ person: Person, _ place: Place, _ proof: Proof, _ fleet: SmallFleet, number: Int
    ) async throws {
        let cell = "\(person.name) by \(proof), \(place): \(row.testDescription)"
        let revision = fleet.services.fleet.snapshot.revision
        var headers: HTTPFields = [:]
        headers[.contentType] = contentType(of: row)
        switch proof {
        case .token: headers[.authorization] = "Bearer \(person.token)"
        case .session:
            headers[.cookie] = "__Host-roost=\(person.cookie)"
            headers[.csrfToken] = person.csrfToken
        }
        let answer = try await fleet.ask(
            row.method, row.filled(row.path, in: place, of: fleet), headers: headers,
            body: row.body.map { row.filled($0, in: place, of: fleet) }, from: "192.0.2.\(number / 500)")
        let permission = try #require(answer.route.flatMap { fleet.permissions[$0] }, "\(cell)")
        switch refusal(row, person, place, proof, permission) {
        case let status?:
            #expect(answer.status == status, "\(cell)")
            #expect(fleet.services.fleet.snapshot.revision == revision, "\(cell)")
        case nil:
            #expect(
                row.statuses.contains(answer.status), "\(cell): \(answer.status) \(answer.body.prefix(300))")
        }
        if person.place == .school, answer.status < 300 {
            // Typed text is echoed.
            for name in foreign where place != .office || !row.places.contains(.office) {
                #expect(!answer.body.contains(name), "\(cell): shows \(name)")
            }
        }
        if fleet.services.fleet.snapshot.revision != revision { try await fleet.restore() }
    }

    /// The status of the refusal; nil when it must be allowed.
    private static func refusal(
        _ row: MatrixRow, _ person: Person, _ place: Place, _ proof: Proof, _ declared: Permission
    ) -> Int? {
        let may = may[person.role] ?? []
        guard may.contains(declared.rawValue), may.contains(row.permission ?? declared.rawValue) else {
            return 403
        }
        let isOwn = person.place == .site || place == .school
        return switch row.reach {
        case .anywhere: nil
        case .site: person.place == .site ? nil : 403
        case .place: isOwn ? nil : 403
        case .hidden: isOwn ? nil : 404
        case .logIn: proof == .session ? nil : 403
        case .ownName: row.path.hasSuffix("/\(person.name)") ? nil : 403
        }
    }

    private static func contentType(of row: MatrixRow) -> String? {
        guard row.method != "GET" else { return nil }
        return row.isAPI ? "application/json" : "application/x-www-form-urlencoded"
    }

    @Test func `read-only callers and replicas are refused by every route that writes`() async throws {
        let fleet = try await SmallFleet()
        let revision = fleet.services.fleet.snapshot.revision
        var (allowed, replicas): (Set<String>, Set<String>) = ([], [])
        for row in MatrixRow.all {
            for role in [Role.auditor, .replica] {
                let person = Person(role: role, place: .site)
                // An auditor has both kinds of authentication; a replica only a token.
                let proofs: [HTTPFields] =
                    [[.authorization: "Bearer \(person.token)"]]
                    + (role == .replica
                        ? []
                        : [[.cookie: "__Host-roost=\(person.cookie)", .csrfToken: person.csrfToken]])
                for var headers in proofs {
                    headers[.contentType] = Self.contentType(of: row)
                    let answer = try await fleet.ask(
                        row.method, row.filled(row.path, in: .site, of: fleet), headers: headers,
                        body: row.body.map { row.filled($0, in: .site, of: fleet) })
                    guard answer.status != 403, let route = answer.route else { continue }
                    if role == .replica {
                        replicas.insert(route)
                    } else if row.method != "GET" {
                        allowed.insert(route)
                    }
                }
            }
        }
        #expect(allowed == Set(MatrixRow.writtenByReaders.keys))
        #expect(
            replicas == [
                "GET /api/v1/images", "GET /api/v1/images/*/versions/*/files/*", "PUT /api/v1/replicas/*",
            ])
        let made = try await fleet.services.fleet.store.revisions(RevisionFilter(limit: 100))
            .filter { $0.number > revision }
        #expect(made.allSatisfy { $0.what.hasPrefix("token ‘mine’ made") })
    }

    // MARK: Lists

    private static let lists = [
        "/api/v1/nodes", "/api/v1/groups", "/api/v1/revisions?limit=1000", "/api/v1/leases", "/api/v1/boots",
        "/api/v1/sessions", "/api/v1/inventory", "/api/v1/status", "/api/v1/volumes", "/api/v1/rollouts/1",
        "/nodes", "/nodes.csv", "/groups", "/history", "/leases", "/boots", "/volumes", "/rollouts/1",
    ]

    @Test func `callers with one group see and hear nothing of another, and those with the site everything`()
        async throws
    {
        let fleet = try await SmallFleet()
        for path in Self.lists {
            func list(_ place: Place) async throws -> String {
                let token = Person(role: .operator_, place: place).token
                return try await fleet.ask("GET", path, headers: [.authorization: "Bearer \(token)"]).body
            }
            let (all, own) = (try await list(.site), try await list(.school))
            let (mine, theirs) = (Self.names(of: .school, on: path), Self.names(of: .office, on: path))
            #expect(all.contains(mine) && all.contains(theirs), "\(path)")
            #expect(own.contains(mine) && !own.contains(theirs), "\(path)")
        }
        // A change to several places is shown only in part.
        let token = Person(role: .auditor, place: .school).token
        let changes = try await fleet.ask(
            "GET", "/api/v1/revisions?limit=1000", headers: [.authorization: "Bearer \(token)"]
        ).body
        #expect(changes.contains("node pc-1 added to /school"))
        #expect(changes.contains("\"what\":\"node pc-1 changed"))
        #expect(try await Self.heard(by: .site, in: fleet).contains("desk-1"))
        #expect(try await !Self.heard(by: .school, in: fleet).contains("desk-1"))
    }

    @Test func `a node of the past is visible only to callers who may read it now`() async throws {
        let fleet = try await SmallFleet()
        // Before any nodes existed, and before groups had them.
        for at in ["2001-01-01", "1970-01-01T00:00:01Z"] {
            for name in [Place.office.node, Place.office.macAddress] {
                for path in ["", "/hardware", "/explain", "/boots"] {
                    for role in Role.allCases {
                        let person = Person(role: role, place: .school)
                        let answer = try await fleet.ask(
                            "GET", "/api/v1/nodes/\(name)\(path)?at=\(at)",
                            headers: [.authorization: "Bearer \(person.token)"])
                        #expect(answer.status >= 400, "\(role) \(name)\(path) \(answer.body)")
                    }
                }
            }
        }
    }

    @Test func `no answer contains a secret in clear, wherever it was set`() async throws {
        let fleet = try await SmallFleet()
        let hash = "$6$saltsalt$not-to-be-seen"
        let settings: [String: SettingValue] = ["root-password-hash": .text(hash)]
        let rule = MatchRule(name: try RuleName("hashed"), condition: "memory > 1 GiB", settings: settings)
        _ = try await fleet.services.fleet.change(by: "test", what: "secrets") { current in
            var node = try #require(current.nodes[NodeName(Place.school.node)])
            node.settings.merge(settings) { $1 }
            let group = NodeGroup(path: try GroupPath(Place.school.rawValue), settings: settings)
            let image = ImageSettings(try ImageName("debian"), settings)
            return [
                .rule(rule.name, rule), .node(node.name, node), .group(group.path, group),
                .imageSettings(image.key, image),
            ]
        }
        #expect(fleet.services.fleet.snapshot.rules[rule.name]?.settings == settings)
        let admin = Person(role: .admin, place: .site)
        let headers: HTTPFields = [.authorization: "Bearer \(admin.token)"]
        var seen = 0
        for row in MatrixRow.all where row.method == "GET" {
            let answer = try await fleet.ask(
                "GET", row.filled(row.path, in: .school, of: fleet), headers: headers)
            #expect(!answer.body.contains(hash), "\(row.testDescription)")
            seen += answer.body.contains("(set)") ? 1 : 0
        }
        #expect(seen >= 3)
        // A rule that is sent back as shown keeps its secret.
        let rules = try await fleet.ask("GET", "/api/v1/rules", headers: headers).body
        #expect(rules.contains("(set)"))
        var json = headers
        json[.contentType] = "application/json"
        let edit =
            #"{"edits":[{"rule":{"name":"hashed","priority":3,"condition":"memory > 1 GiB","settings":{"root-password-hash":"(set)"}}}]}"#
        #expect(try await fleet.ask("POST", "/api/v1/changes", headers: json, body: edit).status == 200)
        let kept = fleet.services.fleet.snapshot.rules[rule.name]
        #expect(kept?.priority == 3 && kept?.settings == settings)
    }

    @Test
    func `an event stream ends with the token that opened it, and with a change to its owner's roles`()
        async throws
    {
        func event(_ text: String) throws -> ServerEvent {
            ServerEvent(
                kind: .boot, node: try NodeName(Place.school.node),
                group: try GroupPath(Place.school.rawValue),
                text: text)
        }
        let person = Person(role: .operator_, place: .school)
        let changes: [(any FleetStore) async throws -> Void] = [
            { store in
                let tokens = try await store.tokens(of: nil)
                let token = try #require(tokens.first { $0.owner == person.name })
                try await store.removeToken(token.id, by: "test")
            },
            { store in
                let owner = Administrator(name: person.name, grants: [Grant(.auditor)])
                try await store.save(owner, passwordHash: nil, by: "test")
            },
        ]
        for change in changes {
            let fleet = try await SmallFleet()
            let heard = try await fleet.told(
                before: event("early"), after: event("late"), to: person, change: change)
            #expect(heard.contains("early") && !heard.contains("late"))
        }
    }

    /// What an operator hears of an event in the office and then one in the school.
    private static func heard(by place: Place, in fleet: SmallFleet) async throws -> String {
        let events = try [Place.office, .school].map { place in
            ServerEvent(
                kind: .boot, node: try NodeName(place.node), group: try GroupPath(place.rawValue),
                text: "\(place.node) rings")
        }
        return try await fleet.told(
            events, to: Person(role: .operator_, place: place), until: "pc-1 rings")
    }

    /// The text in a list that shows something of a place.
    private static func names(of place: Place, on path: String) -> String {
        switch path {
        case "/groups", "/api/v1/groups": String(place.rawValue.dropFirst())
        case "/api/v1/boots": place.macAddress
        default: place.node
        }
    }
}
