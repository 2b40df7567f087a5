import Testing
import Wire

@testable import Fleet

/// How records look in files: what each has, and what is wrong with one.
@Suite struct DeclaredFormTests {
    private func problems(_ member: String, _ fields: [String: DeclaredValue], lines: [String: Int]? = nil)
        -> [String]
    {
        var problems: [DeclaredProblem] = []
        _ = DeclaredItem(member, .object(fields), file: "a.yaml", line: 3, lines: lines).checked(&problems)
        return problems.map(\.description)
    }

    private func checked(_ member: String, _ fields: [String: DeclaredValue]) -> DeclaredValue {
        var problems: [DeclaredProblem] = []
        let item = DeclaredItem(member, .object(fields)).checked(&problems)
        #expect(problems.isEmpty, "\(problems)")
        return item.fields
    }

    @Test func `the members of records are found by what they are read from`() throws {
        func names(_ member: String) -> Set<String> {
            Set(DeclaredForms.fields[member]?.map(\.name) ?? [])
        }
        #expect(names("nodes") == ["name", "group", "macAddresses", "uuid", "address", "tags", "settings"])
        #expect(names("groups") == ["path", "settings"])
        #expect(names("imageSettings") == ["image", "settings"])
        #expect(names("rules") == ["name", "priority", "condition", "settings"])
        #expect(names("loaderRules") == ["name", "priority", "mac", "architecture", "vendorClass", "loader"])
        #expect(names("reservations") == ["machine", "address"])
        #expect(
            names("secrets") == [
                "name", "group", "node", "rule", "path", "mode", "owner", "minted", "arming", "receiver",
            ])
        #expect(names("channels") == ["channel", "version"] && names("keeps") == ["image", "versions"])
        #expect(names("administrators") == ["name", "source", "fullName", "grants", "isDisabled"])
        #expect(names("networks").isSuperset(of: ["name", "pools", "lease", "options", "bootp", "routes"]))
        func form(_ member: String, _ name: String) -> FieldForm? {
            DeclaredForms.fields[member]?.first { $0.name == name }?.form
        }
        #expect(form("nodes", "settings") == .settings)
        #expect(form("nodes", "macAddresses") == .list(.text(hint: "")))
        #expect(form("rules", "priority") == .integer)
        #expect(form("networks", "pools") == .list(.text(hint: AddressRange.form)))
        #expect(form("networks", "options") == .map)
        #expect(form("networks", "bootp") == .boolean)
        #expect(form("networks", "mtu") == .integer)
        #expect(form("secrets", "arming") == .choice(Secret.Arming.allCases.map(\.rawValue)))
        guard case .object(let minted)? = form("secrets", "minted") else {
            Issue.record("minted is an object")
            return
        }
        #expect(
            minted.map(\.name) == [
                "kind", "length", "alphabet", "days", "names", "server", "authority", "minutes", "groups",
                "program",
                "seconds",
            ])
        // Those that name a record are read first, and are required.
        for form in DeclaredForms.all {
            let key = DeclaredForms.fields[form.member]?.first { $0.name == form.keyMember }
            #expect(key?.isRequired == true, "\(form.member)")
        }
    }

    @Test func `the schema has every member and every setting`() throws {
        let schema = DeclaredSchema.schema
        let settings = try #require(schema[DeclaredPath(["$defs", "settings", "properties"])]?.object)
        #expect(Set(settings.keys) == Set(SettingDefinition.all.map(\.name)))
        for definition in SettingDefinition.all where definition.isSecret {
            #expect(settings[definition.name]?.object?["const"] == .text("(set)"), "\(definition.name)")
        }
        #expect(schema[DeclaredPath(["patternProperties", "^x-"])] == .object([:]))
        for form in DeclaredForms.all {
            let members = schema[DeclaredPath(["$defs", form.member, "properties"])]?.object
            #expect(members?.count == DeclaredForms.fields[form.member]?.count, "\(form.member)")
            #expect(schema[DeclaredPath(["properties", form.member])] != nil)
        }
    }

    @Test func `text becomes what the member is`() throws {
        let node = checked(
            "nodes",
            [
                "name": .text("0123"), "macAddresses": .text("52:54:00:00:00:01"),
                "settings": .object([
                    "console": .text("tty0,ttyS0,115200n8"), "loader": .text("ipxe"),
                    "files": .object(["/etc/motd": .text("Hello, world\n")]),
                ]),
            ])
        #expect(node[DeclaredPath(["name"])] == .text("0123"))
        #expect(node[DeclaredPath(["macAddresses"])] == .list([.text("52:54:00:00:00:01")]))
        let console = DeclaredPath(["settings", "console"])
        #expect(node[console] == .list([.text("tty0"), .text("ttyS0,115200n8")]))
        let rule = checked(
            "rules", ["name": .text("small"), "priority": .text("-7"), "condition": .text("memory < 2 GiB")])
        #expect(rule[DeclaredPath(["priority"])] == .integer(-7))
        let network = checked(
            "networks", ["name": .text("lan"), "bootp": .text("yes"), "mtu": .integer(1_500)])
        #expect(network[DeclaredPath(["bootp"])] == .boolean(true))
    }

    @Test func `what is wrong is told with its line, and with what was meant`() {
        #expect(
            problems("nodes", ["name": .text("a"), "setings": .object([:])], lines: ["/setings": 7])
                == [
                    "a.yaml:7: unknown key ‘setings’; did you mean ‘settings’? (known here: name, group, macAddresses, uuid, address, tags, settings)"
                ]
        )
        let misspelt = problems(
            "groups", ["path": .text("/a"), "settings": .object(["lodaer": .text("ipxe")])],
            lines: ["/settings": 4, "/settings/lodaer": 5])
        #expect(
            misspelt.count == 1 && misspelt[0].hasPrefix("a.yaml:5: ") && misspelt[0].contains("‘loader’"))
        #expect(
            problems("groups", ["settings": .object([:])]).first?.hasPrefix("a.yaml:3: path is required")
                == true)
        #expect(
            problems("rules", ["name": .text("a"), "priority": .text("much")]).first?.contains(
                "priority: ‘much’ is not a whole number") == true)
        #expect(
            problems("nodes", ["name": .text("a"), "tags": .object([:])]) == [
                "a.yaml:3: tags: must be a list"
            ])
        #expect(problems("nodes", ["name": .text("a"), "settings": .list([])]).count == 1)
        #expect(
            problems("secrets", ["name": .text("a"), "arming": .text("always")]).first?.contains("each-boot")
                == true)
        #expect(problems("nods", ["name": .text("a")]).first?.contains("did you mean ‘nodes’?") == true)
        // All of them at once.
        #expect(problems("nodes", ["a": .text(""), "b": .text("")]).count == 3)
    }

    @Test func `what an alias repeats is told once`() {
        let shared = DeclaredProblem(file: "a.yaml", line: 4, text: "unknown key ‘lodaer’")
        let other = DeclaredProblem(file: "a.yaml", line: 9, text: "unknown key ‘lodaer’")
        #expect(UnreadableDeclaration([shared, other, shared]).problems == [shared, other])
    }

    @Test func `no file has a secret`() throws {
        let hash = Settings.rootPasswordHash.name
        let told = problems("groups", ["path": .text("/a"), "settings": .object([hash: .text("$6$x")])])
        #expect(told.count == 1 && !told[0].contains("$6$x"))
        #expect(
            problems("groups", ["path": .text("/a"), "settings": .object([hash: .text("(set)")])]).isEmpty)
        #expect(
            problems("secrets", ["name": .text("a"), "value": .text("tiger")]).first?.contains("tiger")
                == false)
    }

    @Test func `values are found and changed by their paths`() {
        var value = DeclaredValue.object([
            "settings": .object(["files": .object(["/etc/motd": .text("a~b")]), "empty": .object([:])]),
            "tags": .list([]),
        ])
        let path = DeclaredPath(["settings", "files", "/etc/motd"])
        #expect(value.leaves == [path: .text("a~b"), DeclaredPath(["tags"]): .list([])])
        #expect(path.description == "/settings/files/~1etc~1motd")
        #expect(DeclaredPath(pointer: path.description) == path)
        #expect(DeclaredPath(pointer: DeclaredPath(["a~1b/"]).description).names == ["a~1b/"])
        value[path] = nil
        #expect(value[DeclaredPath(["settings", "files"])] == nil)
        value[DeclaredPath(["a", "b"])] = .integer(1)
        #expect(value[DeclaredPath(["a"])] == .object(["b": .integer(1)]))
    }
}
