import API
import Fleet

/// The fields of a form as texts, and what they say.
struct TypedFields {
    var texts: [String: String]
    var errors: [String: Sentence] = [:]

    func text(_ name: String) -> String? {
        let text = String((texts[name] ?? "").trimmed)
        return text.isEmpty ? nil : text
    }

    /// Nil for an empty field, and for one that is wrong.
    mutating func value<Value>(_ name: String, _ expected: String, _ parse: (String) throws -> Value?)
        -> Value?
    {
        guard let text = text(name) else { return nil }
        do {
            if let value = try parse(text) { return value }
            errors[name] = .unusable(text, expected)
        } catch { errors[name] = Sentence(of: error) }
        return nil
    }

    /// - Parameter isSeparator: between the entries, beside ends of lines.
    mutating func list<Value>(
        _ name: String, _ expected: String, isSeparator: (Character) -> Bool = { $0 == "," },
        _ parse: (String) throws -> Value?
    ) -> [Value] {
        let parts = (texts[name] ?? "").split { $0.isNewline || isSeparator($0) }.map { String($0.trimmed) }
        var values: [Value] = []
        for part in parts where !part.isEmpty {
            do {
                if let value = try parse(part) {
                    values.append(value)
                } else {
                    errors[name] = .unusable(part, expected)
                }
            } catch { errors[name] = Sentence(of: error) }
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

/// A terminal server or a pool, written in the fields of a form.
protocol DesktopRecord: TableRecord, ListedRecord where Key: CheckedName {
    static var fieldNames: [String] { get }
    /// The contents of the fields of a new one, beside its group.
    static var newTexts: [String: String] { get }
    var name: Key { get }
    var group: GroupPath { get }
    /// The contents of the fields of this one.
    var texts: [String: String] { get }

    /// What the fields say over `stored`; throws all that is wrong with them.
    static func read(_ fields: inout TypedFields, over stored: Self?) throws -> Self

    /// The form as a page shows it, but for the field of its name, and what all of them share.
    ///
    /// - Parameter groups: those in which the caller may have one.
    static func shape(
        _ typed: DesktopForm<Self>, _ fields: FormFields, _ groups: [GroupPath], _ words: Words
    ) -> DesktopFormShape

    /// The record as it is, and the state that it has.
    static func saved(_ key: Key, by acts: Acts) throws -> (record: Self, tag: String)
}

/// A terminal server or a pool as a form: new, as it is written down, or as it was typed.
struct DesktopForm<Record: DesktopRecord> {
    var texts: [String: String]
    var isNew: Bool
    /// The state of the record that the form was made of.
    var tag: String

    subscript(name: String) -> String { texts[name] ?? "" }

    init(_ form: Form) {
        texts = Dictionary(uniqueKeysWithValues: Record.fieldNames.map { ($0, form[$0]) })
        (isNew, tag) = (form["new"] == "yes", form["tag"])
    }

    /// - Parameter record: nil for a new one.
    init(_ record: Record?, in group: GroupPath, tag: String = "") {
        (isNew, self.tag) = (record == nil, tag)
        texts = record?.texts ?? Record.newTexts
        texts["group"] = group.description
    }

    /// What the fields say over `stored`; throws all that is wrong with them.
    func record(over stored: Record?) throws -> Record {
        var fields = TypedFields(texts: texts)
        return try Record.read(&fields, over: stored)
    }
}

typealias TerminalForm = DesktopForm<TerminalServer>
typealias PoolForm = DesktopForm<TerminalPool>

extension TerminalServer: DesktopRecord {
    static let fieldNames = [
        "name", "group", "address", "system", "protocols", "tags", "limit", "weight", "hours", "release",
        "node", "certificate",
    ]

    static let newTexts = [
        "system": System.linux.rawValue, "protocols": SessionProtocol.rdp.rawValue, "weight": "1",
    ]

    var texts: [String: String] {
        [
            "name": name.text, "address": address,
            "system": system.rawValue, "protocols": Self.text(ports),
            "tags": tags.joined(separator: ", "), "limit": sessionLimit.map { "\($0)" } ?? "",
            "weight": Int(exactly: weight).map { "\($0)" } ?? "\(weight)",
            "hours": hours.map(\.description).joined(separator: "\n"),
            "release": release ?? "", "node": node?.text ?? "",
            "certificate": certificate ?? "",
        ]
    }

    private static func text(_ ports: [SessionProtocol: Int]) -> String {
        SessionProtocol.allCases.compactMap { name in
            ports[name].map { $0 == name.usualPort ? name.rawValue : "\(name.rawValue):\($0)" }
        }.joined(separator: ", ")
    }

    static func saved(_ key: TerminalName, by acts: Acts) throws -> (record: Self, tag: String) {
        let saved = try acts.terminal(key)
        return (saved.record.server, saved.tag)
    }

    static func read(_ fields: inout TypedFields, over stored: Self?) throws -> Self {
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
        var server = stored ?? TerminalServer(name: name, address: fields.text("address") ?? "")
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
        let parts = text.split(separator: ":", maxSplits: 1).map { String($0.trimmed) }
        guard let name = parts.first.flatMap({ SessionProtocol(rawValue: $0.lowercased()) }) else {
            return nil
        }
        guard parts.count == 2 else { return (name, name.usualPort) }
        return Int(parts[1]).map { (name, $0) }
    }
}

extension TerminalPool: DesktopRecord {
    static let fieldNames = [
        "name", "group", "levels", "protocols", "users", "groups", "hours", "second", "idle", "disconnected",
        "release", "broker",
    ]

    static let newTexts = [
        "protocols": SessionProtocol.rdp.rawValue, "second": SecondLogIn.takeOver.rawValue,
    ]

    var texts: [String: String] {
        [
            "name": name.text,
            "levels": levels.map(\.text).joined(separator: "\n"),
            "protocols": protocols.map(\.rawValue).joined(separator: ", "),
            "users": users.joined(separator: "\n"), "groups": groups.joined(separator: "\n"),
            "hours": hours.map(\.description).joined(separator: "\n"),
            "second": secondLogIn.rawValue, "idle": idleMinutes.map { "\($0)" } ?? "",
            "disconnected": disconnectedMinutes.map { "\($0)" } ?? "", "release": release ?? "",
            "broker": broker ?? "",
        ]
    }

    static func saved(_ key: PoolName, by acts: Acts) throws -> (record: Self, tag: String) {
        let saved = try acts.pool(key)
        return (saved.record.pool, saved.tag)
    }

    static func read(_ fields: inout TypedFields, over stored: Self?) throws -> Self {
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
