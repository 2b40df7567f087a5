import CLinux
import Glibc
package import Wire

/// Opens sockets, bound as requested and ready for a loop.
package enum Socket {
    private static func address(_ address: IPv4Address, _ port: UInt16) -> sockaddr_in {
        var result = sockaddr_in()
        result.sin_family = sa_family_t(AF_INET)
        result.sin_port = port.bigEndian
        result.sin_addr.s_addr = address.rawValue.bigEndian
        return result
    }

    private static func open(_ domain: Int32, _ type: Int32, _ number: Int32, _ what: String)
        throws(SystemError) -> FileDescriptor
    {
        let descriptor = socket(
            domain, type | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), number)
        guard descriptor >= 0 else { throw SystemError("open \(what)") }
        return FileDescriptor(owning: descriptor)
    }

    private static func bind(
        _ descriptor: borrowing FileDescriptor, _ local: IPv4Address, _ port: UInt16, _ what: String
    ) throws(SystemError) {
        var name = address(local, port)
        let result = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.bind(descriptor.number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemError("bind \(what) to \(local):\(port)") }
    }

    private static func bind(_ descriptor: borrowing FileDescriptor, toInterface interface: String)
        throws(SystemError)
    {
        let result = unsafe interface.withCString {
            unsafe setsockopt(
                descriptor.number, SOL_SOCKET, SO_BINDTODEVICE, $0, socklen_t(interface.utf8.count))
        }
        guard result == 0 else { throw SystemError("bind to interface \(interface)") }
    }

    /// A UDP socket that reports where each datagram came in (IP_PKTINFO).
    ///
    /// Its packets may be fragmented on the way: firmware cannot ask for another size, and the message that a packet was too large for a
    /// tunnel (RFC 1191) is often lost or forged.
    package static func datagram(
        _ local: IPv4Address = .any, port: UInt16, interface: String? = nil, isShared: Bool = false
    ) throws(SystemError) -> FileDescriptor {
        let what = "UDP"
        let descriptor = try open(AF_INET, Int32(SOCK_DGRAM.rawValue), 0, what)
        if isShared { try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1, "allow a port to be shared") }
        try descriptor.setOption(Int32(IPPROTO_IP), IP_PKTINFO, 1, "turn on packet information")
        try descriptor.setOption(SOL_SOCKET, SO_BROADCAST, 1, "allow broadcasts")
        try descriptor.setOption(
            Int32(IPPROTO_IP), IP_MTU_DISCOVER, IP_PMTUDISC_OMIT, "allow datagrams to be fragmented")
        // A thousand machines that start together send their requests within a second.
        try descriptor.setOption(SOL_SOCKET, SO_RCVBUF, 4 << 20, "enlarge the receive buffer")
        try descriptor.setOption(SOL_SOCKET, SO_SNDBUF, 4 << 20, "enlarge the send buffer")
        if let interface { try bind(descriptor, toInterface: interface) }
        try bind(descriptor, local, port, what)
        return descriptor
    }

    /// A listening TCP socket.
    package static func listening(_ local: IPv4Address, port: UInt16) throws(SystemError) -> FileDescriptor {
        let descriptor = try open(AF_INET, Int32(SOCK_STREAM.rawValue), 0, "TCP")
        try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1, "allow an address to be reused")
        try bind(descriptor, local, port, "TCP")
        chooseCongestionControl(descriptor)
        guard listen(descriptor.number, 4096) == 0 else { throw SystemError("listen on \(local):\(port)") }
        return descriptor
    }

    /// CUBIC, whatever the host prefers: a host tuned for the internet has BBR, which paces by timers, and a transfer
    /// in a local network then costs a third more (`docs/decisions/0005-cubic.md`). Connections inherit it.
    private static func chooseCongestionControl(_ descriptor: borrowing FileDescriptor) {
        let name = Array("cubic".utf8)
        // If that is not allowed, the host's own choice remains, which works as well.
        _ = unsafe setsockopt(
            descriptor.number, Int32(IPPROTO_TCP), TCP_CONGESTION, name, socklen_t(name.count))
    }

    /// The port that the kernel chose for a socket bound to port 0.
    package static func localPort(_ descriptor: borrowing FileDescriptor) throws(SystemError) -> UInt16 {
        guard let name = unsafe name(of: descriptor, { unsafe getsockname($0, $1, $2) }) else {
            throw SystemError("read a socket's port")
        }
        return UInt16(bigEndian: name.sin_port)
    }

    /// The peer's address.
    package static func peer(_ descriptor: borrowing FileDescriptor) -> IPv4Address? {
        unsafe name(of: descriptor) { unsafe getpeername($0, $1, $2) }.map {
            IPv4Address(rawValue: UInt32(bigEndian: $0.sin_addr.s_addr))
        }
    }

    /// The number of the interface that an accepted connection came in on: that of the segment which completed its handshake; nil when the
    /// kernel does not tell.
    package static func interface(_ descriptor: borrowing FileDescriptor) -> UInt32? {
        let number = roost_connection_interface(descriptor.number)
        return number == 0 ? nil : number
    }

    /// Our own address on a connection.
    package static func local(_ descriptor: borrowing FileDescriptor) -> IPv4Address? {
        unsafe name(of: descriptor) { unsafe getsockname($0, $1, $2) }.map {
            IPv4Address(rawValue: UInt32(bigEndian: $0.sin_addr.s_addr))
        }
    }

    /// One of a socket's two names; nil when the kernel has none.
    private static func name(
        of descriptor: borrowing FileDescriptor,
        _ read: (Int32, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
    ) -> sockaddr_in? {
        var name = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = descriptor.number
        let result = unsafe withUnsafeMutablePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe read(number, $0, &size)
            }
        }
        return result == 0 ? name : nil
    }

    /// Broadcasts on an interface's link.
    package static func broadcast(
        _ bytes: [UInt8], from descriptor: borrowing FileDescriptor, port: UInt16, interface: UInt32
    ) throws(SystemError) {
        let number = descriptor.number
        let sent = unsafe bytes.withUnsafeBytes { buffer in
            var datagram = unsafe roost_datagram()
            unsafe datagram.bytes = UnsafeMutableRawPointer(mutating: buffer.baseAddress)
            unsafe datagram.byte_count = UInt32(buffer.count)
            unsafe datagram.peer_address = IPv4Address.broadcast.rawValue
            unsafe datagram.peer_port = port
            unsafe datagram.interface = interface
            return unsafe roost_send_datagrams(number, &datagram, 1)
        }
        guard sent == 1 else { throw SystemError("send a broadcast") }
    }

    /// The next waiting connection; nil when there is none.
    ///
    /// A machine that is switched off sends no goodbye: keepalive finds out within a minute.
    package static func accept(_ listener: borrowing FileDescriptor) throws(SystemError) -> FileDescriptor? {
        while true {
            let number = roost_accept(listener.number)
            if number >= 0 {
                let descriptor = FileDescriptor(owning: number)
                try? setStreamOptions(descriptor)
                return descriptor
            }
            switch errno {
            case EAGAIN: return nil
            // The client left before it was accepted (accept(2)).
            case EINTR, ECONNABORTED, EPROTO: continue
            default: throw SystemError("accept a connection")
            }
        }
    }

    private static func setStreamOptions(_ descriptor: borrowing FileDescriptor) throws(SystemError) {
        let tcp = Int32(IPPROTO_TCP)
        try descriptor.setOption(tcp, TCP_NODELAY, 1, "turn off the delay of small packets")
        try descriptor.setOption(SOL_SOCKET, SO_KEEPALIVE, 1, "turn on keep-alive")
        try descriptor.setOption(tcp, TCP_KEEPIDLE, 30, "turn on keep-alive")
        try descriptor.setOption(tcp, TCP_KEEPINTVL, 10, "turn on keep-alive")
        try descriptor.setOption(tcp, TCP_KEEPCNT, 3, "turn on keep-alive")
        // A machine that is switched off while it reads acknowledges nothing. The kernel would try for a quarter of an hour, and its image
        // would stay open that long.
        try descriptor.setOption(tcp, TCP_USER_TIMEOUT, 60_000, "set the time limit of unanswered data")
    }

    /// Ends our side of the connection while the peer may still send. Closing with unread data resets the connection, and the peer loses
    /// what we sent last (RFC 9112 §9.6). So shut down first, then read to the end.
    package static func finish(_ descriptor: borrowing FileDescriptor) {
        _ = shutdown(descriptor.number, Int32(SHUT_WR))
    }

    /// Reads and discards what arrived, a bounded amount at a time.
    ///
    /// - Returns: whether more may come: the peer has not ended its side.
    package static func discard(_ descriptor: borrowing FileDescriptor) -> Bool {
        let number = descriptor.number
        return unsafe withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 8) { buffer in
            for _ in 0..<16 {
                let count = retrying {
                    unsafe recv(number, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                }
                if count == 0 { return false }
                if count < 0 { return errno == EAGAIN }
            }
            return true
        }
    }

    /// A blocking connection, for clients.
    package static func connected(
        to peer: IPv4Address, port: UInt16, timeoutSeconds: Int
    ) throws(SystemError) -> FileDescriptor {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw SystemError("open TCP") }
        let descriptor = FileDescriptor(owning: number)
        var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            unsafe setsockopt(number, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        try setStreamOptions(descriptor)
        var name = address(peer, port)
        let result = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemError("connect to \(peer):\(port)") }
        return descriptor
    }

    /// Sends all of `bytes`; an error, and no signal, when the other side has gone.
    package static func send(
        _ bytes: [UInt8], over descriptor: borrowing FileDescriptor
    ) throws(SystemError) {
        var start = 0
        while start < bytes.count {
            let number = descriptor.number
            let sent = unsafe bytes.withUnsafeBytes { buffer in
                retrying {
                    unsafe Glibc.send(
                        number, buffer.baseAddress?.advanced(by: start), buffer.count - start,
                        Int32(MSG_NOSIGNAL))
                }
            }
            guard sent > 0 else { throw SystemError("send") }
            start += sent
        }
    }

    /// Removes the time-outs from reads and writes of a connection.
    package static func clearTimeouts(_ descriptor: borrowing FileDescriptor) throws(SystemError) {
        var limit = timeval(tv_sec: 0, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            guard
                unsafe setsockopt(
                    descriptor.number, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size)) == 0
            else { throw SystemError("clear a socket's time limits") }
        }
    }

    /// From now on a datagram socket receives from and sends to this peer only.
    package static func connect(
        _ descriptor: borrowing FileDescriptor, to peer: IPv4Address, port: UInt16
    ) throws(SystemError) {
        var name = address(peer, port)
        let number = descriptor.number
        let result = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(number, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw SystemError("connect UDP to \(peer):\(port)") }
    }

    /// A socket that only sends whole Ethernet frames.
    package static func frames() throws(SystemError) -> FileDescriptor {
        try open(AF_PACKET, Int32(SOCK_RAW.rawValue), 0, "a packet socket")
    }

    /// A socket that receives ARP on one interface, and sends whole frames there.
    package static func arp(interface: UInt32) throws(SystemError) -> FileDescriptor {
        let number = roost_open_arp(interface)
        guard number >= 0 else { throw SystemError("open a packet socket for ARP") }
        return FileDescriptor(owning: number)
    }

    /// A raw ICMPv6 socket that receives router solicitations on one interface.
    package static func routerSolicitations(interface: String) throws(SystemError) -> FileDescriptor {
        let descriptor = try open(
            AF_INET6, Int32(SOCK_RAW.rawValue), Int32(IPPROTO_ICMPV6), "an ICMPv6 socket")
        try bind(descriptor, toInterface: interface)
        // ICMP6_FILTER: every bit is set except that of type 133.
        var filter = [UInt32](repeating: .max, count: 8)
        filter[Int(RouterAdvertisement.solicitationType) / 32] &=
            ~(1 << (UInt32(RouterAdvertisement.solicitationType) % 32))
        guard unsafe setsockopt(descriptor.number, Int32(IPPROTO_ICMPV6), 1, &filter, 32) == 0 else {
            throw SystemError("filter ICMPv6")
        }
        // ff02::2, all routers.
        var group = ipv6_mreq()
        group.ipv6mr_multiaddr = allNodes(last: 2)
        unsafe group.ipv6mr_interface = if_nametoindex(interface)
        guard
            unsafe setsockopt(
                descriptor.number, Int32(IPPROTO_IPV6), IPV6_JOIN_GROUP, &group,
                socklen_t(MemoryLayout<ipv6_mreq>.size)) == 0
        else { throw SystemError("join the group of routers on \(interface)") }
        // Neighbours drop an advertisement whose hop limit is not 255 (RFC 4861 §6.1.2).
        try descriptor.setOption(Int32(IPPROTO_IPV6), IPV6_MULTICAST_HOPS, 255, "set the hop limit")
        return descriptor
    }

    private static func allNodes(last: UInt8) -> in6_addr {
        var address = in6_addr()
        unsafe withUnsafeMutableBytes(of: &address) { bytes in
            unsafe bytes[0] = 0xFF
            unsafe bytes[1] = 0x02
            unsafe bytes[15] = last
        }
        return address
    }

    /// Sends an ICMPv6 message to all nodes on the link (ff02::1).
    package static func sendToAllNodes(
        _ message: [UInt8], from descriptor: borrowing FileDescriptor, interface: UInt32
    ) {
        var name = sockaddr_in6()
        name.sin6_family = sa_family_t(AF_INET6)
        name.sin6_addr = allNodes(last: 1)
        name.sin6_scope_id = interface
        let number = descriptor.number
        _ = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(
                    number, message, message.count, 0, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }
}

/// A network interface of this machine.
package struct NetworkInterface: Equatable, Sendable {
    package var name: String
    package var index: UInt32
    package var macAddress: MACAddress?
    package var addresses: [Address]

    package struct Address: Equatable, Sendable {
        package var address: IPv4Address
        package var network: IPv4Network
    }

    /// The name of the interface with a number; nil when there is none.
    package static func name(of index: UInt32) -> String? {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(IF_NAMESIZE)) { buffer in
            guard let start = buffer.baseAddress, unsafe if_indextoname(index, start) != nil else {
                return nil
            }
            return unsafe String(cString: start)
        }
    }

    /// All interfaces with their IPv4 addresses.
    package static func all() throws(SystemError) -> [NetworkInterface] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&first) == 0 else { throw SystemError("list network interfaces") }
        defer { unsafe freeifaddrs(first) }
        var found: [String: NetworkInterface] = [:]
        var order: [String] = []
        var next = unsafe first
        while let entry = unsafe next {
            unsafe next = entry.pointee.ifa_next
            let name = unsafe String(cString: entry.pointee.ifa_name)
            if found[name] == nil {
                order.append(name)
                found[name] = unsafe NetworkInterface(
                    name: name, index: if_nametoindex(name), macAddress: hardwareAddress(of: name),
                    addresses: [])
            }
            guard let address = unsafe ipv4(entry.pointee.ifa_addr),
                let mask = unsafe ipv4(entry.pointee.ifa_netmask),
                let network = IPv4Network(containing: address, prefixLength: mask.rawValue.nonzeroBitCount)
            else { continue }
            found[name]?.addresses.append(Address(address: address, network: network))
        }
        return order.compactMap { found[$0] }
    }

    private static func ipv4(_ pointer: UnsafeMutablePointer<sockaddr>?) -> IPv4Address? {
        guard let pointer = unsafe pointer, unsafe pointer.pointee.sa_family == sa_family_t(AF_INET) else {
            return nil
        }
        return unsafe pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            unsafe IPv4Address(rawValue: UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
        }
    }

    private static func hardwareAddress(of name: String) -> MACAddress? {
        var bytes = [UInt8](repeating: 0, count: 6)
        guard unsafe roost_hardware_address(name, &bytes) == 0 else { return nil }
        let value = bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return value == 0 ? nil : MACAddress(rawValue: value)
    }
}
