/// A UDP datagram with its IPv4 and Ethernet headers, for clients that cannot answer ARP yet (RFC 2131 §4.1).
package enum UDPFrame {
    /// What fits into an IPv4 packet after both headers.
    package static let payloadByteLimit = 65_507

    /// Bytes that may follow the payload: its readers know where a message ends.
    ///
    /// A sum of zero is sent as 0xFFFF (RFC 768), and dhcpcd before 10.1 drops such a datagram as damaged. It asks with the same
    /// transaction again, gets the same answer, and would never have an address.
    private static let padding: [UInt8] = [0]

    /// - Parameter payload: at most ``payloadByteLimit`` bytes. A zero byte follows it where the
    ///   checksum would be zero.
    package static func bytes(
        payload: [UInt8], from source: (mac: MACAddress, address: IPv4Address, port: UInt16),
        to destination: (mac: MACAddress, address: IPv4Address, port: UInt16)
    ) -> [UInt8] {
        let datagram = datagram(
            payload, from: (source.address, source.port), to: (destination.address, destination.port))
        var frame: [UInt8] = []
        frame.reserveCapacity(34 + datagram.count)
        destination.mac.write(to: &frame)
        source.mac.write(to: &frame)
        frame.write(UInt16(0x0800))
        var header: [UInt8] = [0x45, 0x10]  // Version 4, 20 bytes; low delay.
        header.write(UInt16(20 + datagram.count))
        header.write(UInt32(0x0000_4000))  // Identification 0, do not fragment.
        header += [64, 17]  // Time to live; UDP.
        header.write(UInt16(0))
        source.address.write(to: &header)
        destination.address.write(to: &header)
        let headerSum = checksum(header)
        header[10] = UInt8(headerSum >> 8)
        header[11] = UInt8(headerSum & 0xFF)
        return frame + header + datagram
    }

    private static func datagram(
        _ payload: [UInt8], from source: (address: IPv4Address, port: UInt16),
        to destination: (address: IPv4Address, port: UInt16)
    ) -> [UInt8] {
        var datagram: [UInt8] = []
        datagram.write(source.port)
        datagram.write(destination.port)
        datagram.write(UInt16(8 + payload.count))
        datagram.write(UInt16(0))
        datagram += payload
        var pseudo: [UInt8] = []
        source.address.write(to: &pseudo)
        destination.address.write(to: &pseudo)
        pseudo += [0, 17]
        pseudo.write(UInt16(8 + payload.count))
        let sum = checksum(pseudo + datagram)
        if sum == 0, payload.count < payloadByteLimit {
            return Self.datagram(payload + padding, from: source, to: destination)
        }
        // Zero means «no checksum» (RFC 768).
        datagram[6] = UInt8((sum == 0 ? 0xFFFF : sum) >> 8)
        datagram[7] = UInt8((sum == 0 ? 0xFFFF : sum) & 0xFF)
        return datagram
    }

    /// The Internet checksum (RFC 1071).
    package static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        var index = 0
        while index < bytes.count {
            let low = index + 1 < bytes.count ? bytes[index + 1] : 0
            sum += UInt32(bytes[index]) << 8 | UInt32(low)
            index += 2
        }
        while sum >> 16 != 0 { sum = sum & 0xFFFF + sum >> 16 }
        return ~UInt16(sum)
    }
}
