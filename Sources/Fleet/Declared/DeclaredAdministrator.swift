import Wire

/// An administrator in a file: who may do what, and never a password.
package struct DeclaredAdministrator: DeclaredForm, Equatable {
    package typealias Record = Administrator
    package static let (member, keyMember) = ("administrators", "name")
    package static let audience = DeclaredAudience.site(.administer)
    package static let permission = Permission.administer

    package var name: String
    package var source: Administrator.Source
    package var fullName: String
    /// `operator`, `operator@/school`.
    package var grants: [String]
    package var isDisabled: Bool

    private enum CodingKeys: String, CodingKey { case name, source, fullName, grants, isDisabled }

    package init(_ record: Administrator, at key: String) {
        name = record.name
        source = record.source
        fullName = record.fullName
        grants = record.grants.map(\.description).sorted()
        isDisabled = record.isDisabled
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(String.self, forKey: .name)
        source = try fields.decodeIfPresent(Administrator.Source.self, forKey: .source) ?? .local
        fullName = try fields.decodeIfPresent(String.self, forKey: .fullName) ?? ""
        grants = try fields.decodeIfPresent([String].self, forKey: .grants) ?? []
        isDisabled = try fields.decodeIfPresent(Bool.self, forKey: .isDisabled) ?? false
        if let wrong = grants.first(where: { Grant($0).map { Role.ofPeople.contains($0.role) } != true }) {
            throw DecodingError.unreadable(
                "‘\(wrong)’ is not a role of people, such as operator or operator@/school", forKey: .grants,
                in: fields)
        }
        grants = Set(grants).sorted()
    }

    package var recordKey: String { name }

    package func record(over stored: Administrator?, at second: Int) -> Administrator {
        let wanted = grants.compactMap { Grant($0) }
        var account = stored ?? Administrator(name: name, grants: [])
        if stored?.source != source {
            // Another source is another person: at a provider, the first who logs in under this name.
            account.identity = nil
            account.linkableUntil = source == .oidc ? second + Administrator.linkingSeconds : nil
        }
        account.source = source
        account.fullName = String(fullName.prefix(Administrator.fullNameLength))
        account.isDisabled = isDisabled
        // In another order they are the same.
        if Set(account.grants) != Set(wanted) { account.grants = wanted }
        return account
    }
}
