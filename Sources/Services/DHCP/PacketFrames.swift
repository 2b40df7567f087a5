import CLinux
import Linux
import Wire

/// Sends and receives whole Ethernet frames on a packet socket.
enum PacketFrames {
    static func send(
        _ frame: [UInt8], to destination: MACAddress, interface: UInt32, from socket: borrowing FileDescriptor
    ) {
        var address: [UInt8] = []
        destination.write(to: &address)
        _ = unsafe roost_send_hardware(socket.number, interface, address, frame, frame.count)
    }
}
