import API
import Fleet
import Wire

/// Leases as a list that is searched.
extension Acts {
    /// The leases that fit a search, with figures of all that the caller sees.
    struct LeaseList: Sendable {
        var page: Page<LeaseAnswer>
        var figures = LeaseFigures()
        /// The nodes of the page's leases; empty where they were not asked for.
        var nodes: [NodeName: LeasingNode] = [:]
    }

    /// Where the node of a lease is, and how it is now.
    struct LeasingNode: Sendable {
        var group: GroupPath
        var state: MachineState
    }

    /// How many leases there are of each kind.
    struct LeaseFigures: Sendable, Equatable {
        var total = 0
        /// Those of nodes; the others are of machines that are none.
        var ofNodes = 0
        /// Those that end within an hour.
        var ending = 0
        /// Those whose time is over: the addresses are still kept for their machines.
        var past = 0

        fileprivate mutating func note(_ node: Node?, _ end: LeaseEnd) {
            total += 1
            if node != nil { ofNodes += 1 }
            if end == .soon { ending += 1 }
            if end == .past { past += 1 }
        }
    }

    /// When a lease ends, for searches.
    fileprivate enum LeaseEnd: String {
        case past, soon, later, never

        /// Seconds.
        private static let hour = 3_600

        init(_ lease: Lease, now: Int) {
            if lease.expiresAt == Lease.never {
                self = .never
            } else {
                self = lease.expiresAt <= now ? .past : lease.expiresAt - now <= Self.hour ? .soon : .later
            }
        }
    }

    enum LeaseOrder: String, Sendable { case address, end }

    /// One page of them in the order of their addresses or ends: those with each word of `query` in address, hardware address, node or host name, or
    /// in a network that is named (`10.77.0.0/24`), of a kind (`of=node`, `of=unknown`), or with an end (`ends=soon`, `ends=past`).
    ///
    /// - Parameter withNodes: whether the page's nodes are looked up, too.
    func leases(
        _ query: String = "", _ order: LeaseOrder = .address, offset: Int = 0, limit: Int = .max,
        withNodes: Bool = false
    ) async throws -> LeaseList {
        try require(.read)
        let (snapshot, now) = (fleet.snapshot, Clock.second)
        let seesAll = may(.read, in: .site)
        let words = try SearchWords(query).words.map { LeaseWord($0) }
        var (figures, fitting) = (LeaseFigures(), [Lease]())
        let leases = await services.leases().sorted { $0.address < $1.address }
        for lease in leases {
            let node = lease.machine.flatMap { snapshot.node(at: $0) }
            guard seesAll || caller.sees(node?.group) else { continue }
            let end = LeaseEnd(lease, now: now)
            figures.note(node, end)
            guard !words.isEmpty else {
                fitting.append(lease)
                continue
            }
            let answer = LeaseAnswer(lease, snapshot: snapshot)
            let kind = node == nil ? "of=unknown" : "of=node"
            let text = "\(answer.searchText) \(kind) ends=\(end.rawValue)"
            if words.allSatisfy({ $0.fits(lease.address, text) }) { fitting.append(lease) }
        }
        if order == .end { fitting.sort { ($0.expiresAt, $0.address) < ($1.expiresAt, $1.address) } }
        let page = Page(fitting, offset: offset, limit: limit)
        var list = LeaseList(
            page: Page(
                rows: page.rows.map { LeaseAnswer($0, snapshot: snapshot) }, count: page.count,
                next: page.next), figures: figures)
        guard withNodes else { return list }
        let heard = await services.heard()
        for name in Set(list.page.rows.compactMap(\.node)) {
            guard let node = snapshot.nodes[name] else { continue }
            list.nodes[name] = LeasingNode(
                group: node.group, state: fleet.presence(of: node, heard).state)
        }
        return list
    }
}

/// A word of a search for leases.
private enum LeaseWord {
    case network(IPv4Network)
    case part(String)

    init(_ word: String) {
        if let network = IPv4Network(word) {
            self = .network(network)
        } else {
            // However it is written: 52-54-00-12-34-56.
            self = .part(MACAddress(word)?.description ?? word)
        }
    }

    func fits(_ address: IPv4Address, _ text: String) -> Bool {
        switch self {
        case .network(let network): network.contains(address)
        case .part(let part): text.contains(part)
        }
    }
}

extension Lease {
    /// The hardware address that it is given to. Swift 6.3.1 crashes where it puts this into a loop.
    @inline(never)
    fileprivate var machine: MACAddress? {
        switch holder {
        case .macAddress(let machine): machine
        default: nil
        }
    }
}

extension LeaseAnswer {
    fileprivate var searchText: String {
        "\(address) \(holder) \(node?.text ?? "") \(hostName)".lowercased()
    }
}
