import API
import Fleet
import Linux

/// The directory of people: accounts of the whole site, which agents make on their servers.
extension Acts {
    /// Accounts of one import, and those whose passwords have to be hashed here.
    static let (importLimit, typedLimit) = (20_000, 500)

    /// Those with each word of `query` in name, full name, number, groups or state (`state=expired`), in the order of their names.
    func accounts(_ query: String, offset: Int, limit: Int) async throws -> Page<AccountAnswer> {
        try require(.read)
        let words = try SearchWords(query)
        let fitting = try await presentAccounts().filter { one in
            let account = one.account
            let text =
                ([account.name.text, account.fullName, "\(account.uid)", "state=\(one.state.rawValue)"]
                + account.groups).joined(separator: " ").lowercased()
            return words.areIn(text)
        }
        return Page(fitting.sorted { $0.account.name < $1.account.name }, offset: offset, limit: limit)
    }

    /// How many of them are in each state.
    func accountStates() async throws -> [AccountState: Int] {
        try require(.read)
        return try await presentAccounts().reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
    }

    private func presentAccounts() async throws -> [AccountAnswer] {
        let day = LocalTime.day(second: Clock.second)
        return shownAccounts(in: try await configuration()).map {
            AccountAnswer($0, isOpen: $0.isOpen(on: day))
        }
    }

    /// All of them for those of the whole site; others see who has a session on a server of their groups. Whom a pool names is no reason:
    /// those who may change a pool would see everyone by naming everyone's groups.
    private func shownAccounts(in snapshot: FleetSnapshot) -> [DirectoryAccount] {
        let terminals = snapshot.contents.terminals
        let all = Array(terminals.accounts.values)
        guard !may(.read, in: .site) else { return all }
        // Of the past no sessions are known here.
        guard at == nil else { return [] }
        let users = Set(
            services.terminals.lastReports(at: Clock.steadyMillisecond).filter {
                terminals.servers[$0.server].map { mayNamePeople(in: $0.group) } ?? false
            }.flatMap { $0.sessions.map(\.user) })
        return all.filter { users.contains($0.name.text) }
    }

    func account(_ name: LogInName) async throws -> Saved<AccountAnswer> {
        let saved = try await siteRecord(DirectoryAccount.self, at: name, readableIn: .site)
        return Self.answer(saved.record, tag: saved.tag, saved.revision)
    }

    /// Adds an account, or changes of one what the request says.
    func saveAccount(_ name: LogInName, _ wish: AccountRequest, if expected: Precondition = .none)
        async throws
        -> Saved<AccountAnswer>
    {
        try require(.configure, in: .site)
        let hash = try hash(of: wish)
        let snapshot = try await change { current in
            let known = current.contents.terminals.accounts[name]
            return [
                .account(
                    name, try Self.account(name, wish, over: known, in: current.contents.terminals),
                    passwordHash: hash)
            ]
        } check: { current in
            try expected.check(DirectoryAccount.record(at: name, in: current.contents), at: name)
        }
        guard let account = snapshot.contents.terminals.accounts[name] else {
            throw StoreError.conflict("account \(name) has been removed")
        }
        return Self.answer(account, tag: try RecordTag.of(account), snapshot.revision)
    }

    func removeAccount(_ name: LogInName, if expected: Precondition = .none) async throws {
        try require(.configure, in: .site)
        try await remove(DirectoryAccount.self, at: name, if: expected)
    }

    /// Adds accounts from elsewhere, or changes those that are there, all in one revision.
    func importAccounts(_ wish: AccountImport) async throws -> AccountImportAnswer {
        try require(.configure, in: .site)
        try Self.requireAmount(wish.accounts)
        let hashes = try wish.accounts.map { try hash(of: $0.account, isOfMany: true) }
        let before = fleet.snapshot.contents.terminals.accounts
        let snapshot = try await change(what: "\(counted(wish.accounts.count, "account")) imported") {
            current in
            var records = current.contents.terminals
            return try zip(wish.accounts, hashes).map { entry, hash in
                let known = records.accounts[entry.name]
                guard known == nil || wish.replaces else {
                    throw StoreError.conflict(
                        "account \(entry.name) exists already (--replace changes it)")
                }
                let account = try Self.account(entry.name, entry.account, over: known, in: records)
                records.accounts[entry.name] = account
                return .account(entry.name, account, passwordHash: hash)
            }
        }
        let changedCount = wish.accounts.count { before[$0.name] != nil }
        return AccountImportAnswer(
            addedCount: wish.accounts.count - changedCount, changedCount: changedCount,
            revision: snapshot.revision)
    }

    /// Throws unless the caller may change accounts: asked before a form is read.
    func requireChangingAccounts() throws { try require(.configure, in: .site) }

    // MARK: Parts

    private static func answer(_ account: DirectoryAccount, tag: String, _ revision: Int) -> Saved<
        AccountAnswer
    > {
        let isOpen = account.isOpen(on: LocalTime.day(second: Clock.second))
        return Saved(record: AccountAnswer(account, isOpen: isOpen), tag: tag, revision: revision)
    }

    /// An account with what is wished of it.
    static func account(
        _ name: LogInName, _ wish: AccountRequest, over known: DirectoryAccount?, in records: TerminalRecords
    ) throws -> DirectoryAccount {
        guard let uid = wish.uid ?? known?.uid ?? records.freeAccountNumber else {
            throw StoreError.conflict("no number is free for account \(name)")
        }
        var account = known ?? DirectoryAccount(name: name, uid: uid)
        account.uid = uid
        account.fullName = wish.fullName ?? account.fullName
        account.groups = wish.groups ?? account.groups
        account.isDisabled = wish.isDisabled ?? account.isDisabled
        if let day = wish.expires { account.expires = day.isEmpty ? nil : day }
        account.home = wish.home ?? account.home
        return account
    }

    /// - Parameter isOfMany: a typed password takes a tenth of a second, which a thousand of them would not end in time.
    private func hash(of wish: AccountRequest, isOfMany: Bool = false) throws -> String? {
        try Self.requireUsablePassword(of: wish, length: leastPasswordLength)
        guard let password = wish.password else { return wish.passwordHash }
        return try ShadowPassword.hash(password, rounds: isOfMany ? 5_000 : ShadowPassword.roundCount)
    }

    /// Characters of a password.
    var leastPasswordLength: Int {
        fleet.snapshot.settings(of: GroupPath.site)[Settings.accountPasswordLength] ?? 8
    }

    /// Throws where a password or its hash is given that no account can have.
    ///
    /// - Parameter length: the characters that one has at least.
    static func requireUsablePassword(of wish: AccountRequest, length: Int) throws {
        if let password = wish.password {
            guard wish.passwordHash == nil else {
                throw Problem(422, "Two passwords", "give the password or its hash, and not both")
            }
            guard password.utf8.count <= 256 else {
                throw Problem(422, "Unusable password", "a password has at most 256 bytes")
            }
            guard password.count >= length else {
                throw Problem(
                    422, "Unusable password",
                    "a password has at least \(length) characters here (setting account-password-length)"
                )
            }
        } else if let hash = wish.passwordHash {
            guard (try? PasswordHash(reading: hash)) != nil, hash.utf8.count <= 512,
                hash.utf8.allSatisfy({ (33...126).contains($0) })
            else {
                throw Problem(
                    422, "Unusable hash",
                    "the hash of a password is as in /etc/shadow, such as $6$… or $y$…")
            }
        }
    }
}
