extension FleetEdit {
    /// - Parameters:
    ///   - administrator: nil removes the account.
    ///   - passwordHash: nil leaves the password unchanged.
    package static func administrator(
        _ name: String, _ administrator: Administrator?, passwordHash: String? = nil
    ) -> Self {
        Self(name, administrator, secrets: passwordHash.map { [Administrator.password: $0] } ?? [:])
    }
}

extension FleetSnapshot {
    /// The edits that remove an account with its tokens. What it has scheduled is paused: an account of its name is another person's.
    package func edits(removingAdministrator name: String) -> [FleetEdit] {
        [.administrator(name, nil)] + edits(revokingTokensOf: name) + edits(pausingSchedulesOf: name)
    }

    /// The edits that revoke the tokens, and pause the schedules, of those accounts that `edits` disable or give to another source or person.
    package func edits(revokingTokensAfter edits: [FleetEdit]) -> [FleetEdit] {
        let cut = edits.compactMap { $0.of(Administrator.self) }.filter { change in
            guard let after = change.after else { return false }
            return contents.access.administrators[change.key].map { after.cutsTokens(of: $0) } ?? false
        }
        return cut.flatMap { change in
            let touched = Set(edits.compactMap { $0.of(Schedule.self)?.key })
            return self.edits(revokingTokensOf: change.key)
                + self.edits(pausingSchedulesOf: change.key, except: touched)
        }
    }

    /// The edits that pause what runs for an account. What it may not do now is refused in any case, and takes no permission here.
    ///
    /// - Parameter others: schedules that are changed anyway.
    package func edits(pausingSchedulesOf name: String, except others: Set<ScheduleName> = []) -> [FleetEdit]
    {
        guard let owner = contents.access.administrators[name] else { return [] }
        return contents.schedules.values.filter { schedule in
            schedule.owner == name && !schedule.isPaused && !others.contains(schedule.name)
                && owner.grants.allow(schedule.act.permission, in: schedule.group)
        }.sorted { $0.name < $1.name }.map { schedule in
            var schedule = schedule
            schedule.isPaused = true
            return .schedule(schedule.name, schedule)
        }
    }

    /// The edits that revoke all tokens of an account.
    package func edits(revokingTokensOf name: String) -> [FleetEdit] {
        contents.access.tokens.values.filter { $0.owner == name }.map(\.id).sorted().map { .token($0, nil) }
    }
}

extension CheckedChange {
    /// The accounts whose log-ins end with it: another password, source or person, and other roles require a new log-in.
    package var endedLogIns: [String] {
        edits.compactMap { edit in
            guard let change = edit.of(Administrator.self),
                let known = before.contents.access.administrators[change.key]
            else { return nil }
            guard let account = change.after else { return change.key }
            let isSame =
                change.secrets.isEmpty && !account.isDisabled && account.grants == known.grants
                && account.source == known.source && account.identity == known.identity
            return isSame ? nil : change.key
        }
    }
}

extension Administrator {
    /// Whether the account is another source's or person's than `before`.
    package func isAnotherPerson(than before: Administrator) -> Bool {
        identity != before.identity || source != before.source
    }

    /// Whether tokens of the account as it was must not outlive the change to this one.
    package func cutsTokens(of before: Administrator) -> Bool {
        isAnotherPerson(than: before) || (isDisabled && !before.isDisabled)
    }
}

extension Administrator: TableRecord, TimedRecord {
    package static let kind = "administrator"
    package static var declaredForm: (any DeclaredForm.Type)? { DeclaredAdministrator.self }
    /// The name of a password's hash among the secrets.
    package static let password = "password"

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [String: Self]> {
        \.access.administrators
    }

    package static func missing(_ key: String) -> Sentence {
        "there is no administrator \(key) (roost admin list shows all)"
    }

    package static func checked(
        _ change: RecordChange<Administrator>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Administrator? {
        try change.requireSomething(in: draft)
        guard var administrator = change.after else { return nil }
        administrator.name = try checked(name: change.key)
        return administrator
    }

    package static func check(_ key: String, in contents: FleetSnapshot.Contents) throws {
        guard contents.access.administrators[key] == nil,
            let token = contents.access.tokens.values.first(where: { $0.owner == key })
        else { return }
        throw StoreError.conflict(
            "\(key) still has the token ‘\(token.name)’: revoke it first (roost token rm \(token.id))")
    }

    /// An administrator remains who can admit others; a site without accounts has the local socket.
    package static func check(
        all changed: [String], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let all = snapshot.contents.access.administrators.values
        let isSafe = all.contains { !$0.isDisabled && $0.grants.allow(.administer, in: .site) }
        guard isSafe || all.isEmpty else {
            throw StoreError.conflict(
                "no account would have the role admin for the whole site: give it to another one first (roost admin add NAME admin)"
            )
        }
    }

    package static func summary(
        of change: RecordChange<Administrator>, in snapshot: FleetSnapshot
    ) -> String {
        guard let after = change.after else { return "administrator \(change.key) removed" }
        guard let before = snapshot.contents.access.administrators[change.key] else {
            return "administrator \(change.key) added"
        }
        if before.isSame(as: after), !change.secrets.isEmpty { return "password of \(change.key) changed" }
        return "administrator \(change.key) changed" + (change.secrets.isEmpty ? "" : ", with a new password")
    }

    /// None: an account has no group. Its roles decide who may change it.
    package static func places(
        of change: RecordChange<Administrator>, in snapshot: FleetSnapshot
    ) -> [GroupPath] { [] }

    package static func permission(
        for change: RecordChange<Administrator>, in snapshot: FleetSnapshot
    ) -> Permission { .administer }

    package static func grants(
        of change: RecordChange<Administrator>, in snapshot: FleetSnapshot
    ) -> [Grant] {
        (snapshot.contents.access.administrators[change.key]?.grants ?? []) + (change.after?.grants ?? [])
    }

    package static func consequence(_ edits: ArraySlice<FleetEdit>) -> String? {
        let areRevoked = edits.allSatisfy { $0.of(APIToken.self).map { $0.after == nil } ?? false }
        return areRevoked ? "\(counted(edits.count, "token")) revoked" : nil
    }

    package static func undoProblem(from before: Administrator?, to after: Administrator?) -> Sentence? {
        if before == after || before?.isSame(as: after) == true {
            return "was given a new password, and the former one is kept nowhere"
        }
        if before?.source == .local, after == nil {
            return "was removed with its password: add it again with a new one"
        }
        return nil
    }

    /// Undo opens no account to the next log-in under its name, and gives none more time.
    package func restored(over present: Administrator?) -> Administrator {
        var account = self
        if linkableUntil != nil { account.linkableUntil = present?.linkableUntil }
        account.passwordNumber = present?.passwordNumber
        return account
    }

    package var writtenAt: Int? { nil }

    package func moved(with jump: ClockJump, usedAt: Int?) -> Administrator {
        var account = self
        account.linkableUntil = linkableUntil.map { jump.moved(end: $0, longest: Self.linkingSeconds) }
        return account
    }

    /// Whether only the passwords differ.
    private func isSame(as other: Administrator?) -> Bool {
        var one = self
        one.passwordNumber = other?.passwordNumber
        return one == other
    }

    /// The time in which an account can be linked moves with the server's clock. Passwords are no part of what undo restores.
    package func means(_ other: Administrator) -> Bool {
        var (one, other) = (self, other)
        (one.passwordNumber, other.passwordNumber) = (nil, nil)
        (one.linkableUntil, other.linkableUntil) = (nil, nil)
        return one == other
    }
}
