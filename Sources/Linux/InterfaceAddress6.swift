package import Wire

/// An IPv6 address of a network interface, as listed in `/proc/net/if_inet6`.
package struct InterfaceAddress6: Equatable, Sendable {
    package var interface: String
    package var address: IPAddress
    /// Whether it is permanent: not link-local, not temporary (RFC 8981), not deprecated, and not a duplicate (RFC 4862 §5.4).
    package var lasts: Bool

    /// `IFA_F_TEMPORARY`, `IFA_F_DADFAILED`, `IFA_F_DEPRECATED`, `IFA_F_TENTATIVE` (linux/if_addr.h).
    private static let passing: UInt8 = 0x01 | 0x08 | 0x20 | 0x40
    /// `IPV6_ADDR_LINKLOCAL` and `IPV6_ADDR_LOOPBACK` are scopes of their own; global and unique local addresses share this one.
    private static let globalScope: UInt8 = 0x00

    /// One line: address, index, prefix length, scope, flags, interface; numbers are hexadecimal.
    package init?(line: some StringProtocol) {
        let words = line.split(separator: " ")
        guard words.count == 6, words[0].utf8.count == 32, let scope = UInt8(words[3], radix: 16),
            let flags = UInt8(words[4], radix: 16)
        else { return nil }
        let digits = Array(words[0])
        let bytes = stride(from: 0, to: 32, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
        guard bytes.count == 16, let address = IPAddress(bytes: bytes) else { return nil }
        self.address = address
        interface = String(words[5])
        lasts = scope == Self.globalScope && flags & Self.passing == 0
    }

    /// This host's addresses; none when IPv6 is off.
    package static var all: [InterfaceAddress6] {
        guard let text = try? WholeFile.read("/proc/net/if_inet6") else { return [] }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").compactMap { Self(line: $0) }
    }
}
