import Linux
import Wire

/// Probes by ARP whether an address that is being offered is in use: in parallel with the offer, not before it.
///
/// If a host answers in time it keeps the address, and the client's request is refused. A server that waits for silence first costs every
/// boot three seconds.
final class ConflictProbe: EventHandler {
    private let socket: FileDescriptor
    private let interface: NetworkInterface
    /// Called with an address in use and its holder.
    private let found: (IPv4Address, MACAddress) -> Void

    init(
        socket: consuming FileDescriptor, interface: NetworkInterface, loop: EventLoop,
        found: @escaping (IPv4Address, MACAddress) -> Void
    ) throws(SystemError) {
        self.socket = socket
        self.interface = interface
        self.found = found
        try loop.add(self.socket, self)
    }

    func ask(_ address: IPv4Address) {
        guard let own = interface.macAddress else { return }
        PacketFrames.send(
            ARPPacket(probing: address, from: own).broadcastFrame, to: .broadcast, interface: interface.index,
            from: socket)
    }

    func ready(_ events: EventLoop.Events) {
        while let frame = try? socket.read(atMost: 128), !frame.isEmpty {
            let bytes = Array(frame.dropFirst(14))
            var wire = bytes.span
            guard let packet = try? ARPPacket(parsing: &wire), packet.operation == .reply else { continue }
            found(packet.senderAddress, packet.senderMAC)
        }
    }
}
