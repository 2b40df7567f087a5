import Fleet
package import Linux
package import Wire

/// Receives what nodes log: syslog and netconsole by UDP. Who sends is known by the address.
package final class LogReceiver: EventHandler {
    private static let batchCount = 64
    /// Messages of one machine in a second; more are counted and left out.
    private static let messageLimit = 500

    private let socket: FileDescriptor
    private let context: BootContext
    private let batch = DatagramBatch(count: LogReceiver.batchCount, byteLimit: LogMessage.byteLimit)
    /// Messages of each machine in this second.
    private var counts: [MACAddress: Int] = [:]

    package init(socket: consuming FileDescriptor, loop: EventLoop, context: BootContext) throws(SystemError)
    {
        self.socket = socket
        self.context = context
        try loop.add(self.socket, self)
        loop.every(milliseconds: 1_000) { [unowned self] in nextSecond() }
    }

    package func ready(_ events: EventLoop.Events) {
        while true {
            let count = batch.receive(from: socket)
            guard count > 0 else { return }
            for index in 0..<count {
                let peer = batch.datagram(index).peerAddress
                batch.withBytes(index) { take($0, from: peer) }
            }
            if count < Self.batchCount { return }
        }
    }

    /// Takes a datagram with a message.
    package func take(_ bytes: Span<UInt8>, from peer: IPv4Address) {
        // Strangers have no log here.
        guard let machine = context.machine(at: peer) else { return }
        counts[machine, default: 0] += 1
        guard counts[machine, default: 0] <= Self.messageLimit else { return }
        context.log(LogMessage(parsing: bytes), of: machine)
    }

    /// Messages are counted anew.
    package func nextSecond() {
        for (machine, count) in counts where count > Self.messageLimit {
            let text = "(\(count - Self.messageLimit) messages of this second are left out)"
            context.log(LogMessage(severity: .warning, text: text), of: machine)
        }
        counts.removeAll(keepingCapacity: true)
    }
}
