import API
package import Fleet
import Linux
import Synchronization
package import Wire

/// Log-ins of people at thin clients: who may, with which account, on which server, and the credential that opens the session once.
///
/// Everything is in memory: a credential is never stored, and of those that were given out there is only a hash, in the agent's memory.
package final class LogIns: Sendable {
    /// Milliseconds in which every request has its answer, and which one order may take.
    static let (patience, orderPatience) = (15_000, 6_000)
    /// Seconds in which a credential opens its session.
    static let lifetime = 60

    let fleet: LiveFleet
    let terminals: LiveTerminals
    let state = Mutex(State())
    let translate: @Sendable (_ text: String, _ locale: String?) -> String
    /// Whether a server's port takes connections.
    let knock: @Sendable (_ address: String, _ port: Int) async -> PortKnock.Answer
    /// Milliseconds, by a clock that is never set.
    let now: @Sendable () -> Int
    /// Seconds since 1970.
    let wall: @Sendable () -> Int

    /// - Parameter translate: a sentence in the language of a node's locale (`fr_FR.UTF-8`; nil: it has none).
    package convenience init(
        fleet: LiveFleet, terminals: LiveTerminals,
        translate: @escaping @Sendable (_ text: String, _ locale: String?) -> String
    ) {
        self.init(
            fleet: fleet, terminals: terminals, translate: translate,
            knock: { await PortKnock.answer(at: $0, $1) }, now: { Clock.steadyMillisecond },
            wall: { Clock.second })
    }

    init(
        fleet: LiveFleet, terminals: LiveTerminals,
        translate: @escaping @Sendable (String, String?) -> String = { text, _ in text },
        knock: @escaping @Sendable (String, Int) async -> PortKnock.Answer = { _, _ in .open },
        now: @escaping @Sendable () -> Int, wall: @escaping @Sendable () -> Int
    ) {
        (self.fleet, self.terminals, self.translate) = (fleet, terminals, translate)
        (self.knock, self.now, self.wall) = (knock, now, wall)
        terminals.listener.withLock { listener in
            listener = { [weak self] events, server in self?.note(events, on: server) }
        }
    }

    /// Answers a node's request within ``patience``.
    ///
    /// The same request again has the same answer for a minute, so that a node whose connection broke need not ask anew.
    ///
    /// - Parameters:
    ///   - node: nil: the machine is none.
    ///   - address: of the node.
    package func logIn(
        _ request: LogInRequest, by node: Node?, machine: MACAddress, at address: IPv4Address
    ) async -> LogInAnswer {
        let begin = now()
        switch state.withLock({ $0.admit(request, from: machine, at: begin) }) {
        case .answered(let answer): return answer
        case .underway:
            return await withCheckedContinuation { continuation in
                let answer = state.withLock { $0.wait(for: request.id, from: machine, continuation) }
                if let answer { continuation.resume(returning: answer) }
            }
        case .refused(let refusal):
            return LogInAnswer(
                id: request.id, outcome: .refused(sentence(refusal, for: node, user: request.user)))
        case .new: break
        }
        var way = Way(request: request, machine: machine, address: address, deadline: begin + Self.patience)
        let outcome: LogInAnswer.Outcome
        do throws(LogInRefusal) {
            outcome = try await open(&way, by: node)
        } catch {
            note(error, of: way, by: node)
            outcome = .refused(sentence(error, for: node, user: way.user))
        }
        let answer = LogInAnswer(id: request.id, outcome: outcome)
        let waiting = state.withLock { $0.finish(answer, from: machine, at: now()) }
        for continuation in waiting { continuation.resume(returning: answer) }
        return answer
    }

    /// One request on its way to an answer.
    struct Way {
        let request: LogInRequest
        let machine: MACAddress
        let address: IPv4Address
        /// By ``LogIns/now``.
        let deadline: Int
        var pool: PoolName?
        /// The account, once it is chosen.
        var user = ""
    }

    private func open(_ way: inout Way, by node: Node?) async throws(LogInRefusal) -> LogInAnswer.Outcome {
        guard let node else { throw .unknownNode }
        let snapshot = fleet.snapshot
        let protocols = try Self.protocols(of: way.request)
        let settings = snapshot.settings(of: node)
        let pool = try pool(for: way.request, settings, in: snapshot)
        way.pool = pool.name
        let shown = protocols.intersection(pool.protocols.set)
        guard !shown.isEmpty else { throw .noProtocol }
        try await waitForAgents(until: way.deadline)
        let choice = try chooseAccount(for: way, of: node, settings)
        way.user = choice.user
        var hasTurn = false
        defer {
            if hasTurn { endTurn(of: choice.user) }
            release(choice)
        }
        let account = try account(choice, settings, in: snapshot)
        let groups = try requireLeave(choice, of: node, in: pool, snapshot)
        // One after the other, so that a person who logs in at two places at once has one session.
        if pool.secondLogIn != .allow {
            try await takeTurn(of: choice.user)
            hasTurn = true
        }
        var entry = Entry(
            way: way, node: node.name, pool: pool, choice: choice, account: account,
            windows: Self.windows(choice, of: node, settings, in: snapshot), protocols: shown,
            nodeProtocols: protocols, groups: groups,
            hasPasswordHere: Self.hasPassword(choice, in: snapshot))
        return try await settle(&entry)
    }

    /// Of the week, for opening hours.
    var moment: WeekMoment {
        let (day, minute) = LocalTime.week(second: wall())
        return WeekMoment(day: day, minute: minute)
    }

    // MARK: Who

    static func protocols(of request: LogInRequest) throws(LogInRefusal) -> SessionProtocols {
        guard (1...64).contains(request.id.utf8.count),
            request.id.utf8.allSatisfy({ (33...126).contains($0) })
        else { throw .unreadable("its number") }
        guard request.publicKey.isEmpty || LogInKey.isKey(request.publicKey) else {
            throw .unreadable("its public key")
        }
        var set: SessionProtocols = []
        for name in request.protocols.prefix(8) {
            guard let kind = SessionProtocol(rawValue: name) else { continue }
            set.formUnion(kind.set)
        }
        guard !set.isEmpty else { throw .noProtocol }
        return set
    }

    private func pool(
        for request: LogInRequest, _ settings: EffectiveSettings, in snapshot: FleetSnapshot
    ) throws(LogInRefusal) -> TerminalPool {
        let name: PoolName
        if request.pool.isEmpty {
            guard let own = settings[Settings.pool] ?? nil else { throw .noPool }
            name = own
        } else {
            guard let asked = try? PoolName(request.pool) else { throw .unreadable("its pool") }
            name = asked
        }
        guard let pool = snapshot.contents.terminals.pools[name] else { throw .missingPool(name) }
        return pool
    }

    /// Chooses the account, and keeps one of a row for this log-in.
    private func chooseAccount(
        for way: Way, of node: Node, _ settings: EffectiveSettings
    ) throws(LogInRefusal) -> AccountChoice {
        let rules = AccountChoice.Rules(
            mode: settings[Settings.logIn] ?? .ask, account: settings[Settings.logInAccount] ?? nil,
            guest: settings[Settings.guestAccount] ?? nil)
        let time = now()
        let chosen: Result<AccountChoice, AccountChoice.Refusal> = state.withLock { state in
            do throws(AccountChoice.Refusal) {
                let choice = try AccountChoice(
                    user: way.request.user, hasPassword: way.request.hasPassword, at: node.name, by: rules
                ) { name in
                    // A node that comes again, such as after a power cut, has the account that it had.
                    !state.kept.contains(name.text)
                        && (!terminals.isBusy(name.text, at: time)
                            || state.lastOfNode(name.text)?.machine == way.machine)
                }
                if case .node(let name) = choice { state.kept.insert(name.text) }
                return .success(choice)
            } catch {
                return .failure(error)
            }
        }
        switch chosen {
        case .success(let choice): return choice
        case .failure(let refusal): throw .account(refusal)
        }
    }

    private func release(_ choice: AccountChoice) {
        if case .node(let name) = choice { state.withLock { _ = $0.kept.remove(name.text) } }
    }

    /// What the agent has to make; nil: the account is there by the server's own means.
    private func account(
        _ choice: AccountChoice, _ settings: EffectiveSettings, in snapshot: FleetSnapshot
    ) throws(LogInRefusal) -> AgentAccount? {
        let known = (try? LogInName(choice.user)).flatMap { snapshot.contents.terminals.accounts[$0] }
        if let known, !known.isOpen(on: LocalTime.day(second: wall())) { throw .closedAccount(choice.user) }
        if let known {
            if case .node(let name) = choice, !Self.isNamed(name, by: settings) {
                throw .personsAccount(name)
            }
            return AgentAccount(
                user: known.name.text, number: known.uid, groups: known.groups, fullName: known.fullName,
                end: known.home.end, lastDay: known.expires,
                // Where the server has it by its own means, its own PAM decides.
                mayBeForeign: true)
        }
        guard case .node(let name) = choice else { return nil }
        let groups = settings[Settings.accountGroups] ?? []
        return AgentAccount(
            user: name.text, groups: groups.map(\.settingText),
            end: (settings[Settings.accountHome] ?? .remove).end,
            mayBeForeign: Self.isNamed(name, by: settings))
    }

    /// What opens a session on a Windows server; nil: only people's own passwords do.
    private static func windows(
        _ choice: AccountChoice, of node: Node, _ settings: EffectiveSettings, in snapshot: FleetSnapshot
    ) -> Entry.Windows? {
        guard case .node(let name) = choice,
            let account = (settings[Settings.windowsAccounts] ?? [])[of: name],
            let secret = account.secret
        else { return nil }
        return Entry.Windows(
            user: account.user(for: name.text), secret: secret,
            group: snapshot.contents.secrets[secret]?.group,
            problem: snapshot.problem(ofPasswordFor: account, at: node, by: settings)?.english)
    }

    private static func hasPassword(_ choice: AccountChoice, in snapshot: FleetSnapshot) -> Bool {
        guard case .own(let user) = choice, let name = try? LogInName(user) else { return false }
        return snapshot.contents.terminals.accounts[name]?.passwordNumber != nil
    }

    /// Whether an administrator wrote this very name, and it was not made of a node's.
    private static func isNamed(_ name: LogInName, by settings: EffectiveSettings) -> Bool {
        [settings[Settings.logInAccount] ?? nil, settings[Settings.guestAccount] ?? nil].contains {
            $0?.form == .fixed(name)
        }
    }

    /// - Returns: groups that are asked of the directory of the server that is chosen: the person, whom none here knows, has to be in one of
    ///   them; nil: it is not asked. A server's word lets people in to itself alone.
    private func requireLeave(
        _ choice: AccountChoice, of node: Node, in pool: TerminalPool, _ snapshot: FleetSnapshot
    ) throws(LogInRefusal) -> [String]? {
        let known = (try? LogInName(choice.user)).flatMap { snapshot.contents.terminals.accounts[$0] }
        func refusal(in groups: [String]) -> PoolRefusal? {
            pool.refusal(of: choice.user, in: Set(groups), at: node.group, on: moment)
        }
        guard let refused = refusal(in: known?.groups ?? []) else { return nil }
        guard refused == .foreignUser, known == nil, !pool.groups.isEmpty else {
            throw .pool(pool.name, refused)
        }
        guard case .own = choice else { throw .unknownGroups(choice.user) }
        if let other = refusal(in: pool.groups) { throw .pool(pool.name, other) }
        return pool.groups
    }
}

extension AccountHome {
    var end: AgentAccount.End {
        switch self {
        case .keep: .keep
        case .archive: .archive
        case .remove: .remove
        }
    }
}

/// A public key that a node made for one log-in: a line without options, so that it can mean nothing else to sshd.
enum LogInKey {
    private static let types = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]

    static func isKey(_ line: String) -> Bool {
        let words = line.split(separator: " ", omittingEmptySubsequences: false)
        guard line.utf8.count <= 2_048, (2...3).contains(words.count), types.contains(String(words[0])),
            words[1].utf8.count >= 40
        else { return false }
        return words[1].utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                || [0x2B, 0x2F, 0x3D].contains($0)
        } && words.dropFirst(2).allSatisfy { $0.utf8.allSatisfy { (33...126).contains($0) } }
    }
}
