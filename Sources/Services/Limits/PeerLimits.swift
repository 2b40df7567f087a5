package import Fleet
package import Linux
import Wire

/// What the peers of one loop's services may have and request, and which peers exceeded their limits.
///
/// It counts connections, transfers and requests, never the traffic through them. The counters themselves are bounded: peers are known only
/// while they have something, and rates are kept in tables of constant size. It lives on the loop's thread.
package final class PeerLimits {
    /// Limits for one peer. A booting machine needs a tenth of them.
    package struct Maxima: Sendable {
        /// NBD connections per address: a root, a volume and swap with sixteen each, those to volumes counted twice, and as many roots of
        /// the previous boot that the server has not yet timed out.
        package var nbdConnections = 128
        /// Milliseconds until a connection must have chosen its export.
        package var nbdHandshake = 15_000
        package var httpConnections = 128
        /// Milliseconds from the first byte of a request to its last.
        package var httpRequest = 15_000
        package var httpRequests = PeerRates(perSecond: 1_000, burst: 2_000)
        package var tftpTransfers = 32
        /// GRUB asks for a hundred files one after the other.
        package var tftpRequests = PeerRates(perSecond: 500, burst: 1_000)
        /// Per hardware address: firmware, loader, kernel and system ask within seconds.
        package var dhcpMessages = PeerRates(perSecond: 10, burst: 40)
        /// For all machines of one link together, beyond the limit of each: another host can send in a machine's name, and that machine
        /// must still get answers.
        package var dhcpSpareMessages = PeerRates(perSecond: 1_000, burst: 2_000)
        /// The same for machines that are neither nodes nor lease holders: a flood of invented ones fills only their own table.
        package var dhcpStrangerMessages = PeerRates(perSecond: 10, burst: 40)
        /// For all machines of one link together that are neither nodes nor lease holders: a room that is switched on for the first time.
        package var dhcpStrangersMessages = PeerRates(perSecond: 500, burst: 4_000)
        /// The same for those of one port at a relay or switch (option 82): half, so that a flood from one leaves the other half to others.
        package var dhcpPortMessages = PeerRates(perSecond: 250, burst: 2_000)
        /// Per node UUID: cards other than the last one seen, sixteen at once and then one a minute, each costing ``newCard``.
        package var newCards = PeerRates(perSecond: 1, burst: 16 * PeerLimits.newCard)
        /// Per address of a machine that has no log here: they are dropped in any case, and the server's log tells of a flood.
        package var strangersLogMessages = PeerRates(perSecond: 500, burst: 1_000)
        /// Per machine: log messages, and their bytes.
        package var logMessages = PeerRates(perSecond: 500, burst: 1_000)
        package var logBytes = PeerRates(perSecond: 128 << 10, burst: 512 << 10)
        /// Per machine: reports of its hardware, of its steps, and of who is logged in.
        package var reports = PeerRates(perSecond: 2, burst: 60)
        /// Per machine: log-ins of people, half of a room at one node that asks again and again.
        package var logIns = PeerRates(perSecond: 1, burst: 30)
        /// Lines per peer in the server's own log.
        package var logLines = PeerRates(perSecond: 1, burst: 60)
        /// Lines for all peers of one plane together: a sender of datagrams can invent any number of peers.
        package var allLogLines = PeerRates(perSecond: 10, burst: 600)

        package init() {}
    }

    /// What a new card costs out of ``Maxima/newCards``.
    static let newCard = 60

    /// A slot taken by a connection or transfer.
    package struct Place: Sendable {
        package let plane: LimitedPlane
        fileprivate let place: PeerCount<IPv4Address>.Place
    }

    package var maxima: Maxima
    package var allowances: PeerAllowances
    package let budget: DescriptorBudget
    private var counts: [LimitedPlane: PeerCount<IPv4Address>]
    private(set) var ledger = LimitLedger()
    private let log: @Sendable (String) -> Void

    package init(
        maxima: Maxima = Maxima(), allowances: PeerAllowances = PeerAllowances(),
        budget: DescriptorBudget = DescriptorBudget(limit: 65_536),
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.maxima = maxima
        self.allowances = allowances
        self.budget = budget
        self.log = log
        counts = [
            .nbd: PeerCount(limit: budget.nbd), .http: PeerCount(limit: budget.http),
            .tftp: PeerCount(limit: budget.tftp),
        ]
    }

    /// Logs once a minute what is going on.
    func watch(on loop: EventLoop) {
        loop.every(milliseconds: 10_000) { [unowned self] in
            for line in ledger.overdue(now: EventLoop.now()) { log(line) }
        }
    }

    // MARK: What peers have at once

    /// - Parameter isStranger: whether the address holds no lease.
    func take(
        _ plane: LimitedPlane, for peer: IPv4Address, isStranger: Bool
    ) throws(PeerCount<IPv4Address>.Refusal) -> Place {
        let most = most(plane) * allowances.times(for: peer)
        guard let place = try counts[plane]?.take(peer, isStranger: isStranger, most: most) else {
            throw .all
        }
        return Place(plane: plane, place: place)
    }

    func release(_ place: Place) { counts[place.plane]?.release(place.place) }

    /// The total of all peers.
    func count(_ plane: LimitedPlane) -> Int { counts[plane]?.count ?? 0 }

    /// The peer that has the most, and how many.
    func greediest(_ plane: LimitedPlane) -> (peer: IPv4Address, count: Int)? { counts[plane]?.greediest }

    /// A slot for a connection; nil when it must be closed, which is counted.
    func takeConnection(_ plane: LimitedPlane, for peer: IPv4Address, isStranger: Bool) -> Place? {
        do throws(PeerCount<IPv4Address>.Refusal) {
            return try take(plane, for: peer, isStranger: isStranger)
        } catch {
            refuse(limit(plane, error, for: peer, .connections), .address(peer))
            return nil
        }
    }

    /// The limit behind a refusal.
    func limit(
        _ plane: LimitedPlane, _ refusal: PeerCount<IPv4Address>.Refusal, for peer: IPv4Address,
        _ subject: PeerLimit.Subject
    ) -> PeerLimit {
        switch refusal {
        case .peer: PeerLimit(plane, subject, most: most(plane) * allowances.times(for: peer))
        case .strangers:
            PeerLimit(plane, .strangersConnections, most: counts[plane]?.strangersLimit ?? 0)
        case .all: PeerLimit(plane, .allConnections, most: counts[plane]?.limit ?? 0)
        }
    }

    private func most(_ plane: LimitedPlane) -> Int {
        switch plane {
        case .nbd: maxima.nbdConnections
        case .http: maxima.httpConnections
        case .tftp: maxima.tftpTransfers
        case .dhcp, .logs, .reports, .center: 0
        }
    }

    // MARK: How often peers ask

    /// Whether a peer may send another request now; a refusal is counted.
    func takes(
        _ rate: WritableKeyPath<Maxima, PeerRates>, _ plane: LimitedPlane, _ subject: PeerLimit.Subject,
        _ peer: LimitedPeer, amount: Int = 1
    ) -> Bool {
        var times = 1
        if case .address(let address) = peer { times = allowances.times(for: address) }
        guard maxima[keyPath: rate].takes(peer, amount: amount, times: times, now: EventLoop.now()) else {
            let most = maxima[keyPath: rate].perSecond * times
            refuse(PeerLimit(plane, subject, most: most), peer)
            return false
        }
        return true
    }

    /// The same, but a peer that asks too often may still use what all of `owner` have left.
    func takes(
        _ rate: WritableKeyPath<Maxima, PeerRates>, orSpare spare: WritableKeyPath<Maxima, PeerRates>,
        of owner: LimitedPeer, _ plane: LimitedPlane, _ subject: PeerLimit.Subject, _ peer: LimitedPeer
    ) -> Bool {
        let now = EventLoop.now()
        if maxima[keyPath: rate].takes(peer, now: now) || maxima[keyPath: spare].takes(owner, now: now) {
            return true
        }
        refuse(PeerLimit(plane, subject, most: maxima[keyPath: rate].perSecond), peer)
        return false
    }

    // MARK: Reporting

    /// Records that a peer was refused something.
    func refuse(_ limit: PeerLimit, _ peer: LimitedPeer) {
        if let line = ledger.note(limit, of: peer, now: EventLoop.now()) { log(line) }
    }

    /// Logs a line caused by a peer, unless it would fill the log.
    func say(_ plane: LimitedPlane, _ peer: LimitedPeer, _ line: @autoclosure () -> String) {
        guard takes(\.logLines, plane, .logLines, peer) else { return }
        guard maxima.allLogLines.takes(plane, now: EventLoop.now()) else {
            return refuse(PeerLimit(plane, .allLogLines, most: maxima.allLogLines.perSecond), peer)
        }
        log("\(plane.rawValue): \(line())")
    }

    /// Refusals since the start, by plane, and the peers limited within the last minute.
    package var figures: LimitFigures { LimitFigures(ledger, now: EventLoop.now()) }
}
