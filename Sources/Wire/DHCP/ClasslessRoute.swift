/// One route of the Classless Static Route option, 121 (RFC 3442).
package struct ClasslessRoute: WireCodable, Hashable, Sendable {
    package var network: IPv4Network
    package var router: IPv4Address

    package init(network: IPv4Network, router: IPv4Address) {
        self.network = network
        self.router = router
    }

    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        let prefixLength = Int(try wire.read(UInt8.self))
        guard prefixLength <= 32 else { throw .tooLong("route prefix", count: prefixLength, limit: 32) }
        var base: UInt32 = 0
        for index in 0..<(prefixLength + 7) / 8 {
            base |= UInt32(try wire.read(UInt8.self)) << UInt32(24 - 8 * index)
        }
        guard let network = IPv4Network(containing: IPv4Address(rawValue: base), prefixLength: prefixLength)
        else { throw .invalid("route prefix") }
        self.network = network
        router = try IPv4Address(parsing: &wire)
    }

    package func write(to wire: inout [UInt8]) {
        wire.append(UInt8(network.prefixLength))
        for index in 0..<(network.prefixLength + 7) / 8 {
            wire.append(UInt8(truncatingIfNeeded: network.base.rawValue >> UInt32(24 - 8 * index)))
        }
        router.write(to: &wire)
    }
}

/// As people write it: `192.168.0.0/16 via 10.77.0.253`.
extension ClasslessRoute: TextCoded {
    package init?(_ text: some StringProtocol) {
        let words = text.split(separator: " ")
        guard words.count == 3, words[1] == "via", let network = IPv4Network(words[0]),
            let router = IPv4Address(words[2])
        else { return nil }
        self.init(network: network, router: router)
    }

    package var description: String { "\(network) via \(router)" }

    package static var form: String { "a route (write it as 192.168.0.0/16 via 10.77.0.253)" }
}

extension DHCPOption<[ClasslessRoute]> {
    package static var classlessRoutes: Self { Self(code: 121) }
}
