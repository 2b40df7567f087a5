/// A peer's address, IPv4 or IPv6. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2) is the IPv4 address.
package struct IPAddress: Hashable, Sendable {
    /// In network order: four or sixteen.
    package let bytes: [UInt8]

    private static let mappedPrefix: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    /// - Parameter bytes: four or sixteen, in network order; nil for any other count.
    package init?(bytes: [UInt8]) {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        self.bytes = bytes.starts(with: Self.mappedPrefix) ? Array(bytes.suffix(4)) : bytes
    }

    package init(_ address: IPv4Address) {
        bytes = (0..<4).map { UInt8(truncatingIfNeeded: address.rawValue >> (24 - 8 * $0)) }
    }

    /// `192.0.2.1`, or IPv6 in any of its forms (RFC 4291 §2.2); the zone of a link-local address is dropped (RFC 4007 §11). Nil for
    /// anything else.
    package init?(_ text: some StringProtocol) {
        if let address = IPv4Address(text) {
            self.init(address)
        } else {
            let text = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)[0]
            guard let bytes = Self.sixteen(String(text)) else { return nil }
            self.init(bytes: bytes)
        }
    }

    package var isIPv6: Bool { bytes.count == 16 }

    /// 127.0.0.0/8, or `::1`.
    package var isLoopback: Bool { isIPv6 ? bytes == Self.loopback : bytes[0] == 127 }
    private static let loopback = [UInt8](repeating: 0, count: 15) + [1]

    /// fe80::/10: an address that means something on one link alone (RFC 4291 §2.5.6).
    package var isLinkLocal: Bool { isIPv6 && bytes[0] == 0xFE && bytes[1] & 0xC0 == 0x80 }

    /// What one subscriber has: an IPv4 address, or an IPv6 /64 (RFC 6177 §2), in which each machine makes as many addresses as it likes.
    package var subscriber: IPAddress { isIPv6 ? masked(64) : self }

    /// The address with all bits after the first `length` cleared.
    func masked(_ length: Int) -> IPAddress {
        var masked = bytes
        for index in masked.indices {
            let kept = min(8, max(0, length - 8 * index))
            masked[index] &= UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
        return IPAddress(bytes: masked) ?? self
    }

    // MARK: IPv6 as text

    private static func sixteen(_ text: String) -> [UInt8]? {
        let halves = text.split(separator: "::", omittingEmptySubsequences: false)
        guard halves.count <= 2, let head = bytes(halves[0], isLast: halves.count == 1) else { return nil }
        guard halves.count == 2 else { return head.count == 16 ? head : nil }
        // «::» stands for at least one group.
        guard let tail = bytes(halves[1], isLast: true), head.count + tail.count <= 14 else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    /// The bytes of groups separated by colons.
    private static func bytes(_ text: Substring, isLast: Bool) -> [UInt8]? {
        if text.isEmpty { return [] }
        var bytes: [UInt8] = []
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        for (index, group) in groups.enumerated() {
            if isLast, index == groups.count - 1, let address = IPv4Address(group) {
                bytes += IPAddress(address).bytes
            } else {
                guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy(isHexadecimal),
                    let value = UInt16(group, radix: 16)
                else { return nil }
                bytes += [UInt8(value >> 8), UInt8(value & 0xFF)]
            }
        }
        return bytes
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical spelling of the address (RFC 5952 §4).
    package var description: String {
        guard isIPv6 else { return bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]) }
        func text(_ groups: some Sequence<UInt16>) -> String {
            groups.map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard let zeros = Self.longestZeros(in: groups) else { return text(groups) }
        return text(groups[..<zeros.lowerBound]) + "::" + text(groups[zeros.upperBound...])
    }

    /// The first of the longest runs of at least two zeros.
    private static func longestZeros(in groups: [UInt16]) -> Range<Int>? {
        var longest: Range<Int>?
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 { start = index + 1 }
            if index + 1 - start > max(1, longest?.count ?? 0) { longest = start..<(index + 1) }
        }
        return longest
    }

    /// As written before a port: IPv6 in brackets (RFC 3986 §3.2.2).
    package var inURL: String { isIPv6 ? "[\(self)]" : description }
}

/// An address and the number of its leading bits that count.
package struct IPNetwork: Hashable, Sendable {
    private let base: IPAddress
    private let prefixLength: Int

    /// `10.0.0.0/8`, `2001:db8::/32`, or one address; nil when malformed or when host bits are set.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parts[0]) else { return nil }
        let bitCount = address.bytes.count * 8
        let length = parts.count == 2 ? Int(parts[1]) : bitCount
        guard let length, (0...bitCount).contains(length), address.masked(length) == address else {
            return nil
        }
        (base, prefixLength) = (address, length)
    }

    package func contains(_ address: IPAddress) -> Bool {
        address.bytes.count == base.bytes.count && address.masked(prefixLength) == base
    }
}
