import Fleet
package import Linux
import Wire

/// The boot HTTP server: scripts, kernels, archives, root images; nodes' reports and configurations.
package final class HTTPService: EventHandler {
    /// Connections beyond this are closed at once.
    package static let connectionLimit = 20_000
    /// Milliseconds that a connection may be silent, or stuck.
    private static let idleMilliseconds = 60_000

    private let listener: FileDescriptor
    private unowned let loop: EventLoop
    let answering: HTTPAnswering
    let log: @Sendable (String) -> Void
    private let context: BootContext
    private var connections: [Int32: HTTPConnection] = [:]

    package init(
        listener: consuming FileDescriptor, loop: EventLoop, context: BootContext,
        log: @escaping @Sendable (String) -> Void
    ) throws(SystemError) {
        self.listener = listener
        self.loop = loop
        self.context = context
        self.log = log
        answering = HTTPAnswering(context: context, log: log)
        try loop.add(self.listener, self)
        loop.every(milliseconds: 5_000) { [unowned self] in
            let oldest = EventLoop.now() - Self.idleMilliseconds
            for connection in connections.values where connection.lastActivity < oldest { connection.close() }
        }
    }

    package func ready(_ events: EventLoop.Events) {
        while let socket = Socket.accept(listener) {
            guard connections.count < Self.connectionLimit else {
                log("http: \(Self.connectionLimit) connections are open, one more is refused")
                continue
            }
            _ = take(socket)
        }
    }

    /// Serves a client that has connected.
    package func take(_ socket: consuming FileDescriptor) -> any EventHandler {
        let number = socket.number
        let connection = HTTPConnection(socket: socket, service: self, loop: loop)
        connections[number] = connection
        connection.start()
        return connection
    }

    func ended(_ number: Int32) { connections[number] = nil }

    func sent(_ answer: HTTPAnswer, to peer: IPv4Address, path: Substring) {
        guard let stage = answer.stage, let machine = context.machine(at: peer) else { return }
        context.note(stage, of: machine, detail: "\(answer.byteCount / 1024) KiB by HTTP")
    }
}
