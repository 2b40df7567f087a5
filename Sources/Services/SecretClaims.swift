package import Fleet
import Linux
import Wire

/// Nodes that wait for the secrets of their boot, and what came for them. Values are here only until the node asks again.
struct SecretClaims {
    enum State: Equatable {
        /// Nothing was asked of the store yet, or so long ago that it was lost.
        case unasked
        case asked
        case answered([SecretFile])
        /// Another key has had secrets in this boot.
        case spent
    }

    /// Milliseconds after which a question to the store counts as lost, and an answer that was not fetched is dropped.
    static let (patience, keeping) = (3_000, 60_000)

    private struct Entry {
        var claim: SecretClaim
        var delivery: SecretDelivery?
        /// Of the loop's clock.
        var at: Int
    }

    private var entries: [MACAddress: Entry] = [:]

    /// What is known for the boot and key of a claim; files are handed out once.
    mutating func state(of claim: SecretClaim, now: Int) -> State {
        guard let entry = entries[claim.machine], entry.claim.boot == claim.boot, entry.claim.key == claim.key
        else { return .unasked }
        guard let delivery = entry.delivery else {
            return now - entry.at > Self.patience ? .unasked : .asked
        }
        entries[claim.machine] = nil
        return delivery.files.map { .answered($0) } ?? .spent
    }

    mutating func ask(_ claim: SecretClaim, now: Int) {
        entries[claim.machine] = Entry(claim: claim, delivery: nil, at: now)
    }

    /// An answer that its node does not wait for any more is dropped.
    mutating func take(_ delivery: SecretDelivery, now: Int) {
        guard let entry = entries[delivery.claim.machine], entry.claim.boot == delivery.claim.boot,
            entry.claim.key == delivery.claim.key, entry.delivery == nil
        else { return }
        entries[delivery.claim.machine] = Entry(claim: entry.claim, delivery: delivery, at: now)
    }

    mutating func forgetOld(now: Int) { entries = entries.filter { now - $0.value.at <= Self.keeping } }
}

extension BootContext {
    /// The secrets for a boot of a node that may have its configuration.
    ///
    /// - Returns: `.asked` while their receipts are being written.
    func secrets(for machine: MACAddress, in boot: String, key: String) -> SecretClaims.State {
        // A machine that is no node gets none.
        guard let node = node(of: machine) else { return .answered([]) }
        let (armed, rules) = snapshot.armedSecrets(for: node)
        if armed.isEmpty { return .answered([]) }
        let claim = SecretClaim(
            machine: machine, node: node.name, group: node.group, rules: rules, boot: boot, key: key,
            at: self.now() / 1_000)
        let state = secretClaims.state(of: claim, now: EventLoop.now())
        if case .answered = state, armed.contains(where: { $0.minted?.isMadeInStore == false }) {
            send(.secretsSent(claim))
        }
        guard state == .unasked else { return state }
        secretClaims.ask(claim, now: EventLoop.now())
        send(.secrets(claim))
        return .asked
    }

    /// The receipts are written: the nodes get their secrets when they ask again.
    package func take(_ deliveries: [SecretDelivery]) {
        for delivery in deliveries { secretClaims.take(delivery, now: EventLoop.now()) }
    }
}
