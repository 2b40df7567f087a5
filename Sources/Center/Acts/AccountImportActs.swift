import API
import Fleet

/// A list of people, and what each row of it would do.
extension Acts {
    struct AccountPreview: Sendable {
        var rows: [Row]
        /// How the bytes were read as text.
        var encoding: TextEncoding
        /// What saves it; nil while a row is refused, and where nothing would change.
        var wish: AccountImport?

        struct Row: Sendable {
            /// Its first line in the file, from 1.
            var line: Int
            /// As it is written if it is not a valid name.
            var name: String
            var fullName = ""
            var groups: [String] = []
            var hasPassword = false
            var fate: NodeImport.Fate
            /// Why it is refused; nil for others.
            var reason: Sentence?
        }
    }

    /// What an import would do, row by row. Nothing is saved, and no password is hashed.
    ///
    /// - Parameter replaces: whether accounts that exist are changed; otherwise their rows are refused.
    func previewAccounts(_ bytes: [UInt8], replaces: Bool) throws -> AccountPreview {
        try require(.configure, in: .site)
        let (text, encoding) = try TextEncoding.text(of: bytes)
        let file = try AccountFile(csv: text)
        try Self.requireAmount(file.entries.map(AccountImport.Entry.init), isPreview: true)
        var check = AccountListCheck(fleet.snapshot, fleet.addressPlan, replaces: replaces)
        let length = leastPasswordLength
        var rows = file.skipped.map { one in
            AccountPreview.Row(line: one.line, name: one.name, fate: .refused, reason: one.reason)
        }
        for entry in file.entries {
            var row = AccountPreview.Row(
                line: entry.line, name: entry.name.text, fullName: entry.fullName ?? "",
                groups: entry.groups ?? [], hasPassword: entry.password != nil || entry.passwordHash != nil,
                fate: .refused)
            let wish = AccountImport.Entry(entry)
            do {
                try Self.requireUsablePassword(of: wish.account, length: length)
                row.fate = try check.fate(of: wish)
            } catch let problem as Problem {
                row.reason = problem.sentence
            } catch {
                row.reason = Sentence(of: error)
            }
            rows.append(row)
        }
        rows.sort { $0.line < $1.line }
        let isWhole = !rows.contains { $0.fate == .refused } && rows.contains { $0.fate != .unchanged }
        return AccountPreview(
            rows: rows, encoding: encoding,
            wish: isWhole
                ? AccountImport(
                    accounts: file.entries.map(AccountImport.Entry.init), replaces: replaces) : nil)
    }

    /// Throws unless one import takes so many accounts and passwords.
    ///
    /// - Parameter isPreview: whether a list without accounts is shown, with what is wrong with its rows.
    static func requireAmount(_ accounts: [AccountImport.Entry], isPreview: Bool = false) throws {
        guard ((isPreview ? 0 : 1)...importLimit).contains(accounts.count) else {
            throw Problem(422, "Invalid import", "an import has 1 to \(importLimit) accounts")
        }
        guard accounts.count(where: { $0.account.password != nil }) <= typedLimit else {
            throw Problem(
                422, "Invalid import",
                "an import has at most \(typedLimit) passwords: give hashes, or import in parts")
        }
    }
}

/// Each account of a list on top of those that are there and those of the rows above it.
private struct AccountListCheck {
    private let before: FleetSnapshot
    private let plan: AddressPlan
    private let replaces: Bool
    private var draft: FleetSnapshot.Contents
    private var owners: [Int: LogInName]
    /// The first number that may be free.
    private var next = DirectoryAccount.firstNumber

    init(_ snapshot: FleetSnapshot, _ plan: AddressPlan, replaces: Bool) {
        (before, self.plan, self.replaces, draft) = (snapshot, plan, replaces, snapshot.contents)
        owners = snapshot.contents.terminals.accounts.reduce(into: [:]) { $0[$1.value.uid] = $1.key }
    }

    mutating func fate(of entry: AccountImport.Entry) throws -> NodeImport.Fate {
        let known = draft.terminals.accounts[entry.name]
        guard known == nil || replaces else {
            throw StoreError.conflict("account \(entry.name) exists already")
        }
        var wish = entry.account
        if wish.uid == nil, known == nil { wish.uid = freeNumber() }
        let account = try Acts.account(entry.name, wish, over: known, in: draft.terminals)
        let secrets = wish.password ?? wish.passwordHash
        let change = RecordChange(
            entry.name, account, secrets: secrets.map { [DirectoryAccount.password: $0] } ?? [:])
        guard let checked = try DirectoryAccount.checked(change, in: draft, since: before, within: plan)
        else { return .unchanged }
        if let owner = owners[checked.uid], owner != entry.name {
            throw StoreError.conflict(
                "uid \(checked.uid) of \(entry.name) is \(owner)'s already: a number has one account")
        }
        if let known { owners[known.uid] = nil }
        owners[checked.uid] = entry.name
        draft.terminals.accounts[entry.name] = checked
        return known == nil ? .added : known == checked ? .unchanged : .changed
    }

    private mutating func freeNumber() -> Int? {
        while owners[next] != nil { next += 1 }
        return DirectoryAccount.numbers[0].contains(next) ? next : draft.terminals.freeAccountNumber
    }
}
