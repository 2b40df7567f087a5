/// By whose leave something goes on: what a record keeps of the account that began it, and of its API token.
///
/// It ends with the account's own, so that what a thief began is of no use once the account is disabled or has a new password.
package struct Leave: Equatable, Sendable, Codable {
    package let account: String
    private let source: Administrator.Source
    private let identity: ProviderIdentity?
    private let passwordNumber: Int?
    private let token: Int?
    private let tokenName: String?

    /// - Parameter token: by which the account did it; nil: by a log-in or a schedule.
    package init(_ account: Administrator, token: APIToken? = nil) {
        self.account = account.name
        (source, identity, passwordNumber) = (account.source, account.identity, account.passwordNumber)
        (self.token, tokenName) = (token?.id, token?.name)
    }

    /// Whether the account, and its token, still have the permission.
    package func holds(_ permission: Permission, in group: GroupPath, by access: AccessRecords) -> Bool {
        guard let now = access.administrators[account], !now.isDisabled,
            (now.source, now.identity, now.passwordNumber) == (source, identity, passwordNumber),
            now.grants.allow(permission, in: group)
        else { return false }
        guard let token else { return true }
        guard let known = access.tokens[token] else { return false }
        return known.owner == account && known.name == tokenName && known.grants.allow(permission, in: group)
    }
}
