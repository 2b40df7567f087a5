import Fleet
package import Linux
import Wire

/// The boot HTTP server: scripts, kernels, archives, root images; nodes' reports and configurations.
package final class HTTPService {
    /// Milliseconds that a connection may be silent or stuck.
    private static let idleMilliseconds = 60_000
    /// Milliseconds for an answer that takes room which others wait for.
    private static let largeMilliseconds = 120_000

    /// How often to resume connections that exceeded a limit.
    private static let throttleMilliseconds = 100

    private var acceptor: Acceptor?
    private unowned let loop: EventLoop
    let answering: HTTPAnswering
    let context: BootContext
    private var connections: [Int32: HTTPConnection] = [:]
    /// The `Date` field with its line end, and the second of the loop's clock in which it was made.
    private var dateLine: (bytes: [UInt8], second: Int) = ([], -1)
    /// Connections whose peers exceeded a limit; they are resumed in a moment.
    private var throttled: [HTTPConnection] = []

    package init(
        listener: consuming FileDescriptor, loop: EventLoop, context: BootContext,
        log: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.loop = loop
        self.context = context
        answering = HTTPAnswering(context: context)
        loop.every(milliseconds: 5_000) { [unowned self] in closeSilent() }
        loop.every(milliseconds: Self.throttleMilliseconds) { [unowned self] in
            context.largeAnswers.advance(now: EventLoop.now())
            guard !throttled.isEmpty else { return }
            let waiting = throttled
            throttled = []
            for connection in waiting { connection.resume() }
        }
        acceptor = try Acceptor(listener, loop: loop, log: { log("http: \($0)") }) { [unowned self] in
            take($0)
        }
    }

    /// Serves a client that connected.
    ///
    /// - Returns: nil when its peer has too many connections.
    @discardableResult
    package func take(_ socket: consuming FileDescriptor) -> (any EventHandler)? {
        let peer = Socket.peer(socket) ?? .any
        let interface = Socket.interface(socket)
        let isStranger = context.machine(at: peer, on: interface) == nil
        guard let place = context.limits.takeConnection(.http, for: peer, isStranger: isStranger) else {
            return nil
        }
        let number = socket.number
        let connection = HTTPConnection(
            socket: socket, peer: peer, interface: interface, place: place, service: self, loop: loop)
        connections[number] = connection
        connection.start()
        return connection
    }

    /// Ends connections that are silent, or that never complete a request.
    private func closeSilent() {
        let now = EventLoop.now()
        let limit = context.limits.maxima.httpRequest
        for connection in connections.values {
            if let end = connection.endsAt {
                if now > end { connection.close() }
            } else if let began = connection.requestBeganAt, now - began > limit {
                context.limits.refuse(
                    PeerLimit(.http, .silentConnections, most: limit / 1_000), .address(connection.peer))
                connection.close()
            } else if now - connection.lastActivity > Self.idleMilliseconds
                || connection.placedAt.map({ now - $0 > Self.largeMilliseconds }) == true
            {
                connection.close()
            }
        }
    }

    func ended(_ number: Int32) {
        if let connection = connections.removeValue(forKey: number) {
            context.limits.release(connection.place)
        }
    }

    /// Whether the peer may send another request now. If not, the connection is resumed later.
    func mayAsk(_ connection: HTTPConnection) -> Bool {
        if context.limits.takes(\.httpRequests, .http, .requests, .address(connection.peer)) { return true }
        throttled.append(connection)
        return false
    }

    /// The `Date` field of answers, at most a second old; empty if the clock was never set.
    var date: [UInt8] {
        let second = loop.batchTime / 1_000
        if second != dateLine.second {
            let text = HTTPDate.text(context.now() / 1_000)
            dateLine = (text.map { Array("Date: \($0)\r\n".utf8) } ?? [], second)
        }
        return dateLine.bytes
    }

    func sent(_ answer: HTTPAnswer, to peer: IPv4Address, on interface: UInt32?) {
        guard let stage = answer.stage, let machine = context.machine(at: peer, on: interface) else { return }
        context.note(stage, of: machine, detail: "\(answer.byteCount / 1024) KiB by HTTP")
    }
}
