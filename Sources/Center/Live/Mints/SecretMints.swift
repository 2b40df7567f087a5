import Fleet
import Logging
import NetworkErrors
import Synchronization
import Wire

/// Mints the secrets of boots. What is slow waits for nothing and holds up nothing else: each boot has a task of its own.
final class SecretMints: Sendable {
    /// Makings at other servers and by programs at once.
    private static let turnLimit = 16
    /// After this long its node has given up: nodes ask for half a minute.
    private static let patience = Duration.seconds(25)

    /// One asking of a boot.
    private struct Asking: Hashable {
        var machine: MACAddress
        var boot: String
        var key: String

        init(_ claim: SecretClaim) { (machine, boot, key) = (claim.machine, claim.boot, claim.key) }
    }

    let fleet: LiveFleet
    let minter: SecretMinter
    let logger: Logger
    private let give: @Sendable ([SecretDelivery]) -> Void
    private let turns = MintTurns(limit: turnLimit)
    private let running = Mutex<Set<Asking>>([])
    /// Makings of this process, with milliseconds of the monotonic clock.
    let begun = Mutex<[String: Int]>([:])
    /// Makings that an earlier process had not ended: their values are lost with it.
    let lost = Mutex<Set<String>>([])

    /// - Parameter give: to the data planes.
    init(
        fleet: LiveFleet, minter: SecretMinter, logger: Logger,
        give: @escaping @Sendable ([SecretDelivery]) -> Void
    ) {
        self.fleet = fleet
        self.minter = minter
        self.logger = logger
        self.give = give
    }

    /// Whether a boot's secrets are being minted: it asks again meanwhile, and must not get others.
    func isMinting(_ claim: SecretClaim) -> Bool { running.withLock { $0.contains(Asking(claim)) } }

    /// Passes deliveries on, with what was minted for them.
    func deliver(_ deliveries: [SecretDelivery]) async {
        begun.withLock { begun in
            for order in deliveries.flatMap(\.orders) { begun[order.mint.handle] = Clock.steadyMillisecond }
        }
        var atOnce: [SecretDelivery] = []
        for delivery in deliveries {
            guard delivery.orders.contains(where: { $0.secret.minted?.isSlow == true }) else {
                atOnce.append(delivery)
                continue
            }
            let asking = Asking(delivery.claim)
            running.withLock { _ = $0.insert(asking) }
            Task {
                await mint([delivery])
                running.withLock { _ = $0.remove(asking) }
            }
        }
        await mint(atOnce)
    }

    private func mint(_ deliveries: [SecretDelivery]) async {
        var (whole, mints): ([SecretDelivery], [SecretMint]) = ([], [])
        for delivery in deliveries {
            var delivery = delivery
            for order in delivery.orders {
                let (files, mint) = await carryOut(order)
                delivery.files?.append(contentsOf: files)
                mints.append(mint)
            }
            delivery.orders = []
            whole.append(delivery)
        }
        // Nothing goes out before the store knows that it was made.
        do { try await fleet.store.save(mints) } catch {
            logger.error(
                "cannot record \(mints.count) minted secrets, which do not go out: \(ErrorText.of(error))")
            return
        }
        give(whole)
    }

    private func carryOut(_ order: MintOrder) async -> (files: [SecretFile], mint: SecretMint) {
        var mint = order.mint
        do {
            let minted = try await inTurn(order)
            (mint.state, mint.shown, mint.expiresAt) = (.made, minted.shown, minted.expiresAt)
            logger.info("\(mint.node): secret \(mint.secret) minted: \(mint.shown ?? mint.handle)")
            return (minted.files, mint)
        } catch {
            (mint.state, mint.failure) = (.failed, ErrorText.of(error))
            logger.error("\(mint.node) does not get secret \(mint.secret): \(mint.failure ?? "")")
            await discard(order)
            return ([SecretFile(missing: order.secret)], mint)
        }
    }

    private func inTurn(_ order: MintOrder) async throws -> SecretMinter.Minted {
        guard order.secret.minted?.isSlow == true else {
            return try await minter.mint(order, in: fleet.snapshot, now: Clock.second)
        }
        let start = ContinuousClock.now
        await turns.begin()
        do {
            guard ContinuousClock.now - start < Self.patience else {
                throw MintFailure("too many secrets are being minted at this moment")
            }
            let minted = try await minter.mint(order, in: fleet.snapshot, now: Clock.second)
            await turns.end()
            return minted
        } catch {
            await turns.end()
            throw error
        }
    }

    /// An answer that was lost may have made it all the same.
    private func discard(_ order: MintOrder) async {
        guard order.secret.minted?.isRemoved == true else { return }
        do { try await minter.remove(order.mint, of: order.secret, kept: order.kept) } catch {
            logger.warning(
                "\(order.mint.node): what there may be of secret \(order.mint.secret) (\(order.mint.handle)) cannot be removed: \(ErrorText.of(error))"
            )
        }
    }
}
