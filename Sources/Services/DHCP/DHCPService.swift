package import Fleet
import Glibc
package import Linux
package import Wire

/// The DHCP server on one interface, or on one address for relays: the shell around `DHCPServer`.
package final class DHCPService {
    /// Where requests come in.
    package struct Endpoint: Sendable {
        /// Nil: only relayed requests, on whichever address the socket has.
        package var interface: NetworkInterface?
        /// Port 4011, where firmware asks for its boot file alone.
        package var isBootServer: Bool

        package init(interface: NetworkInterface?, isBootServer: Bool = false) {
            self.interface = interface
            self.isBootServer = isBootServer
        }
    }

    /// Requests taken from a socket at a time.
    private static let batchCount = 256
    /// Batches per wake-up: other services get their turn during a flood.
    private static let batchLimit = 4
    /// A DHCP message fits Ethernet's 1,500 bytes.
    private static let datagramByteLimit = 1_536

    private let context: BootContext
    private let committer: LeaseCommitter
    private let log: @Sendable (String) -> Void
    private var server: DHCPServer
    private var links: [DHCPLink]
    private var reservations: [DHCPReservation]
    private var listeners: [Listener] = []
    /// Answers of the present batch: those without a lease, and those with one.
    private var offers = Replies()
    private var grants = Replies()
    private var granted: [Lease] = []
    /// By interface name.
    private var probes: [String: ConflictProbe] = [:]
    private let batch = DatagramBatch(count: DHCPService.batchCount, byteLimit: DHCPService.datagramByteLimit)

    /// - Parameters:
    ///   - leases: as read from the journal.
    ///   - leap: how far the clock jumped since the server wrote them.
    package init(
        links: [DHCPLink], reservations: [DHCPReservation], leases: [Lease], leap: ClockJump? = nil,
        committer: LeaseCommitter, context: BootContext, log: @escaping @Sendable (String) -> Void
    ) {
        self.links = links
        self.reservations = reservations
        self.committer = committer
        self.context = context
        self.log = log
        let now = context.now() / 1_000
        let longest = Lease.longestSeconds(on: links)
        let taken = leases.map { lease in
            let lease = leap.map { lease.moved(with: $0, longest: longest) } ?? lease
            return lease.takenUp(at: now, on: links)
        }
        server = DHCPServer(links: links, reservations: reservations, leases: taken)
        commitChanges(from: leases, to: taken)
        context.addresses = LeasedAddresses(service: self)
    }

    /// The context belongs to this service, and not the other way round.
    private struct LeasedAddresses: AddressBook {
        unowned let service: DHCPService

        func holder(of address: IPv4Address) -> (MACAddress, ClientAddress)? {
            service.clientAddress(at: address)
        }
        func givesAddresses(like address: IPv4Address) -> Bool {
            service.subnet(of: address)?.isProxy == false
        }
        func interface(serving address: IPv4Address) -> String? { service.interface(of: address) }
        func move(with jump: ClockJump) { service.moveLeases(with: jump) }
    }

    /// Starts to answer on a socket bound to port 67, or to that of boot servers; `frames` sends to clients without an address, and `neighbours` receives the
    /// interface's ARP.
    package func listen(
        on socket: consuming FileDescriptor, frames: consuming FileDescriptor?,
        neighbours: consuming FileDescriptor?, at endpoint: Endpoint, loop: EventLoop
    ) throws(SystemError) {
        let listener = Listener(socket: socket, frames: frames, endpoint: endpoint, service: self)
        if let interface = endpoint.interface, let neighbours {
            probes[interface.name] = try probe(neighbours, on: interface, loop: loop)
        }
        listeners.append(listener)
        try loop.add(listener.socket, listener)
    }

    private func probe(
        _ socket: consuming FileDescriptor, on interface: NetworkInterface, loop: EventLoop
    ) throws(SystemError) -> ConflictProbe {
        try ConflictProbe(socket: socket, interface: interface, loop: loop) {
            [unowned self] address, mac in
            let now = context.now() / 1_000
            guard let lease = server.found(mac, on: address, now: now) else { return }
            log("dhcp: \(address) is in use by \(mac), which has no lease here; it is not given to others")
            committer.commit([lease], answers: nil)
        }
    }

    /// Serves other networks from now on; existing leases stay.
    package func reconfigure(links: [DHCPLink], reservations: [DHCPReservation]) {
        self.links = links
        self.reservations = reservations
        server = DHCPServer(links: links, reservations: reservations, leases: server.table.all)
    }

    /// The wall clock was set. Clients time their leases by clocks of their own: each lasts as long from now as before.
    private func moveLeases(with jump: ClockJump) {
        let leases = server.table.all
        let moved = leases.map { $0.moved(with: jump, longest: Lease.longestSeconds(on: links)) }
        server = DHCPServer(links: links, reservations: reservations, leases: moved)
        commitChanges(from: leases, to: moved)
    }

    private func commitChanges(from before: [Lease], to after: [Lease]) {
        let changed = zip(before, after).compactMap { $0 == $1 ? nil : $1 }
        if !changed.isEmpty { committer.commit(changed, answers: nil) }
    }

    /// In no order: the loop has no time for one.
    package var leases: [Lease] { server.table.unordered }

    package var leaseCount: Int { server.table.leaseCount }

    private func link(of address: IPv4Address) -> DHCPLink? {
        links.first { $0.subnets.contains { $0.network.contains(address) } }
    }

    private func subnet(of address: IPv4Address) -> DHCPSubnet? {
        links.lazy.flatMap(\.subnets).first { $0.network.contains(address) }
    }

    private func interface(of address: IPv4Address) -> String? {
        guard let link = link(of: address),
            let server = link.subnets.first(where: { $0.network.contains(address) })?.server,
            link.subnets.contains(where: { $0.network.contains(server) })
        else { return nil }
        return link.interface
    }

    private func clientAddress(at address: IPv4Address) -> (MACAddress, ClientAddress)? {
        let now = context.now() / 1_000
        guard let lease = server.table.lease(at: address), lease.expiresAt > now,
            case .macAddress(let machine) = lease.holder,
            let subnet = subnet(of: address), !subnet.isProxy
        else { return nil }
        return (
            machine,
            ClientAddress(
                address: address, network: subnet.network, router: subnet.router,
                nameServers: subnet.nameServers,
                leaseSeconds: subnet.leaseSeconds)
        )
    }

    final class Listener: EventHandler, Sendable {
        let socket: FileDescriptor
        let frames: FileDescriptor?
        let endpoint: Endpoint
        // Sendable: only the loop's thread uses this reference.
        nonisolated(unsafe) unowned let service: DHCPService

        init(
            socket: consuming FileDescriptor, frames: consuming FileDescriptor?, endpoint: Endpoint,
            service: DHCPService
        ) {
            self.socket = socket
            self.frames = frames
            self.endpoint = endpoint
            unsafe self.service = service
        }

        func ready(_ events: EventLoop.Events) { unsafe service.receive(self) }

        /// Adds a reply, in bytes, to those that are sent together.
        func put(_ reply: DHCPOutcome.Reply, into replies: inout Replies) {
            var bytes: [UInt8] = []
            bytes.reserveCapacity(512)
            reply.message.write(to: &bytes)
            // The configured options can be longer than a datagram.
            guard bytes.count <= UDPFrame.payloadByteLimit else { return }
            var path = DatagramQueue.Path(address: .broadcast, port: reply.port, source: reply.source)
            switch reply.destination {
            case .relay(let address), .unicast(let address): path.address = address
            case .broadcast: path.interface = endpoint.interface?.index ?? 0
            case .hardware(let mac, let address):
                if let own = endpoint.interface?.macAddress, frames != nil {
                    let frame = UDPFrame.bytes(
                        payload: bytes, from: (own, reply.source, 67), to: (mac, address, 68))
                    return replies.frames.append(Replies.Frame(bytes: frame, destination: mac))
                }
            }
            replies.datagrams.append(bytes, path)
        }

        /// Any thread may call it.
        func send(_ replies: Replies) {
            replies.datagrams.send(from: socket)
            guard let interface = endpoint.interface?.index else { return }
            switch frames {
            case .some(let frames):
                for frame in replies.frames {
                    PacketFrames.send(frame.bytes, to: frame.destination, interface: interface, from: frames)
                }
            case .none: break
            }
        }
    }

    /// Replies in bytes, on their way out through one listener.
    struct Replies: Sendable {
        /// To a client that does not answer ARP for its address yet.
        struct Frame: Sendable {
            var bytes: [UInt8]
            var destination: MACAddress
        }

        var datagrams = DatagramQueue()
        var frames: [Frame] = []

        mutating func removeAll() {
            datagrams.removeAll()
            frames.removeAll(keepingCapacity: true)
        }
    }

    private func receive(_ listener: Listener) {
        for _ in 0..<Self.batchLimit {
            let count = batch.receive(from: listener.socket)
            guard count > 0 else { return }
            for index in 0..<count {
                let datagram = batch.datagram(index)
                batch.withBytes(index) {
                    handle($0, from: datagram.peerAddress, port: datagram.peerPort, listener)
                }
            }
            sendAnswers(from: listener)
            if count < Self.batchCount { return }
        }
    }

    /// Answers messages as if the first listener had received them together.
    package func take(_ messages: [[UInt8]]) {
        guard let listener = listeners.first else { return }
        for message in messages { handle(message.span, from: nil, port: 68, listener) }
        sendAnswers(from: listener)
    }

    /// Sends what switches these machines on into all networks that are served on an interface: where they are is not known while they
    /// are off.
    ///
    /// - Returns: whether there is such a network.
    package func wake(_ machines: [MACAddress]) -> Bool {
        var isSent = false
        for listener in listeners where !listener.endpoint.isBootServer {
            guard let interface = listener.endpoint.interface else { continue }
            var packets = Replies()
            let path = DatagramQueue.Path(
                address: .broadcast, port: MagicPacket.port, source: .any, interface: interface.index)
            for machine in machines {
                var bytes: [UInt8] = []
                MagicPacket(machine).write(to: &bytes)
                packets.datagrams.append(bytes, path)
            }
            listener.send(packets)
            isSent = true
        }
        return isSent
    }

    private func sendAnswers(from listener: Listener) {
        listener.send(offers)
        offers.removeAll()
        if !granted.isEmpty { committer.commit(granted, answers: (grants, listener)) }
        grants.removeAll()
        granted.removeAll(keepingCapacity: true)
    }

    private func handle(
        _ bytes: Span<UInt8>, from source: IPv4Address?, port: UInt16, _ listener: Listener
    ) {
        var wire = bytes.extracting(0..<bytes.count)
        let message: DHCPMessage
        do {
            message = try DHCPMessage(parsing: &wire)
        } catch {
            let link = LimitedPeer.link(listener.endpoint.interface?.name ?? "relays")
            return context.limits.say(.dhcp, link, "unreadable message: \(error)")
        }
        // In a large network these are most messages: they use up no limit of machines that boot.
        if !listener.endpoint.isBootServer,
            server.leavesToOther(message, on: listener.endpoint.interface?.name)
        {
            return
        }
        let link = link(of: message, listener)
        let now = context.now() / 1_000
        guard mayAsk(message, listener, on: link, now: now) else { return }
        if message.operation == .request, let card = message.macAddress,
            let uuid = (try? message.options.value(of: .clientUUID))??.uuid
        {
            context.note(uuid, of: card)
        }
        let outcome = answer(message, from: source, port: port, listener, now: now)
        if message.relay == .any, let name = listener.endpoint.interface?.name {
            for address in outcome.probes { probes[name]?.ask(address) }
        }
        if let client = outcome.client, let machine = message.macAddress {
            // Beside another server it gives no address, and the machine may have one already.
            let given = outcome.reply?.message.yourAddress ?? .any
            context.compare(client, of: machine, on: link, at: given == .any ? source ?? .any : given)
            context.note(client, of: machine)
        }
        if let decision = outcome.decision { trace(message, outcome, decision, link) }
        if let lease = outcome.lease { granted.append(lease) }
        guard let reply = outcome.reply else {
            if outcome.lease == nil {
                context.limits.say(
                    .dhcp, .link(link), "\(who(message)): no answer: \(outcome.note)")
            }
            return
        }
        if outcome.lease == nil {
            listener.put(reply, into: &offers)
        } else {
            listener.put(reply, into: &grants)
        }
    }

    private func answer(
        _ message: DHCPMessage, from source: IPv4Address?, port: UInt16, _ listener: Listener, now: Int
    ) -> DHCPOutcome {
        let interface = listener.endpoint.interface?.name
        let (snapshot, policy) = (context.snapshot, context.settings.policy)
        guard listener.endpoint.isBootServer else {
            return server.handle(
                message, on: interface, from: source, port: port, now: now, snapshot: snapshot, policy: policy
            )
        }
        return server.bootServer(
            message, on: interface, from: source ?? .any, port: port, now: now, snapshot: snapshot,
            policy: policy)
    }

    /// The name of the link that a message comes from. There are as many as there are networks: whatever relays a sender invents, they
    /// count as one link with one share.
    private func link(of message: DHCPMessage, _ listener: Listener) -> String {
        let interface = listener.endpoint.interface?.name
        guard message.relay != .any else { return interface ?? "relays" }
        return server.network(of: message, on: interface).map { "the network \($0) behind relays" }
            ?? "a relay of another network"
    }

    /// Whether to handle the message. Each machine has a rate limit. All machines of a link that are neither nodes nor lease holders share
    /// another one, so that invented machines do not crowd out real ones; those of one port at a relay or switch get half of it.
    private func mayAsk(_ message: DHCPMessage, _ listener: Listener, on link: String, now: Int) -> Bool {
        guard let machine = message.macAddress else { return mayAskAsStranger(message, on: link) }
        let isKnown =
            context.snapshot.knows(machine)
            || server.hasLease(message, on: listener.endpoint.interface?.name, now: now)
        if isKnown {
            return context.limits.takes(
                \.dhcpMessages, orSpare: \.dhcpSpareMessages, of: .link(link), .dhcp, .messages,
                .machine(machine))
        }
        return context.limits.takes(\.dhcpStrangerMessages, .dhcp, .messages, .machine(machine))
            && mayAskAsStranger(message, on: link)
    }

    private func mayAskAsStranger(_ message: DHCPMessage, on link: String) -> Bool {
        if let port = message.relayAgent?.port, !port.isEmpty {
            let peer = LimitedPeer.port(relay: message.relay, identifier: port)
            guard context.limits.takes(\.dhcpPortMessages, .dhcp, .portMessages, peer) else { return false }
        }
        return context.limits.takes(\.dhcpStrangersMessages, .dhcp, .strangersMessages, .link(link))
    }

    private func trace(
        _ message: DHCPMessage, _ outcome: DHCPOutcome, _ decision: BootDecision, _ link: String
    ) {
        if let machine = message.macAddress, outcome.beginsBoot {
            context.note(
                .dhcp, of: machine, detail: "\(outcome.note); \(decision.reason)", link: link)
        }
        if case .nothing = decision.answer {
            context.limits.say(
                .dhcp, .link(link), "\(who(message)): nothing to boot: \(decision.reason)")
        }
    }

    private func who(_ message: DHCPMessage) -> String {
        message.macAddress?.description ?? "client without MAC"
    }
}
