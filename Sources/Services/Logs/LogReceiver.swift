import Fleet
package import Linux
package import Wire

/// Receives nodes' log messages: syslog and netconsole over UDP. The sender is identified by its address.
package final class LogReceiver: EventHandler {
    private static let batchCount = 64
    /// Batches per wake-up: other services get their turn during a flood.
    private static let batchLimit = 4

    private let socket: FileDescriptor
    private let context: BootContext
    private let batch = DatagramBatch(count: LogReceiver.batchCount, byteLimit: LogMessage.byteLimit)
    /// Messages dropped per machine in this second.
    private var leftOut: [MACAddress: Int] = [:]

    package init(socket: consuming FileDescriptor, loop: EventLoop, context: BootContext) throws(SystemError)
    {
        self.socket = socket
        self.context = context
        try loop.add(self.socket, self)
        loop.every(milliseconds: 1_000) { [unowned self] in nextSecond() }
    }

    package func ready(_ events: EventLoop.Events) {
        for _ in 0..<Self.batchLimit {
            let count = batch.receive(from: socket)
            guard count > 0 else { return }
            for index in 0..<count {
                let datagram = batch.datagram(index)
                batch.withBytes(index) { take($0, from: datagram.peerAddress, on: datagram.interface) }
            }
            if count < Self.batchCount { return }
        }
    }

    /// Handles a datagram with a message.
    ///
    /// - Parameter interface: the number of the interface that it came in on; nil: not known.
    package func take(_ bytes: Span<UInt8>, from peer: IPv4Address, on interface: UInt32? = nil) {
        // Strangers have no log here, nor do machines that have an address but do not boot.
        let limits = context.limits
        guard let machine = context.machine(at: peer, on: interface), context.hasLog(machine) else {
            // A flood of them takes the loop's time all the same: people learn who it is.
            _ = limits.takes(\.strangersLogMessages, .logs, .messages, .address(peer))
            return
        }
        context.hear(machine)
        guard limits.takes(\.logMessages, .logs, .messages, .machine(machine)),
            limits.takes(\.logBytes, .logs, .bytes, .machine(machine), amount: bytes.count)
        else { return leftOut[machine, default: 0] += 1 }
        context.log(LogMessage(parsing: bytes), of: machine)
    }

    /// Resets the message counters.
    package func nextSecond() {
        for (machine, count) in leftOut {
            let text = "(\(count) messages of this second were left out)"
            context.log(LogMessage(severity: .warning, text: text), of: machine)
        }
        leftOut.removeAll(keepingCapacity: true)
    }
}
