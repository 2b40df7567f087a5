import Fleet

/// The account that made something which goes on, and the API token by which it did, as they were then. Their leave goes on in what they
/// made, so that this ends with it: when a stolen account is disabled or gets a new password, what the thief made is of no use either.
struct Maker: Equatable, Sendable {
    var account: Administrator
    var token: APIToken?

    /// For what is stored.
    var leave: Leave { Leave(account, token: token) }

    /// Whether it still has the leave that it used.
    func may(_ permission: Permission, in group: GroupPath, by access: AccessRecords) -> Bool {
        guard leave.holds(permission, in: group, by: access) else { return false }
        guard let token else { return true }
        // Numbers are given again.
        return access.tokens[token.id].map { $0.means(token) && $0.createdAt == token.createdAt } ?? false
    }
}
