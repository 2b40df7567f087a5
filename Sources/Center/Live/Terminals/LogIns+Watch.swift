import API
import Fleet
import Linux
import NetworkErrors
import Synchronization

/// Sessions over time: their limits, and their history.
extension LogIns {
    /// Seconds between two looks where nothing happens, and between two removals of what is too old in the history.
    private static let (period, cleaning) = (5, 3_600)

    /// Looks at the sessions until cancelled.
    package func run(_ log: @escaping @Sendable (String) -> Void = { _ in }) async throws {
        var watch = SessionWatch(open: (try? await fleet.store.openSessions()) ?? [])
        var accounts = AccountWatch()
        var cleanedAt = now() - Self.cleaning * 1_000
        var pause = EventPause([.session, .configuration], in: fleet.events, longest: .seconds(Self.period))
        while true {
            try await pause.wait()
            await look(&watch, log)
            await close(&accounts, log)
            if now() - cleanedAt >= Self.cleaning * 1_000 {
                cleanedAt = now()
                await forgetOld(log)
            }
        }
    }

    /// One look.
    func look(_ watch: inout SessionWatch, _ log: @escaping @Sendable (String) -> Void = { _ in }) async {
        let (time, records) = (now(), fleet.snapshot.contents.terminals)
        let seen = seenSessions(in: records, at: time)
        let changes = watch.changes(
            seen, on: terminals.reporting(at: time), gone: { records.servers[$0] == nil }, at: wall())
        if historyDays > 0 {
            do { try await fleet.store.save(began: changes.began, ended: changes.ended) } catch {
                watch.restore(began: changes.began, ended: changes.ended)
                log("cannot save the history of sessions, which is tried again: \(ErrorText.of(error))")
            }
        }
        let acts = watch.acts(seen, at: time, on: moment)
        await withTaskGroup(of: Void.self) { group in
            var count = 0
            for act in acts {
                if count >= Self.ordersAtOnce { await group.next() }
                count += 1
                group.addTask { await self.carryOut(act, log) }
            }
        }
    }

    /// Orders that are given at once.
    private static let ordersAtOnce = 32

    private func seenSessions(in records: TerminalRecords, at time: Int) -> [SessionWatch.Seen] {
        var pools: [TerminalName: [TerminalPool]] = [:]
        for pool in records.pools.values {
            for server in pool.servers(of: records).joined() { pools[server, default: []].append(pool) }
        }
        return terminals.reportedSessions(at: time).map { server, session, age in
            var session = session
            session.age += age
            session.idle = session.idle.map { $0 + age }
            let issued = state.withLock { $0.origin(of: session, on: server, at: time) }
            let own = issued.flatMap { records.pools[$0.pool] }
            // Of a server in several pools it is not known which one a session is of, unless its log-in was here.
            let only = pools[server].flatMap { $0.count == 1 ? $0[0] : nil }
            return SessionWatch.Seen(
                server: server, session: session, pool: own ?? only, place: place(of: session, on: server))
        }
    }

    /// What a pool has.
    struct PoolCount: Sendable, Equatable {
        var (sessionCount, underwayCount) = (0, 0)
    }

    /// The sessions of each pool, and the log-ins on their way to it. Each counts once: for the pool that placed it, and where that is not known
    /// or the pool has lost the server, for the first pool by its name that has the server.
    ///
    /// - Parameter counts: what each server has: sessions of servers without an agent are known by their number only.
    func poolCounts(in records: TerminalRecords, of counts: [TerminalName: PoolCount]) -> [PoolName:
        PoolCount]
    {
        var pools: [TerminalName: [PoolName]] = [:]
        for pool in records.pools.values.sorted(by: { $0.name < $1.name }) {
            for server in pool.servers(of: records).joined() { pools[server, default: []].append(pool.name) }
        }
        let time = now()
        // What a server has that is in one pool counts for that pool, wherever it came from: only what several pools share is looked through.
        func isShared(_ server: TerminalName) -> Bool { pools[server]?.count ?? 0 > 1 }
        let reports = terminals.lastReports(at: time).filter { isShared($0.server) }
        let coming = terminals.comingTickets().filter { isShared($0.server) }
        var (found, rest): ([PoolName: PoolCount], [TerminalName: PoolCount]) = ([:], counts)
        state.withLock { state in
            func note(_ issued: Issued?, on server: TerminalName, _ part: WritableKeyPath<PoolCount, Int>) {
                guard let pool = issued?.pool, pools[server]?.contains(pool) == true,
                    rest[server]?[keyPath: part] ?? 0 > 0
                else { return }
                found[pool, default: PoolCount()][keyPath: part] += 1
                rest[server]?[keyPath: part] -= 1
            }
            for one in reports {
                for session in one.sessions {
                    note(
                        state.origin(of: session, on: one.server, at: one.reportedAt), on: one.server,
                        \.sessionCount)
                }
            }
            for (server, ticket) in coming { note(state.issued[ticket], on: server, \.underwayCount) }
        }
        for (server, count) in rest {
            guard let pool = pools[server]?.first else { continue }
            found[pool, default: PoolCount()].sessionCount += count.sessionCount
            found[pool, default: PoolCount()].underwayCount += count.underwayCount
        }
        return found
    }

    private func carryOut(_ act: SessionWatch.Act, _ log: @Sendable (String) -> Void) async {
        do {
            switch act.kind {
            case .disconnect:
                _ = try await terminals.order(.disconnect(session: act.session), on: act.server)
            case .end: _ = try await terminals.order(.end(session: act.session), on: act.server)
            case .warn:
                let node = state.withLock { $0.lastIssued(act.user)?.machine }
                _ = try await terminals.order(
                    .message(
                        sessions: [act.session],
                        text: filled(LogInRefusal.closing, for: node.flatMap { fleet.snapshot.node(at: $0) })),
                    on: act.server)
            }
        } catch {
            log("limits of sessions: \(act.server) did not carry out an order: \(ErrorText.of(error))")
        }
    }

    /// Closes accounts of the directory that no longer open on the servers that have them; their homes stay.
    func close(_ watch: inout AccountWatch, _ log: @escaping @Sendable (String) -> Void = { _ in }) async {
        let closings = watch.closings(
            fleet.snapshot.contents.terminals.accounts,
            on: terminals.reporting(at: now()).filter { terminals.isListening($0) },
            day: LocalTime.day(second: wall()))
        let failed = await withTaskGroup(of: AccountWatch.Closing?.self) { group in
            for closing in closings {
                group.addTask {
                    do {
                        _ = try await self.terminals.order(
                            .removeAccount(user: closing.user.text, home: .keep), on: closing.server)
                    } catch AgentOrderProblem.refused {
                        // Most servers never had it.
                    } catch {
                        log(
                            "account \(closing.user) is not closed on \(closing.server) yet: \(ErrorText.of(error))"
                        )
                        return closing
                    }
                    return nil
                }
            }
            return await group.reduce(into: [AccountWatch.Closing]()) { if let one = $1 { $0.append(one) } }
        }
        for closing in failed { watch.retry(closing) }
    }

    // MARK: History

    private var historyDays: Int {
        fleet.snapshot.settings(of: GroupPath.site)[Settings.sessionHistory] ?? 30
    }

    private func forgetOld(_ log: @Sendable (String) -> Void) async {
        let days = historyDays
        do {
            try await fleet.store.forgetSessions(endedBefore: days == 0 ? nil : wall() - days * 86_400)
        } catch {
            log("cannot remove old sessions from the history: \(ErrorText.of(error))")
        }
    }
}
