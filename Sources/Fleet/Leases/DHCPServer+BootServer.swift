package import Wire

/// The boot server of PXE, which firmware asks after it has an address (PXE 2.1 §2.2.3 and §2.4): when another DHCP server or an
/// operator's own option 43 sends it there.
extension DHCPServer {
    /// Where a boot server listens for requests to itself (`altserviceboot`).
    package static let bootServerPort: UInt16 = 4_011

    private static let vendorInformation = DHCPOption<[UInt8]>.vendorInformation.code
    /// The sub-option PXE_BOOT_ITEM: type and layer of what is wanted.
    private static let bootItem: UInt8 = 71

    /// Answers a client of PXE with its boot file, and touches no lease: the client has an address, from whatever server.
    ///
    /// - Parameters:
    ///   - source: the datagram's source, which the answer goes to.
    ///   - port: 68 or 4011, as the firmware likes.
    ///   - now: seconds since 1970.
    package func bootServer(
        _ message: DHCPMessage, on interface: String?, from source: IPv4Address, port: UInt16, now: Int,
        snapshot: FleetSnapshot, policy: BootPolicy
    ) -> DHCPOutcome {
        var message = message
        guard message.operation == .request, message.relay == .any else {
            return DHCPOutcome(note: .notRequest)
        }
        guard [68, Self.bootServerPort].contains(port) else { return DHCPOutcome(note: .foreignPort(port)) }
        guard message.clientAddress == .any || message.clientAddress == source,
            let link = table.linkIndex.link(of: source)
        else { return DHCPOutcome(note: .informedFromElsewhere(source)) }
        guard let holder = Self.holder(of: message) else { return DHCPOutcome(note: .withoutIdentity) }
        message.clientAddress = source
        let turn = Turn(
            message: message, link: links[link], linkIndex: link, interface: interface, source: source,
            holder: holder, table: table, now: now, snapshot: snapshot, policy: policy)
        let type = (try? message.options.value(of: .messageType)) ?? nil
        // The standard has requests only. Old ROMs inform. iPXE asks for its script where the offers named no file.
        guard type == .request || type == .inform, turn.client.program.asksBootServers else {
            return DHCPOutcome(note: .notBootServer)
        }
        guard let subnet = turn.subnet(of: source) else {
            return DHCPOutcome(note: .informedFromElsewhere(source))
        }
        var outcome = reply(.ack, address: nil, subnet: subnet, turn, note: .bootServer(source))
        guard var reply = outcome.reply else { return outcome }
        reply.port = port
        // iPXE believes no other.
        reply.message.options.set(.vendorClass, to: "PXEClient")
        if let item = Self.item(in: message.options[Self.vendorInformation] ?? []) {
            // Without the bit that asks for signed credentials, of which there are none here.
            reply.message.options[Self.vendorInformation] =
                [Self.bootItem, 4, item[0], item[1], item[2] & 0x7F, item[3], 255]
        }
        outcome.reply = reply
        return outcome
    }

    /// The four bytes of the boot item that a client names; nil for none.
    private static func item(in options: [UInt8]) -> [UInt8]? {
        var rest = options[...]
        while let code = rest.popFirst(), code != 255 {
            if code == 0 { continue }
            guard let count = rest.popFirst(), rest.count >= Int(count) else { return nil }
            if code == bootItem { return count == 4 ? Array(rest.prefix(4)) : nil }
            rest = rest.dropFirst(Int(count))
        }
        return nil
    }
}

extension BootClient.Program {
    fileprivate var asksBootServers: Bool {
        switch self {
        case .firmware, .ipxe: true
        case .httpFirmware, .raspberryPi, .uBoot, .bootp, .system: false
        }
    }
}
