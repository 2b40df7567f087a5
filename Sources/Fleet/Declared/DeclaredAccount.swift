/// An account of the directory in a file: all but its password.
package struct DeclaredAccount: DeclaredForm, Equatable {
    package typealias Record = DirectoryAccount
    package static let (member, keyMember) = ("accounts", "name")

    package var name: LogInName
    package var uid: Int
    package var fullName: String
    package var groups: [String]
    package var isDisabled: Bool
    package var expires: String?
    package var home: AccountHome

    package init(_ account: DirectoryAccount, at key: LogInName) {
        (name, uid, fullName) = (account.name, account.uid, account.fullName)
        (groups, isDisabled) = (account.groups, account.isDisabled)
        (expires, home) = (account.expires, account.home)
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(LogInName.self, forKey: .name)
        uid = try fields.decode(Int.self, forKey: .uid)
        fullName = try fields.decodeIfPresent(String.self, forKey: .fullName) ?? ""
        groups = try fields.decodeIfPresent([String].self, forKey: .groups) ?? []
        isDisabled = try fields.decodeIfPresent(Bool.self, forKey: .isDisabled) ?? false
        expires = try fields.decodeIfPresent(String.self, forKey: .expires)
        home = try fields.decodeIfPresent(AccountHome.self, forKey: .home) ?? .keep
    }

    package var recordKey: LogInName { name }

    package func record(over stored: DirectoryAccount?, at second: Int) -> DirectoryAccount {
        DirectoryAccount(
            name: name, fullName: fullName, uid: uid, groups: groups, isDisabled: isDisabled,
            expires: expires, home: home, passwordNumber: stored?.passwordNumber)
    }
}
