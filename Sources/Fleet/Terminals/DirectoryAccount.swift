/// A person's account in the directory that Roost keeps itself: agents make it on the terminal server that the person comes to.
///
/// The hash of the password is kept beside the record, in no history and no file.
package struct DirectoryAccount: Equatable, Sendable, Codable {
    package var name: LogInName
    /// For people.
    package var fullName: String
    /// The same number on each server.
    package var uid: Int
    /// Groups of the terminal servers, and those that pools name.
    package var groups: [String]
    package var isDisabled: Bool
    /// The last day on which it opens: `2027-07-31`.
    package var expires: String?
    /// What becomes of it on a terminal server when its session has ended.
    package var home: AccountHome
    /// Counts its passwords, so that the record differs after each; nil: it never had one.
    package var passwordNumber: Int?

    /// Those of people: neither of the system, nor those that agents give to accounts for one log-in (60000 to 64999), nor those of systemd.
    package static let numbers: [ClosedRange<Int>] = [1_000...59_999, 70_000...499_999]
    /// Where numbers that are not given begin.
    package static let firstNumber = 10_000

    package init(
        name: LogInName, fullName: String = "", uid: Int, groups: [String] = [], isDisabled: Bool = false,
        expires: String? = nil, home: AccountHome = .keep, passwordNumber: Int? = nil
    ) {
        self.name = name
        self.fullName = fullName
        self.uid = uid
        self.groups = groups
        self.isDisabled = isDisabled
        self.expires = expires
        self.home = home
        self.passwordNumber = passwordNumber
    }

    /// What is left out is as in a new one.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            name: try fields.decode(LogInName.self, forKey: .name),
            uid: try fields.decode(Int.self, forKey: .uid))
        fullName = try fields.decodeIfPresent(String.self, forKey: .fullName) ?? ""
        groups = try fields.decodeIfPresent([String].self, forKey: .groups) ?? []
        isDisabled = try fields.decodeIfPresent(Bool.self, forKey: .isDisabled) ?? false
        expires = try fields.decodeIfPresent(String.self, forKey: .expires)
        home = try fields.decodeIfPresent(AccountHome.self, forKey: .home) ?? .keep
        passwordNumber = try fields.decodeIfPresent(Int.self, forKey: .passwordNumber)
    }

    /// - Parameter day: today, as `2026-11-29`.
    package func isOpen(on day: String) -> Bool { !isDisabled && expires.map { day <= $0 } ?? true }

    /// A day that the calendar has.
    package static func isDay(_ text: String) -> Bool {
        guard let match = text.wholeMatch(of: /([0-9]{4})-([0-9]{2})-([0-9]{2})/),
            let year = Int(match.output.1), let month = Int(match.output.2), let day = Int(match.output.3),
            (1970...9999).contains(year), (1...12).contains(month)
        else { return false }
        let isLeap = year % 4 == 0 && year % 100 != 0 || year % 400 == 0
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...days[month - 1]).contains(day)
    }
}

extension FleetEdit {
    /// - Parameters:
    ///   - account: nil removes it.
    ///   - passwordHash: as crypt(3) makes it; nil leaves the password as it is.
    package static func account(
        _ name: LogInName, _ account: DirectoryAccount?, passwordHash: String? = nil
    ) -> Self {
        Self(name, account, secrets: passwordHash.map { [DirectoryAccount.password: $0] } ?? [:])
    }
}

extension DirectoryAccount: TableRecord, ListedRecord {
    package static let kind = "account"
    package static var declaredForm: (any DeclaredForm.Type)? { DeclaredAccount.self }
    /// The name of a password's hash among the secrets.
    package static let password = "password"
    /// It goes to terminal servers, so a store seals it.
    package static let sealedSecrets: Set<String> = [password]
    package static let countLimit = 100_000

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [LogInName: Self]> {
        \.terminals.accounts
    }
    package var key: LogInName { name }

    package static func checked(
        _ change: RecordChange<Self>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Self? {
        try change.requireSomething(in: draft)
        guard var account = change.after else { return nil }
        let known = draft.terminals.accounts[change.key]
        account.name = change.key
        // A request or a file says nothing of passwords: what counts them is here.
        account.passwordNumber =
            change.secrets.isEmpty ? known?.passwordNumber : (known?.passwordNumber ?? 0) &+ 1
        guard account.fullName.utf8.count <= 128,
            !account.fullName.unicodeScalars.contains(where: { $0.value < 32 || $0 == ":" || $0 == "," })
        else {
            throw InvalidSetting("full name: at most 128 bytes on one line, without colons and commas")
        }
        guard numbers.contains(where: { $0.contains(account.uid) }) else {
            throw InvalidSetting(
                "uid: \(account.uid) is not 1000 to 59999 or 70000 to 499999: others belong to systems and agents"
            )
        }
        account.groups = try TerminalWords.checkedNames(account.groups, "groups")
        if let group = account.groups.first(where: LogInGroup.powerful.contains) {
            throw InvalidSetting(
                "groups: members of \(group) have the whole machine, which agents give to no account")
        }
        if let day = account.expires, !isDay(day) {
            throw InvalidSetting("expires: ‘\(day)’ is not a day, such as 2027-07-31")
        }
        return account
    }

    /// Numbers are given once.
    package static func check(
        all changed: [LogInName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let all = snapshot.contents.terminals.accounts
        guard all.count <= countLimit else {
            throw StoreError.conflict("a directory has at most \(countLimit) accounts")
        }
        var owners: [Int: LogInName] = [:]
        for account in all.values.sorted(by: { $0.name < $1.name }) {
            if let other = owners.updateValue(account.name, forKey: account.uid) {
                throw StoreError.conflict(
                    "uid \(account.uid) of \(account.name) is \(other)'s already: a number has one account")
            }
        }
    }

    package static func summary(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> String {
        guard let after = change.after else { return "account \(change.key) removed" }
        guard let before = snapshot.contents.terminals.accounts[change.key] else {
            return "account \(change.key) added"
        }
        if before.isSame(as: after), !change.secrets.isEmpty { return "password of \(change.key) changed" }
        return "account \(change.key) changed" + (change.secrets.isEmpty ? "" : ", with a new password")
    }

    package static func missing(_ key: LogInName) -> Sentence {
        "there is no account \(key) (roost account list shows all)"
    }

    package static func existing(_ key: LogInName) -> Sentence {
        "account \(key) already exists; use roost account set to change it"
    }

    package static func undoProblem(from before: Self?, to after: Self?) -> Sentence? {
        if before == after || before?.isSame(as: after) == true {
            return "was given a new password, and the former one is kept nowhere"
        }
        if before != nil, after == nil {
            return "was removed with its password: add it again with a new one"
        }
        return nil
    }

    package func restored(over present: Self?) -> Self {
        var account = self
        account.passwordNumber = present?.passwordNumber
        return account
    }

    package func means(_ other: Self) -> Bool { isSame(as: other) }

    /// Whether only the passwords differ.
    private func isSame(as other: Self?) -> Bool {
        var one = self
        one.passwordNumber = other?.passwordNumber
        return one == other
    }
}

extension TerminalRecords {
    /// A number that no account has.
    package var freeAccountNumber: Int? {
        let taken = Set(accounts.values.map(\.uid))
        return (DirectoryAccount.firstNumber...59_999).first { !taken.contains($0) }
            ?? DirectoryAccount.numbers[1].first { !taken.contains($0) }
    }
}
