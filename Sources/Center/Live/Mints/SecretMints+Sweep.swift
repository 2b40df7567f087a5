import Fleet
import Logging
import NetworkErrors
import Synchronization

/// What was minted elsewhere goes when it was used, expires, or never went out, and with its node.
extension SecretMints {
    private static let period = Duration.seconds(10)
    /// Milliseconds after which what was made and not fetched counts as lost.
    private static let fetchLimit = 120_000

    /// Before this process mints anything: what an earlier one was making never goes out, and what it had made may have.
    func noteLost() async {
        do {
            let open = try await fleet.store.openMints().filter { [.making, .made].contains($0.mint.state) }
            lost.withLock { $0 = Set(open.filter { $0.mint.state == .making }.map(\.mint.handle)) }
            let now = Clock.steadyMillisecond
            begun.withLock { begun in for one in open { begun[one.mint.handle] = now } }
        } catch {
            logger.error("cannot read which secrets were minted and not delivered: \(ErrorText.of(error))")
        }
    }

    /// Looks at what is open, until cancelled.
    func sweep() async {
        while !Task.isCancelled {
            await sweepOnce()
            try? await Task.sleep(for: Self.period)
        }
    }

    func sweepOnce() async {
        do {
            let open = try await fleet.store.openMints()
            var unreachable: Set<SecretName> = []
            for one in open where !unreachable.contains(one.mint.secret) {
                do {
                    let standing = Standing(
                        isNewest: Self.isNewest(one, of: open), isSuperseded: Self.isSuperseded(one, by: open)
                    )
                    guard let closed = try await closed(one, standing) else { continue }
                    try await fleet.store.save([closed])
                    begun.withLock { $0[closed.handle] = nil }
                    lost.withLock { _ = $0.remove(closed.handle) }
                } catch {
                    // The others of this secret would wait for the same server; they are looked at again soon.
                    unreachable.insert(one.mint.secret)
                    logger.warning(
                        "secret \(one.mint.secret): \(one.mint.handle) of \(one.mint.node) stays: \(ErrorText.of(error))"
                    )
                }
            }
        } catch {
            logger.error("cannot read which minted secrets are open: \(ErrorText.of(error))")
        }
    }

    private static func isNewest(_ one: OpenMint, of open: [OpenMint]) -> Bool {
        open.last {
            $0.mint.secret == one.mint.secret && $0.mint.node == one.mint.node && $0.mint.state == .sent
        }?
        .mint.handle == one.mint.handle
    }

    /// Whether its node has been given, or is about to be given, another one since.
    private static func isSuperseded(_ one: OpenMint, by open: [OpenMint]) -> Bool {
        open.last { $0.mint.secret == one.mint.secret && $0.mint.node == one.mint.node }?.mint.handle
            != one.mint.handle
    }

    /// How a making stands among the others of its secret and node.
    private struct Standing {
        /// Of those that went out.
        var isNewest: Bool
        var isSuperseded: Bool
    }

    /// Whether the node has carried out the configuration of that boot: what was made for it did go out.
    private func hasArrived(_ mint: SecretMint) -> Bool {
        guard let boot = fleet.boot(of: mint.machine), boot.boot == mint.boot else { return false }
        return boot.entries.contains { [.configured, .handover, .ready].contains($0.stage) }
    }

    /// How it stands once it was looked at; nil: as before.
    private func closed(_ one: OpenMint, _ standing: Standing) async throws -> SecretMint? {
        var mint = one.mint
        guard let secret = one.secret else {
            (mint.state, mint.failure) = (.removed, "the secret was removed first: it expires by itself")
            return mint
        }
        let isNode = fleet.snapshot.nodes[mint.node] != nil
        let cluster = try minter.cluster(of: secret, kept: one.kept)
        switch mint.state {
        case .making, .made:
            let age = begun.withLock { $0[mint.handle] }.map { Clock.steadyMillisecond - $0 } ?? 0
            let isLost = lost.withLock { $0.contains(mint.handle) }
            let isSuperseded = mint.state == .made && standing.isSuperseded
            if mint.state == .made, !isSuperseded, hasArrived(mint) {
                // The server was killed after it went out, and before that was noted.
                mint.state = .sent
                return mint
            }
            // Otherwise this process is about to make it, or its node to fetch it or to tell that it has it. A node that did not get what
            // an earlier process had made asks again, and gets another one.
            guard age >= Self.fetchLimit || isLost || isSuperseded else { return nil }
            try await minter.remove(mint, of: secret, kept: one.kept)
            mint.state = .removed
            mint.failure = "it never went out"
            logger.warning(
                "secret \(mint.secret): \(mint.handle) was minted for \(mint.node) and never went out; it is removed"
            )
        case .sent:
            let isUsed = try await cluster?.hasJoined(mint.node, since: mint.at) ?? false
            let isExpired = mint.expiresAt.map { $0 <= Clock.second } ?? false
            guard isUsed || isExpired || !isNode || !standing.isNewest else { return nil }
            // What a program made lasts as long as its node and its boot.
            try await minter.remove(mint, of: secret, kept: one.kept)
            if isUsed, !isNode { try await cluster?.removeNode(mint.node) }
            mint.state = isUsed && isNode && standing.isNewest ? .used : .removed
        case .used:
            // The store has these only when their nodes are gone.
            if !isNode { try await cluster?.removeNode(mint.node) }
            guard !isNode else { return nil }
            mint.state = .removed
        case .failed, .removed: return nil
        }
        return mint
    }
}
