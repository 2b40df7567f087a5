import CLinux
import Linux
import Wire

/// Outgoing datagrams, sent together.
///
/// Datagrams of one size to one peer (a relay, when a whole room is switched on) leave as one, which the kernel splits: two thirds of a
/// datagram's cost lie above the split.
struct DatagramQueue: Sendable {
    /// The destination and source of a datagram.
    struct Path: Equatable, Sendable {
        var address: IPv4Address
        var port: UInt16
        var source: IPv4Address
        /// Index of the interface to send on; 0: by the routing table.
        var interface: UInt32 = 0
    }

    private struct Group: Sendable {
        /// The kernel's limits: UDP_MAX_SEGMENTS of older kernels, and an IP packet with its headers.
        static let datagramLimit = 64
        static let byteLimit = 65_507

        let path: Path
        /// Size of each datagram.
        let byteCount: Int
        var datagramCount = 1
        var bytes: [UInt8]

        func takes(_ path: Path, _ byteCount: Int) -> Bool {
            self.path == path && self.byteCount == byteCount && datagramCount < Self.datagramLimit
                && bytes.count + byteCount <= Self.byteLimit
        }
    }

    /// The most groups that are searched for one that fits the next datagram: more relays than this at once are rare.
    private static let openGroupCount = 8

    private var groups: [Group] = []

    var isEmpty: Bool { groups.isEmpty }

    mutating func append(_ bytes: [UInt8], _ path: Path) {
        let open = groups.indices.suffix(Self.openGroupCount)
        if let index = open.last(where: { groups[$0].takes(path, bytes.count) }) {
            groups[index].datagramCount += 1
            groups[index].bytes += bytes
        } else {
            groups.append(Group(path: path, byteCount: bytes.count, bytes: bytes))
        }
    }

    mutating func removeAll() { groups.removeAll(keepingCapacity: true) }

    /// Sends all with as few system calls as there are hundreds of groups. A datagram that cannot be sent (no route, a full buffer) is
    /// dropped: its client asks again.
    func send(from socket: borrowing FileDescriptor) {
        guard !groups.isEmpty else { return }
        let number = socket.number
        unsafe withUnsafeTemporaryAllocation(of: roost_datagram.self, capacity: groups.count) { table in
            for (index, group) in groups.enumerated() {
                unsafe table.initializeElement(at: index, to: Self.entry(group))
            }
            var sent = 0
            while sent < groups.count {
                let result = unsafe roost_send_datagrams(
                    number, table.baseAddress.map { unsafe $0 + sent }, UInt32(groups.count - sent))
                if result <= 0, groups[sent].datagramCount > 1 { Self.sendEach(groups[sent], from: socket) }
                sent += max(1, Int(result))
            }
        }
    }

    /// The bytes must outlive the entry: the caller keeps the group until everything is sent.
    private static func entry(_ group: Group) -> roost_datagram {
        unsafe group.bytes.withUnsafeBytes { buffer in
            unsafe roost_datagram(
                bytes: UnsafeMutableRawPointer(mutating: buffer.baseAddress), capacity: 0,
                byte_count: UInt32(buffer.count),
                peer_address: group.path.address.rawValue, peer_port: group.path.port,
                local_address: group.path.source.rawValue, interface: group.path.interface,
                segment_byte_count: group.datagramCount > 1 ? UInt16(group.byteCount) : 0)
        }
    }

    /// One by one, for interfaces whose driver cannot split.
    private static func sendEach(_ group: Group, from socket: borrowing FileDescriptor) {
        for start in stride(from: 0, to: group.bytes.count, by: group.byteCount) {
            DatagramBatch.send(
                Array(group.bytes[start..<start + group.byteCount]), from: socket, to: group.path.address,
                port: group.path.port, source: group.path.source, interface: group.path.interface)
        }
    }
}
