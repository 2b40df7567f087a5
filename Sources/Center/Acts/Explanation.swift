import API
import Fleet
import Wire

extension Acts {
    /// What a machine would be offered and would boot, with the reasons.
    ///
    /// - Parameters:
    ///   - text: a node's name, or any machine's MAC address or UUID.
    ///   - uuid: used with a MAC address.
    func explain(_ text: String, uuid: MachineUUID?, _ asked: Explanation.Asked) async throws -> ExplainAnswer
    {
        try require(.read)
        let snapshot = try await configuration()
        guard var identity = try? Explanation.identity(text, uuid: uuid, in: snapshot) else {
            _ = try caller.permitted(nil, named: text, .read, in: snapshot)
            throw StoreError.notFound("there is no machine ‘\(text)’")
        }
        if let node = snapshot.node(at: identity.macAddress, uuid: identity.uuid) {
            try requireReading(node, named: text, in: snapshot)
        }
        let heard = await services.clients()[identity.macAddress]
        let client = try Explanation.client(asked, identity, heard: heard)
        identity.architecture = client.architecture
        let leased = await services.addresses(of: [identity.macAddress])[identity.macAddress]
        var policy = await services.policy()
        policy = policy.on(server: policy.server, for: leased)
        policy.isProxy = fleet.addressPlan.served?.isProxy(at: leased ?? policy.server) ?? false
        return Explanation.answer(
            of: client, identity, asked, heard: heard, at: leased, in: snapshot,
            under: policy)
    }
}

/// What a machine would be offered and would boot, derived from facts alone.
enum Explanation {
    /// The card for a node known only by its UUID: any card will do.
    private static let anyCard = MACAddress(rawValue: 0x02_00_00_00_00_00)

    static func answer(
        of client: BootClient, _ identity: BootIdentity, _ asked: Asked, heard: BootClient?,
        at leased: IPv4Address?, in snapshot: FleetSnapshot, under policy: BootPolicy
    ) -> ExplainAnswer {
        var answer = explanation(of: client, identity, at: leased, in: snapshot, under: policy)
        answer.reasons.insert(reason(of: client, asked, heard: heard), at: 0)
        return answer
    }

    /// The machine in question; nil for what is left open.
    struct Asked {
        var architecture: String?
        var loader: String?
        var vendorClass: String?
    }

    /// The client: from the question, else from the machine's last DHCP request, else a BIOS.
    static func client(_ asked: Asked, _ identity: BootIdentity, heard: BootClient?) throws -> BootClient {
        // With an explicit architecture, the machine is not the one that was heard.
        let heard = asked.architecture == nil ? heard : nil
        let architecture =
            try asked.architecture.map(Self.architecture) ?? (heard.map(\.architecture) ?? .biosX86)
        var program = heard?.program ?? (architecture?.isHTTP == true ? .httpFirmware : .firmware)
        // Its firmware asks before a loader does.
        if case .ipxe = program { program = .firmware }
        return BootClient(
            macAddress: identity.macAddress, uuid: identity.uuid, architecture: architecture,
            program: try asked.loader.map { try Self.program($0, on: architecture) } ?? program,
            vendorClass: asked.vendorClass ?? heard?.vendorClass ?? "")
    }

    /// The machine: a node by its name, any machine by its card or UUID.
    static func identity(_ text: String, uuid: MachineUUID?, in snapshot: FleetSnapshot) throws
        -> BootIdentity
    {
        if let mac = MACAddress(text) { return BootIdentity(macAddress: mac, uuid: uuid) }
        if let own = MachineUUID(text) { return BootIdentity(macAddress: anyCard, uuid: own) }
        let node = try Acts.find(text, in: snapshot)
        return BootIdentity(macAddress: snapshot.cards(of: node).first ?? anyCard, uuid: uuid ?? node.uuid)
    }

    private static func explanation(
        of client: BootClient, _ identity: BootIdentity, at leased: IPv4Address?, in snapshot: FleetSnapshot,
        under policy: BootPolicy
    ) -> ExplainAnswer {
        let decision = bootDecision(for: client, in: snapshot, under: policy)
        let plan = bootPlan(for: identity, in: snapshot, under: policy)
        let mac = identity.macAddress
        let node = snapshot.node(at: mac, uuid: identity.uuid)
        let memory = MachineMemory(
            mebibytes: snapshot.observations.hardware[mac]?.report.memoryMebibytes ?? 0)
        let file: String? =
            switch decision.answer {
            case .file(let name), .url(let name): name
            case .nothing: nil
            }
        let image: String? =
            if case .image(let version, _) = plan.target { "\(version.image)@\(version.number)" } else { nil }
        return ExplainAnswer(
            node: plan.name, isKnown: plan.isKnown, macAddress: mac,
            address: node?.address ?? snapshot.reservedAddress(of: identity) ?? leased, bootFile: file,
            bootFileReason: decision.reason.sentence,
            script: (decision.answer.isGRUB ? BootScript.grub(plan) : BootScript.ipxe(plan, memory: memory))
                .text,
            commandLine: plan.commandLine, image: image,
            reasons: plan.reasons.map { ExplainAnswer.Reason(choice: $0.choice, because: $0.because) }
                + [commandLineReason(of: node, plan.name, in: snapshot)])
    }

    private static func reason(of client: BootClient, _ asked: Asked, heard: BootClient?)
        -> ExplainAnswer.Reason
    {
        let because: Sentence =
            asked.architecture != nil
            ? "as asked for" : heard == nil ? "not seen yet" : "as it last asked"
        return ExplainAnswer.Reason(choice: "machine: \(client.summary)", because: because)
    }

    private static func commandLineReason(of node: Node?, _ name: NodeName, in snapshot: FleetSnapshot)
        -> ExplainAnswer.Reason
    {
        let length: CommandLineLength
        do throws(UnreadableSetting) { length = try snapshot.commandLineLength(of: node) } catch {
            return ExplainAnswer.Reason(choice: "no kernel command line", because: error.sentence)
        }
        return ExplainAnswer.Reason(
            choice: "kernel command line: at most \(length.text)",
            because: length.isTooLong
                ? "too long: \(length.problem(of: "\(name)"))" : "kernels ignore the rest")
    }

    private static func architecture(_ text: String) throws -> ClientArchitecture {
        switch text {
        case "bios": return .biosX86
        case "uefi": return .uefiX64
        case "uefi-http": return .uefiX64HTTP
        case "arm64": return .uefiARM64
        case "arm64-http": return .uefiARM64HTTP
        default:
            if let number = UInt16(text) { return ClientArchitecture(rawValue: number) }
            throw Problem(
                422, "Unknown architecture",
                "‘\(text)’ is not bios, uefi, uefi-http, arm64, arm64-http or a number")
        }
    }

    private static func program(_ text: String, on architecture: ClientArchitecture?) throws
        -> BootClient.Program
    {
        switch text {
        case "firmware": return architecture?.isHTTP == true ? .httpFirmware : .firmware
        case "ipxe": return .ipxe(canHTTP: true)
        case "ipxe-tftp": return .ipxe(canHTTP: false)
        case "raspberry-pi": return .raspberryPi
        case "u-boot": return .uBoot
        default:
            throw Problem(
                422, "Unknown loader", "‘\(text)’ is not firmware, ipxe, ipxe-tftp, raspberry-pi or u-boot")
        }
    }
}

extension FleetSnapshot {
    /// The address that is reserved for a machine by its card or UUID. Its DHCP client identifier is not known here.
    fileprivate func reservedAddress(of identity: BootIdentity) -> IPv4Address? {
        let reservations = contents.network.reservations
        return reservations[.macAddress(identity.macAddress)]?.address
            ?? identity.uuid.flatMap { reservations[.uuid($0)]?.address }
    }
}
