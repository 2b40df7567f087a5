package import Fleet

/// An account of the directory of people, as it is shown: never with its password.
package struct AccountAnswer: Codable, Sendable, Equatable {
    package var account: DeclaredAccount
    package var hasPassword: Bool
    /// Whether it opens today.
    package var isOpen: Bool

    package init(_ account: DirectoryAccount, isOpen: Bool) {
        self.account = DeclaredAccount(account, at: account.name)
        hasPassword = account.passwordNumber != nil
        self.isOpen = isOpen
    }
}

/// Whether an account opens, and why not.
package enum AccountState: String, Sendable, CaseIterable {
    case open
    case noPassword = "no-password"
    case expired, disabled
}

extension AccountAnswer {
    package var state: AccountState {
        if account.isDisabled { return .disabled }
        if !isOpen { return .expired }
        return hasPassword ? .open : .noPassword
    }
}

/// What people want of an account; what is left out stays as it is.
package struct AccountRequest: Codable, Sendable, Equatable {
    package var fullName: String?
    /// Left out of a new one: the first that is free.
    package var uid: Int?
    package var groups: [String]?
    package var isDisabled: Bool?
    /// The last day, as `2027-07-31`; empty: none.
    package var expires: String?
    package var home: AccountHome?
    /// It is kept as its hash.
    package var password: String?
    /// As in `/etc/shadow`, for accounts that come from elsewhere.
    package var passwordHash: String?

    package init(
        fullName: String? = nil, uid: Int? = nil, groups: [String]? = nil, isDisabled: Bool? = nil,
        expires: String? = nil, home: AccountHome? = nil, password: String? = nil, passwordHash: String? = nil
    ) {
        self.fullName = fullName
        self.uid = uid
        self.groups = groups
        self.isDisabled = isDisabled
        self.expires = expires
        self.home = home
        self.password = password
        self.passwordHash = passwordHash
    }
}

/// Accounts from elsewhere, all in one revision.
package struct AccountImport: Codable, Sendable {
    package var accounts: [Entry]
    /// Whether those that exist get what the file says of them; otherwise the import is refused.
    package var replaces: Bool

    package struct Entry: Codable, Sendable {
        package var name: LogInName
        package var account: AccountRequest

        package init(name: LogInName, account: AccountRequest) {
            self.name = name
            self.account = account
        }
    }

    package init(accounts: [Entry], replaces: Bool) {
        self.accounts = accounts
        self.replaces = replaces
    }
}

extension AccountImport.Entry {
    /// Of a file; what it says nothing of stays as it is.
    package init(_ entry: AccountFile.Entry) {
        self.init(
            name: entry.name,
            account: AccountRequest(
                fullName: entry.fullName, uid: entry.uid, groups: entry.groups, isDisabled: entry.isDisabled,
                expires: entry.expires, password: entry.password, passwordHash: entry.passwordHash))
    }
}

/// How an import ended.
package struct AccountImportAnswer: Codable, Sendable, Equatable {
    package var addedCount: Int
    package var changedCount: Int
    package var revision: Int

    package init(addedCount: Int, changedCount: Int, revision: Int) {
        self.addedCount = addedCount
        self.changedCount = changedCount
        self.revision = revision
    }
}
