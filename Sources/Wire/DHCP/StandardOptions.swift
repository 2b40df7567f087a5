// Options whose value is a plain number, address or text (RFC 2132 unless noted).

extension DHCPOption<IPv4Address> {
    /// §3.3
    package static var subnetMask: Self { Self(code: 1) }
    /// §5.3
    package static var broadcastAddress: Self { Self(code: 28) }
    /// §9.1
    package static var requestedAddress: Self { Self(code: 50) }
    /// §9.7
    package static var serverIdentifier: Self { Self(code: 54) }
}

extension DHCPOption<[IPv4Address]> {
    /// §3.5
    package static var routers: Self { Self(code: 3) }
    /// §3.8
    package static var domainNameServers: Self { Self(code: 6) }
    /// §8.3
    package static var timeServers: Self { Self(code: 42) }
}

extension DHCPOption<String> {
    /// §3.14
    package static var hostName: Self { Self(code: 12) }
    /// §3.17
    package static var domainName: Self { Self(code: 15) }
    /// §9.9
    package static var message: Self { Self(code: 56) }
    /// §9.13: `PXEClient:Arch:00000:UNDI:002001`, `HTTPClient:Arch:00016:…`
    package static var vendorClass: Self { Self(code: 60) }
    /// §9.4
    package static var tftpServerName: Self { Self(code: 66) }
    /// §9.5
    package static var bootFileName: Self { Self(code: 67) }
}

extension DHCPOption<UInt32> {
    /// §9.2, in seconds; 0xFFFFFFFF means forever.
    package static var leaseTime: Self { Self(code: 51) }
    /// §9.11 (T1), in seconds.
    package static var renewalTime: Self { Self(code: 58) }
    /// §9.12 (T2), in seconds.
    package static var rebindingTime: Self { Self(code: 59) }
}

extension DHCPOption<UInt16> {
    /// §5.1, in bytes.
    package static var interfaceMTU: Self { Self(code: 26) }
    /// §9.10, in bytes.
    package static var maximumMessageSize: Self { Self(code: 57) }
}

extension DHCPOption<UInt8> {
    /// §9.3: 1 the `file` field holds options, 2 `sname`, 3 both.
    package static var overload: Self { Self(code: 52) }
}

extension DHCPOption<[UInt8]> {
    /// §8.4
    package static var vendorInformation: Self { Self(code: 43) }
    /// §9.8: the codes that the client asks for.
    package static var parameterRequestList: Self { Self(code: 55) }
    /// §9.14
    package static var clientIdentifier: Self { Self(code: 61) }
    /// Relay Agent Information (RFC 3046), echoed as received.
    package static var relayAgentInformation: Self { Self(code: 82) }
    /// Encapsulated options of Etherboot, gPXE and iPXE: their presence identifies the loader.
    package static var etherboot: Self { Self(code: 175) }
}

extension DHCPOption<ClientUUID> {
    /// Client Machine Identifier (RFC 4578 §2.3).
    package static var clientUUID: Self { Self(code: 97) }
}

/// The value of option 97: a type, always 0, and a UUID as SMBIOS stores it.
package struct ClientUUID: WireCodable, Equatable, Sendable {
    package let uuid: MachineUUID

    package init(_ uuid: MachineUUID) { self.uuid = uuid }

    /// Some ROMs leave the type out, or send one other than 0.
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        if wire.count == 17 { try wire.skip(1) }
        guard let uuid = MachineUUID(smbios: try wire.read(byteCount: 16)) else {
            throw .invalid("client machine identifier")
        }
        self.uuid = uuid
    }

    package func write(to wire: inout [UInt8]) {
        wire.append(0)
        let text = uuid.bytes
        for index in [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15] { wire.append(text[index]) }
    }
}
