import Fleet
import Foundation

/// The records of a server, as files have them.
struct DeclaredRecords {
    /// One record.
    struct One {
        var member: String
        var key: String
        /// All of its members.
        var whole: DeclaredValue
        /// Without what it would have anyway.
        var plain: DeclaredValue
    }

    /// In the order of the export.
    private(set) var all: [One] = []
    private var places: [Place: Int] = [:]

    struct Place: Hashable {
        var member: String
        var key: String
    }

    /// - Parameter export: the answer of the server.
    init(_ export: Data) throws {
        let lists = try JSONDecoder().decode(DeclaredValue.self, from: export).object ?? [:]
        for form in DeclaredForms.all {
            guard case .list(let records)? = lists[form.member] else { continue }
            for record in records {
                guard let key = record.object?[form.keyMember]?.text else { continue }
                places[Place(member: form.member, key: key)] = all.count
                all.append(
                    One(
                        member: form.member, key: key, whole: record,
                        plain: Self.plain(record, form)))
            }
        }
    }

    func record(_ member: String, _ key: String) -> One? {
        places[Place(member: member, key: key)].map { all[$0] }
    }

    // MARK: The same in other words

    /// What a file says, as the server would say it; nil where it is no record of its own.
    static func normal(_ item: DeclaredItem, over record: One?) -> DeclaredValue? {
        guard let form = DeclaredForms.named(item.member) else { return nil }
        var object = record?.whole ?? .object([:])
        let leaves = item.fields.leaves
        for (path, value) in leaves { object[path] = value }
        guard let whole = coded(object, form) else { return nil }
        var normal = DeclaredValue.object([:])
        for path in leaves.keys { normal[path] = whole[path] ?? leaves[path] }
        if case .list(let tags)? = normal.object?["tags"] {
            // The server has each tag once, in order.
            let texts = Swift.Set(tags.compactMap(\.text)).sorted()
            normal[DeclaredPath(["tags"])] = .list(texts.map { .text($0) })
        }
        return normal
    }

    private static func plain(_ record: DeclaredValue, _ form: any DeclaredForm.Type) -> DeclaredValue {
        let required = (DeclaredForms.fields[form.member] ?? []).filter(\.isRequired).map(\.name)
        let named = record.object?.filter { required.contains($0.key) } ?? [:]
        let usual = coded(.object(named), form)?.leaves ?? [:]
        var plain = DeclaredValue.object([:])
        for (path, value) in record.leaves
        where usual[path] != value || required.contains(path.names.first ?? "") {
            plain[path] = value
        }
        return plain
    }

    private static func coded(_ value: DeclaredValue, _ form: any DeclaredForm.Type) -> DeclaredValue? {
        func coded<Form: DeclaredForm>(_: Form.Type) throws -> DeclaredValue {
            try DeclaredEncoder().value(of: DeclaredDecoder().decode(Form.self, from: value)) ?? .object([:])
        }
        return try? coded(form)
    }
}

extension DeclaredForms {
    /// The order in which a record's members are written.
    static func order(of member: String) -> [String] { fields[member]?.map(\.name) ?? [] }
}
