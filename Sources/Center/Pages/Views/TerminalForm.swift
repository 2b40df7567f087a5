import Fleet

/// The fields of a form as texts, and what they say.
struct TypedFields {
    var texts: [String: String]
    var errors: [String: String] = [:]

    func text(_ name: String) -> String? {
        let text = (texts[name] ?? "").trimmed
        return text.isEmpty ? nil : text
    }

    /// Nil for an empty field, and for one that is wrong.
    mutating func value<Value>(_ name: String, _ expected: String, _ parse: (String) throws -> Value?)
        -> Value?
    {
        guard let text = text(name) else { return nil }
        do {
            if let value = try parse(text) { return value }
            errors[name] = "‘\(text)’ is not \(expected)"
        } catch { errors[name] = "\(error)" }
        return nil
    }

    /// - Parameter isSeparator: between the entries, beside ends of lines.
    mutating func list<Value>(
        _ name: String, _ expected: String, isSeparator: (Character) -> Bool = { $0 == "," },
        _ parse: (String) throws -> Value?
    ) -> [Value] {
        let parts = (texts[name] ?? "").split { $0.isNewline || isSeparator($0) }.map { String($0).trimmed }
        var values: [Value] = []
        for part in parts where !part.isEmpty {
            do {
                if let value = try parse(part) {
                    values.append(value)
                } else {
                    errors[name] = "‘\(part)’ is not \(expected)"
                }
            } catch { errors[name] = "\(error)" }
        }
        return values
    }

    /// Throws all that is wrong with the fields.
    func check() throws {
        guard errors.isEmpty else { throw FormProblem(errors: errors) }
    }

    mutating func name<Name: CheckedName>(_: Name.Type) -> Name? {
        let name = value("name", "a name") { try Name($0) }
        if name == nil, errors["name"] == nil { errors["name"] = "a name is required" }
        return name
    }

    mutating func number(_ name: String) -> Int? { value(name, "a whole number") { Int($0) } }

    mutating func hours() -> [OpeningHours] {
        list("hours", OpeningHours.form, isSeparator: { $0 == ";" }) { OpeningHours($0) }
    }
}

/// The fields of a terminal server.
struct TerminalForm {
    static let names = [
        "name", "group", "address", "system", "protocols", "tags", "limit", "weight", "hours", "release",
        "node", "certificate",
    ]

    var texts: [String: String]
    var isNew: Bool
    /// The state of the record that the form was made of.
    var tag: String

    subscript(name: String) -> String { texts[name] ?? "" }

    init(_ form: Form) {
        texts = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, form[$0]) })
        (isNew, tag) = (form["new"] == "yes", form["tag"])
    }

    /// - Parameter server: nil for a new one.
    init(_ server: TerminalServer?, in group: GroupPath, tag: String = "") {
        (isNew, self.tag) = (server == nil, tag)
        guard let server else {
            texts = [
                "group": group.description, "system": TerminalServer.System.linux.rawValue,
                "protocols": SessionProtocol.rdp.rawValue, "weight": "1",
            ]
            return
        }
        texts = [
            "name": server.name.text, "group": server.group.description, "address": server.address,
            "system": server.system.rawValue, "protocols": Self.text(server.ports),
            "tags": server.tags.joined(separator: ", "), "limit": server.sessionLimit.map { "\($0)" } ?? "",
            "weight": Int(exactly: server.weight).map { "\($0)" } ?? "\(server.weight)",
            "hours": server.hours.map(\.description).joined(separator: "\n"),
            "release": server.release ?? "", "node": server.node?.text ?? "",
            "certificate": server.certificate ?? "",
        ]
    }

    private static func text(_ ports: [SessionProtocol: Int]) -> String {
        SessionProtocol.allCases.compactMap { name in
            ports[name].map { $0 == name.usualPort ? name.rawValue : "\(name.rawValue):\($0)" }
        }.joined(separator: ", ")
    }

    /// What the fields say over `stored`; throws all that is wrong with them.
    func server(over stored: TerminalServer?) throws -> TerminalServer {
        var fields = TypedFields(texts: texts)
        let name = fields.name(TerminalName.self)
        if fields.text("address") == nil { fields.errors["address"] = "an address is required" }
        let group = fields.value("group", "a group") { try GroupPath($0) }
        let system = fields.value("system", "linux or windows") { TerminalServer.System(rawValue: $0) }
        let ports = fields.list("protocols", "rdp, ssh, x2go or vnc, or one of them with its port", Self.port)
        let limit = fields.number("limit")
        let weight = fields.value("weight", "a number") { Double($0) }
        let hours = fields.hours()
        let node = fields.value("node", "a node") { try NodeName($0) }
        try fields.check()
        guard let name else { throw FormProblem(errors: ["name": "a name is required"]) }
        var server = stored ?? TerminalServer(name: name, address: self["address"])
        server.name = name
        server.address = fields.text("address") ?? ""
        server.group = group ?? .site
        server.system = system ?? .linux
        server.ports = Dictionary(ports) { $1 }
        server.tags = fields.list("tags", "a tag") { $0 }
        (server.sessionLimit, server.weight) = (limit, weight ?? 1)
        (server.hours, server.node) = (hours, node)
        server.release = fields.text("release")
        server.certificate = fields.text("certificate")
        return server
    }

    private static func port(_ text: String) -> (SessionProtocol, Int)? {
        let parts = text.split(separator: ":", maxSplits: 1).map { String($0).trimmed }
        guard let name = parts.first.flatMap({ SessionProtocol(rawValue: $0.lowercased()) }) else {
            return nil
        }
        guard parts.count == 2 else { return (name, name.usualPort) }
        return Int(parts[1]).map { (name, $0) }
    }
}

/// The fields of a pool.
struct PoolForm {
    static let names = [
        "name", "group", "levels", "protocols", "users", "groups", "hours", "second", "idle", "disconnected",
        "release", "broker",
    ]

    var texts: [String: String]
    var isNew: Bool
    /// The state of the record that the form was made of.
    var tag: String

    subscript(name: String) -> String { texts[name] ?? "" }

    init(_ form: Form) {
        texts = Dictionary(uniqueKeysWithValues: Self.names.map { ($0, form[$0]) })
        (isNew, tag) = (form["new"] == "yes", form["tag"])
    }

    /// - Parameter pool: nil for a new one.
    init(_ pool: TerminalPool?, in group: GroupPath, tag: String = "") {
        (isNew, self.tag) = (pool == nil, tag)
        guard let pool else {
            texts = [
                "group": group.description, "protocols": SessionProtocol.rdp.rawValue,
                "second": TerminalPool.SecondLogIn.takeOver.rawValue,
            ]
            return
        }
        texts = [
            "name": pool.name.text, "group": pool.group.description,
            "levels": pool.levels.map(\.text).joined(separator: "\n"),
            "protocols": pool.protocols.map(\.rawValue).joined(separator: ", "),
            "users": pool.users.joined(separator: "\n"), "groups": pool.groups.joined(separator: "\n"),
            "hours": pool.hours.map(\.description).joined(separator: "\n"),
            "second": pool.secondLogIn.rawValue, "idle": pool.idleMinutes.map { "\($0)" } ?? "",
            "disconnected": pool.disconnectedMinutes.map { "\($0)" } ?? "", "release": pool.release ?? "",
            "broker": pool.broker ?? "",
        ]
    }

    /// What the fields say over `stored`; throws all that is wrong with them.
    func pool(over stored: TerminalPool?) throws -> TerminalPool {
        var fields = TypedFields(texts: texts)
        let name = fields.name(PoolName.self)
        let group = fields.value("group", "a group") { try GroupPath($0) }
        let levels = fields.list("levels", TerminalPool.Level.form, isSeparator: { _ in false }) {
            try TerminalPool.Level($0)
        }
        let protocols = fields.list("protocols", "rdp, ssh, x2go or vnc") {
            SessionProtocol(rawValue: $0.lowercased())
        }
        let hours = fields.hours()
        let second = fields.value("second", "take-over, ask, refuse or allow") {
            TerminalPool.SecondLogIn(rawValue: $0)
        }
        let (idle, disconnected) = (fields.number("idle"), fields.number("disconnected"))
        try fields.check()
        guard let name else { throw FormProblem(errors: ["name": "a name is required"]) }
        var pool = stored ?? TerminalPool(name: name)
        (pool.name, pool.group, pool.levels, pool.protocols) = (name, group ?? .site, levels, protocols)
        pool.users = fields.list("users", "a name") { $0 }
        pool.groups = fields.list("groups", "a name") { $0 }
        (pool.hours, pool.secondLogIn) = (hours, second ?? .takeOver)
        (pool.idleMinutes, pool.disconnectedMinutes) = (idle, disconnected)
        (pool.release, pool.broker) = (fields.text("release"), fields.text("broker"))
        return pool
    }
}

extension String {
    fileprivate var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
