import CLinux
import Glibc
import Linux
import Wire

/// Datagrams received with one system call, in memory that is reused.
@safe final class DatagramBatch {
    struct Datagram {
        var peerAddress: IPv4Address
        var peerPort: UInt16
        /// The address that it was sent to.
        var localAddress: IPv4Address
        /// Index of the interface that it came in on.
        var interface: UInt32
    }

    private let memory: UnsafeMutableRawPointer
    private let table: UnsafeMutablePointer<roost_datagram>
    private let count: Int

    init(count: Int, byteLimit: Int) {
        self.count = count
        unsafe memory = .allocate(byteCount: count * byteLimit, alignment: 16)
        unsafe table = .allocate(capacity: count)
        for index in 0..<count {
            unsafe table[index] = roost_datagram()
            unsafe table[index].bytes = memory + index * byteLimit
            unsafe table[index].capacity = UInt32(byteLimit)
        }
    }

    deinit {
        unsafe memory.deallocate()
        unsafe table.deallocate()
    }

    /// The number of datagrams received; 0 when none waits.
    func receive(from socket: borrowing FileDescriptor) -> Int {
        let number = socket.number
        return max(0, Int(retrying { unsafe roost_receive_datagrams(number, table, UInt32(count)) }))
    }

    func datagram(_ index: Int) -> Datagram {
        let entry = unsafe table[index]
        return unsafe Datagram(
            peerAddress: IPv4Address(rawValue: entry.peer_address), peerPort: entry.peer_port,
            localAddress: IPv4Address(rawValue: entry.local_address), interface: entry.interface)
    }

    /// Lends the bytes of one datagram.
    func withBytes(_ index: Int, _ body: (Span<UInt8>) -> Void) {
        let entry = unsafe table[index]
        let start = unsafe UnsafeRawPointer(entry.bytes).assumingMemoryBound(to: UInt8.self)
        unsafe body(Span(_unsafeStart: start, count: Int(entry.byte_count)))
    }

    /// Sends one datagram. If the buffer is full or the peer unreachable, the peer has to ask again.
    @discardableResult
    static func send(
        _ bytes: [UInt8], from socket: borrowing FileDescriptor, to address: IPv4Address, port: UInt16,
        source: IPv4Address = .any, interface: UInt32 = 0
    ) -> Bool {
        let number = socket.number
        return unsafe bytes.withUnsafeBytes { buffer in
            var datagram = unsafe roost_datagram()
            unsafe datagram.bytes = UnsafeMutableRawPointer(mutating: buffer.baseAddress)
            unsafe datagram.byte_count = UInt32(buffer.count)
            unsafe datagram.peer_address = address.rawValue
            unsafe datagram.peer_port = port
            unsafe datagram.local_address = source.rawValue
            unsafe datagram.interface = interface
            return unsafe roost_send_datagrams(number, &datagram, 1) == 1
        }
    }
}
