import Wire

/// The replies to clients.
extension DHCPServer {
    func refuse(_ address: IPv4Address, _ turn: Turn) -> DHCPOutcome {
        var nak = DHCPMessage(replyTo: turn.message)
        nak.options.set(.messageType, to: .nak)
        if let server = turn.link.subnets.first?.subnet {
            nak.options.set(.serverIdentifier, to: turn.serverIdentifier(server))
        }
        nak.options.set(.message, to: "\(address) is not for this client here")
        copyIdentity(turn.message, to: &nak)
        // Through a relay the client may receive only broadcasts (RFC 2131 §4.3.2).
        if nak.relay != .any { nak.flags |= 0x8000 }
        return DHCPOutcome(
            reply: DHCPOutcome.Reply(
                message: nak, destination: ReplyDestination(of: nak, to: turn.message, isNegative: true),
                port: turn.replyPort,
                source: turn.link.subnets.first?.subnet.server ?? .any),
            note: .refused(address))
    }

    func reply(
        _ type: DHCPMessageType?, address: IPv4Address?, subnet served: ServedSubnet, _ turn: Turn,
        seconds: UInt32? = nil, note: DHCPOutcome.Note
    ) -> DHCPOutcome {
        let subnet = served.subnet
        var message = DHCPMessage(replyTo: turn.message)
        message.yourAddress = address ?? .any
        if type == .ack { message.clientAddress = turn.message.clientAddress }
        // Relays send to the address that is given, or to all: without one, only the flag says how the client can be reached.
        if message.relay != .any, address == nil { message.flags |= 0x8000 }
        message.options = type != nil && address != nil ? served.granting : served.informing
        if let seconds, seconds != subnet.leaseSeconds { message.options.setTimes(seconds) }
        if let type { message.options.set(.messageType, to: type) }
        if let override = turn.relayAgent?.serverIdentifier {
            message.options.set(.serverIdentifier, to: override)
        }
        if let node = turn.node, !subnet.isProxy { message.options.set(.hostName, to: node.name.text) }
        var decision: BootDecision?
        if turn.client.program != .system {
            var policy = turn.policy.on(server: subnet.server, for: address ?? subnet.network.base)
            policy.isProxy = subnet.isProxy
            let made = bootDecision(for: turn.client, in: turn.snapshot, under: policy)
            setBoot(made, client: turn.client, policy: policy, in: &message)
            if subnet.isProxy { setProxy(type, made, client: turn.client, in: &message) }
            // Firmware does not show it, but a network capture does.
            if case .nothing = made.answer, type != nil {
                message.options.set(.message, to: made.reason.description)
            }
            // The operator's options take precedence.
            for (code, value) in subnet.options { message.options[code] = value }
            decision = made
        }
        copyIdentity(turn.message, to: &message)
        fit(&message, for: turn.message)
        return DHCPOutcome(
            reply: DHCPOutcome.Reply(
                message: message,
                destination: ReplyDestination(
                    of: message, to: turn.message, isNegative: false, isReachable: turn.isReachable),
                port: turn.replyPort, source: subnet.server),
            decision: decision, client: decision.map { _ in turn.client }, note: note)
    }

    /// The boot file is in the header *and* in options 66 and 67: shim takes its directory from the header, some firmware reads only the
    /// options, and an overloaded header loses both.
    private func setBoot(
        _ decision: BootDecision, client: BootClient, policy: BootPolicy, in message: inout DHCPMessage
    ) {
        let file: String
        switch decision.answer {
        case .nothing: return
        case .file(let name), .url(let name): file = name
        }
        message.nextServer = policy.server
        message.bootFile = file
        message.options.set(.tftpServerName, to: policy.server.description)
        // Old ROMs read up to the next zero, ignoring the length.
        let name = Array(file.utf8) + (client.program == .firmware ? [0] : [])
        message.options[DHCPOption<String>.bootFileName.code] = name
        switch client.program {
        case .httpFirmware: message.options.set(.vendorClass, to: "HTTPClient")
        case .firmware:
            message.options.set(.vendorClass, to: "PXEClient")
            // Sub-option 6 = 8: use the boot file of this message, without a boot server (PXE 2.1 §2.2.2).
            message.options[DHCPOption<[UInt8]>.vendorInformation.code] = [6, 1, 8, 255]
        case .raspberryPi:
            message.options.set(.vendorClass, to: "PXEClient")
            message.options[DHCPOption<[UInt8]>.vendorInformation.code] =
                [6, 1, 3, 10, 4, 0] + Array("PXE".utf8) + [9, 20, 0, 0, 17] + Array("Raspberry Pi Boot".utf8)
                + [255]
        case .ipxe:
            // no-pxedhcp (option 175, sub-option 176): iPXE otherwise waits two seconds for a proxy's offer.
            message.options[DHCPOption<[UInt8]>.etherboot.code] = [0xB0, 1, 1]
        case .bootp, .uBoot, .system: break
        }
    }

    /// What a client expects of a server that gives no addresses.
    private func setProxy(
        _ type: DHCPMessageType?, _ decision: BootDecision, client: BootClient, in message: inout DHCPMessage
    ) {
        guard decision.answer != .nothing, client.program != .httpFirmware else { return }
        message.options.set(.vendorClass, to: "PXEClient")
        // iPXE takes its file from an offer that names the class; with no-pxedhcp it would not.
        message.options[DHCPOption<[UInt8]>.etherboot.code] = nil
        // EDK2 before 2024 forgets an offer with option 43 that has no address (tianocore/edk2#6944). Without it, it asks at port 4011.
        if type == .offer, client.program == .firmware, client.architecture?.isUEFI == true {
            message.options[DHCPOption<[UInt8]>.vendorInformation.code] = nil
        }
    }

    /// Options that a client or a relay expects back: 61 (RFC 6842), 82 (RFC 3046) and 97 (RFC 4578).
    private func copyIdentity(_ request: DHCPMessage, to reply: inout DHCPMessage) {
        for code: UInt8 in [61, 82, 97] {
            reply.options.copy(code, from: request.options)
        }
    }

    // MARK: Size

    /// The maximum size for a client that states none: 576 bytes of IP (RFC 2131 §2). A client must not state less.
    private static let usualByteLimit = 576
    /// The largest message on Ethernet.
    private static let byteLimit = 1_500
    /// Headers of IP and UDP.
    private static let frameByteCount = 28
    /// Options that a client cannot continue without, most important first; requested ones follow.
    private static let neededCodes: [UInt8] = [53, 54, 82, 61, 97, 51, 1, 3, 60, 43, 66, 67, 175]

    /// Drops options that do not fit the client's buffer, those that it did not request first (RFC 2131 §4.3.1).
    private func fit(_ message: inout DHCPMessage, for request: DHCPMessage) {
        let isBOOTP = !request.options.has(DHCPOption<DHCPMessageType>.messageType.code)
        let stated = ((try? request.options.value(of: .maximumMessageSize)) ?? nil).map(Int.init)
        let limit =
            isBOOTP && stated == nil
            ? DHCPMessage.minimumByteCount
            : min(max(stated ?? 0, Self.usualByteLimit), Self.byteLimit) - Self.frameByteCount
        let asked = request.options[DHCPOption<[UInt8]>.parameterRequestList.code] ?? []
        message.options.fit(limit - DHCPMessage.headByteCount, wanted: Self.neededCodes + asked)
    }
}
