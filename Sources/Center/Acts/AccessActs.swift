import API
import Fleet
import Synchronization
import Wire

/// Administrators and tokens.
extension Acts {
    private static let tokenDays = 0...3_650
    private static let standardTokenDays = 90

    func whoAmI() throws -> CallerAnswer {
        try require(.read)
        return CallerAnswer(name: caller.name, grants: caller.grants.map(\.description))
    }

    // MARK: Administrators

    /// The administrators that the caller could change: one with roles elsewhere is not visible to an administrator of one group.
    func administrators() async throws -> [Saved<AdministratorAnswer>] {
        try require(.administer)
        let tokens = Dictionary(grouping: try await tokenAnswers(of: nil), by: \.owner)
        let (snapshot, logIns) = (fleet.snapshot, try await store.lastLogIns())
        return try snapshot.contents.access.administrators.values.sorted { $0.name < $1.name }
            .filter { caller.grants.cover($0.grants) }
            .map {
                var saved = try Saved(
                    $0, tokens: tokens[$0.name] ?? [], services.warning(of: $0), in: snapshot)
                saved.record.lastLogInAt = logIns[$0.name]
                return saved
            }
    }

    func administrator(_ name: String) async throws -> Saved<AdministratorAnswer> {
        try require(.administer)
        let snapshot = fleet.snapshot
        let known = try known(name, in: snapshot)
        var saved = try await Saved(
            known, tokens: tokenAnswers(of: name), services.warning(of: known), in: snapshot)
        saved.record.lastLogInAt = try await store.lastLogIns()[name]
        return saved
    }

    /// An account that the caller could change; others are not found, like those that do not exist.
    private func known(_ name: String, in snapshot: FleetSnapshot) throws -> Administrator {
        guard let known = snapshot.contents.access.administrators[name], caller.grants.cover(known.grants)
        else {
            try caller.requireNames(.administer, "administrator", name)
            throw StoreError.notFound(Administrator.missing(name))
        }
        return known
    }

    private func grants(_ texts: [String], in snapshot: FleetSnapshot) throws -> [Grant] {
        let grants = try texts.map { text in
            guard let grant = Grant(text) else {
                let roles = Role.allCases.map(\.rawValue).joined(separator: ", ")
                throw Problem(422, "Invalid role", "‘\(text)’ is not ROLE or ROLE@/group; roles are \(roles)")
            }
            return grant
        }
        // Before anything else: the error must not reveal which groups exist.
        guard caller.grants.cover(grants) else {
            throw Problem(403, "Forbidden", "you can only give roles that you have")
        }
        for group in grants.map(\.group) where group != .site && snapshot.groups[group] == nil {
            throw StoreError.notFound(snapshot.contents.missing(.group(group)))
        }
        return grants
    }

    func save(
        administrator name: String, _ wish: AdministratorRequest, if expected: Precondition = .none
    ) async throws -> Saved<AdministratorAnswer> {
        try require(.administer)
        // Before the password is hashed, which is expensive; the state that the change meets decides.
        _ = try administrator(name, wish, if: expected, in: fleet.snapshot)
        var hash: String?
        if let password = wish.password { hash = try await Passwords.hash(Passwords.checked(password)) }
        let snapshot = try await change { [hash] current in
            let after = try administrator(name, wish, if: expected, in: current)
            let known = current.contents.access.administrators[name]
            let save = FleetEdit.administrator(name, after, passwordHash: hash)
            guard let known, revokesTokens(of: known, after, isNewPassword: hash != nil, wish) else {
                return [save]
            }
            return [save] + current.edits(revokingTokensOf: name) + current.edits(pausingSchedulesOf: name)
        }
        guard let administrator = snapshot.contents.access.administrators[name] else {
            throw StoreError.conflict("administrator \(name) has been removed")
        }
        return try await Saved(
            administrator, tokens: tokenAnswers(of: name), services.warning(of: administrator), in: snapshot)
    }

    /// Whether a change of an account revokes its tokens.
    ///
    /// A new password that another person sets is often the answer to a stolen one, and tokens may have been created with that.
    private func revokesTokens(
        of before: Administrator, _ after: Administrator, isNewPassword: Bool, _ wish: AdministratorRequest
    ) -> Bool {
        let isCut = isNewPassword || after.cutsTokens(of: before)
        let isOwnPassword =
            caller.account == after.name && !after.isAnotherPerson(than: before) && !after.isDisabled
        return isCut && (wish.revokesTokens ?? !isOwnPassword)
    }

    /// The record that `wish` makes of the present one.
    private func administrator(
        _ text: String, _ wish: AdministratorRequest, if expected: Precondition, in snapshot: FleetSnapshot
    ) throws -> Administrator {
        let known = snapshot.contents.access.administrators[text]
        // Before the account is looked at: with roles that the caller cannot give, all names are refused alike.
        let grants = try grants(wish.grants, in: snapshot)
        // A name is unique, so that it is taken cannot be hidden; by whom can.
        guard known.map({ caller.grants.cover($0.grants) }) ?? true else {
            throw Problem(403, "Forbidden", "the name \(text) is taken")
        }
        try expected.check(known, existing: Administrator.existing(text))
        let name = try Administrator.checked(name: text)
        guard grants.allSatisfy({ Role.ofPeople.contains($0.role) }) else {
            throw Problem(
                422, "Invalid role",
                "replica is a role of tokens: roost token add SERVER --owner \(name) --role replica")
        }
        var administrator = Administrator(
            name: name, source: wish.source ?? known?.source ?? .local, grants: grants,
            fullName: (wish.fullName ?? known?.fullName ?? "").beginning(
                length: Administrator.fullNameLength),
            isDisabled: wish.isDisabled ?? known?.isDisabled ?? false)
        administrator.passwordNumber = known?.passwordNumber
        if known != nil, wish.password != nil {
            administrator.passwordNumber = (known?.passwordNumber ?? 0) &+ 1
        }
        try link(&administrator, to: wish.subject, known)
        guard known != nil || wish.password != nil || administrator.source != .local else {
            throw Problem(422, "No password", "a new administrator needs a password")
        }
        return administrator
    }

    /// Sets which person at the provider may log in as `administrator`.
    ///
    /// - Parameter subject: their `sub`; empty: the first to log in under this name, for some time; nil: unchanged.
    private func link(_ administrator: inout Administrator, to subject: String?, _ known: Administrator?)
        throws
    {
        guard administrator.source == .oidc else {
            guard subject?.isEmpty ?? true else {
                throw Problem(422, "Invalid subject", "only accounts of the source oidc have a subject")
            }
            return
        }
        guard let subject = subject ?? (known?.source == .oidc ? nil : "") else {
            (administrator.identity, administrator.linkableUntil) = (known?.identity, known?.linkableUntil)
            return
        }
        guard !subject.isEmpty else {
            administrator.linkableUntil = Clock.second + Administrator.linkingSeconds
            return
        }
        guard let issuer = services.issuer else {
            throw StoreError.conflict("this server has no log-in provider (center.oidc in roost.yaml)")
        }
        guard subject.utf8.count <= 255 else {
            throw Problem(422, "Invalid subject", "a subject has at most 255 characters")
        }
        administrator.identity = ProviderIdentity(issuer: issuer, subject: subject)
    }

    func removeAdministrator(_ name: String, if expected: Precondition = .none) async throws {
        try require(.administer)
        _ = try await change { current in
            try expected.check(known(name, in: current), existing: Administrator.existing(name))
            return current.edits(removingAdministrator: name)
        }
    }

    // MARK: Tokens

    /// The caller's administrator name; tokens and the local socket cannot create tokens for themselves.
    private func owner() throws -> String {
        guard case .session = caller.proof else {
            throw Problem(
                403, "Forbidden",
                "a token needs an owner: name an administrator of this server (--owner NAME), or log in and make it on the page"
            )
        }
        return caller.name
    }

    func tokens() async throws -> [TokenAnswer] {
        try require(.read)
        let isAll = may(.administer, in: .site)
        return try await tokenAnswers(of: isAll ? nil : caller.name)
    }

    /// - Parameter owner: nil: all.
    private func tokenAnswers(of owner: String?) async throws -> [TokenAnswer] {
        let people = try await store.administrators()
        let logIns = try await store.lastLogIns()
        return try await store.tokens(of: owner).map { token in
            TokenAnswer(
                token,
                restsAt: Gate.wordEnds(
                    for: people.first { $0.name == token.owner }, lastLogIn: logIns[token.owner]))
        }
    }

    func makeToken(_ wish: TokenRequest) async throws -> TokenAnswer {
        try require(.read)
        let name = wish.name
        guard name.hasLength(in: 1...100) else {
            throw Problem(422, "Invalid name", "a token's name has 1 to 100 characters")
        }
        let days = wish.days ?? Self.standardTokenDays
        try Self.checkReplica(wish)
        guard Self.tokenDays.contains(days) else {
            throw Problem(
                422, "Invalid time",
                "days: 1 to \(Self.tokenDays.upperBound), or 0 for a token that never expires")
        }
        let owner =
            try wish.owner.map { owner in
                try require(.administer, in: .site)
                return owner
            } ?? owner()
        let owned = try await store.administrator(named: owner)?.grants ?? caller.grants
        let grants = try wish.grants.map { try self.grants($0, in: fleet.snapshot) } ?? owned
        guard owned.cover(grants) else {
            throw Problem(403, "Forbidden", "a token cannot do more than its owner")
        }
        let (secret, now) = ("roost_" + Secrets.make(), Clock.second)
        let wanted = APIToken(
            id: 0, name: name, owner: owner, grants: grants, createdAt: now,
            expiresAt: days == 0 ? nil : now + days * 86_400)
        let made = Mutex(wanted)
        try await fleet.change(by: caller.name) { current in
            let token = made.withLock { token in
                token.id = current.contents.access.nextToken
                return token
            }
            return [.token(token.id, token, hash: Secrets.hash(secret))]
        }
        let person = try await store.administrator(named: owner)
        let lastLogIn = try await store.lastLogIns()[owner]
        return TokenAnswer(
            made.withLock(\.self), secret: secret, restsAt: Gate.wordEnds(for: person, lastLogIn: lastLogIn))
    }

    /// A replica's token has the name of its server, and no other grant.
    private static func checkReplica(_ wish: TokenRequest) throws {
        guard wish.grants?.contains(where: { Grant($0)?.role == .replica }) == true else { return }
        guard wish.grants == [Grant(.replica).description] else {
            throw Problem(
                422, "Invalid role",
                "a token of the role replica has no other role, and holds for the whole site")
        }
        let isName = wish.name.utf8.allSatisfy {
            (0x61...0x7A).contains($0 | 0x20) || (0x30...0x39).contains($0) || [0x2D, 0x2E].contains($0)
        }
        guard isName else {
            throw Problem(
                422, "Invalid name",
                "a replica's token has the name of its server (server-name in the roost.yaml there): letters, digits, dots and hyphens"
            )
        }
    }

    func revokeToken(_ id: Int) async throws {
        try require(.read)
        // Numbers are given again: the owner is the one whom the change meets.
        try await fleet.change(by: caller.name) { [caller] current in
            let isOwn = current.contents.access.tokens[id]?.owner == caller.name
            guard isOwn || caller.allows(.administer, in: .site) else {
                throw StoreError.notFound(APIToken.missing(id))
            }
            return [.token(id, nil)]
        }
    }
}

extension Saved<AdministratorAnswer> {
    /// With the tag of the account alone: its tokens may come and go meanwhile.
    fileprivate init(
        _ account: Administrator, tokens: [TokenAnswer], _ warning: String?, in snapshot: FleetSnapshot
    ) throws {
        self.init(
            record: AdministratorAnswer(account, tokens: tokens, warning: warning),
            tag: try RecordTag.of(account), revision: snapshot.revision)
    }
}

extension CenterServices {
    /// Why no one can log in with an account: its source is missing in the configuration. It may come later, so this is no refusal.
    fileprivate func warning(of account: Administrator) -> String? {
        guard !account.isDisabled else { return nil }
        return switch account.source {
        case .local: nil
        case .ldap:
            hasDirectory ? nil : "no one can log in with it: roost.yaml names no directory (center.ldap)"
        case .oidc:
            issuer != nil
                ? nil : "no one can log in with it: roost.yaml names no log-in provider (center.oidc)"
        }
    }
}
