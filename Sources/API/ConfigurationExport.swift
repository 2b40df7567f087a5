package import Fleet

/// The records of a configuration that people write, as far as the caller may see them, each kind in the order of its names. Secrets are
/// shown as `(set)`; sent back, they stay as they are.
///
/// It has a list for each of ``DeclaredForms``, which is called like that of files; one that the caller may see nothing of is empty.
package struct ConfigurationExport: Codable, Sendable {
    /// The revision that all of it is from: the tag for `If-Match`.
    package var revision: Int
    /// By their member.
    private var lists: [String: [any DeclaredForm]] = [:]

    package init(revision: Int) { self.revision = revision }

    /// The records of one kind.
    package subscript<Form: DeclaredForm>(_: Form.Type) -> [Form] {
        get { lists[Form.member]?.compactMap { $0 as? Form } ?? [] }
        set { lists[Form.member] = newValue }
    }

    private struct Member: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }

        static let revision = Member("revision")
    }

    /// A list that is not there is one that the server does not know.
    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: Member.self)
        revision = try members.decode(Int.self, forKey: .revision)
        func read<Form: DeclaredForm>(_: Form.Type) throws -> [any DeclaredForm] {
            try members.decodeIfPresent([Form].self, forKey: Member(Form.member)) ?? []
        }
        for form in DeclaredForms.all { lists[form.member] = try read(form) }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: Member.self)
        try members.encode(revision, forKey: .revision)
        func write<Form: DeclaredForm>(_: Form.Type) throws {
            try members.encode(self[Form.self], forKey: Member(Form.member))
        }
        for form in DeclaredForms.all { try write(form) }
    }
}
