import API
import Fleet
import Hummingbird
import Wire

/// What a machine would be offered and would boot, with the reasons.
struct Explanation {
    /// The card of a node that is known by its UUID alone: any would do.
    private static let anyCard = MACAddress(rawValue: 0x02_00_00_00_00_00)

    let views: FleetViews

    func answer(to request: Request) async throws -> ExplainAnswer {
        let snapshot = try await views.snapshot()
        let identity = try identity(request, in: snapshot)
        if let node = snapshot.node(at: identity.macAddress, uuid: identity.uuid) {
            try views.caller.require(.read, in: node.group)
        }
        let architecture = try Self.architecture(request.query("arch") ?? "bios")
        let client = BootClient(
            macAddress: identity.macAddress, uuid: identity.uuid, architecture: architecture,
            program: try Self.program(request.query("loader") ?? "firmware", on: architecture),
            vendorClass: request.query("vendor-class") ?? "")
        let leased = await views.services.addresses()[identity.macAddress]
        let policy = await views.services.policy()
        return Self.explanation(
            of: client, identity, at: leased, in: snapshot,
            under: policy.on(server: policy.server, for: leased))
    }

    /// Who asks: a node by its name, any machine by its card or its UUID.
    private func identity(_ request: Request, in snapshot: FleetSnapshot) throws -> BootIdentity {
        let text = request.query("node") ?? ""
        let uuid = try request.query("uuid").map { text in
            guard let uuid = MachineUUID(text) else {
                throw Problem(422, "Invalid parameter", "uuid: ‘\(text)’ is not a UUID")
            }
            return uuid
        }
        if let mac = MACAddress(text) { return BootIdentity(macAddress: mac, uuid: uuid) }
        if let own = MachineUUID(text) { return BootIdentity(macAddress: Self.anyCard, uuid: own) }
        let node = try FleetViews.find(text, in: snapshot)
        return BootIdentity(
            macAddress: snapshot.cards(of: node).first ?? Self.anyCard, uuid: uuid ?? node.uuid)
    }

    private static func explanation(
        of client: BootClient, _ identity: BootIdentity, at leased: IPv4Address?, in snapshot: FleetSnapshot,
        under policy: BootPolicy
    ) -> ExplainAnswer {
        let decision = bootDecision(for: client, in: snapshot, under: policy)
        let plan = bootPlan(for: identity, in: snapshot, under: policy)
        let mac = identity.macAddress
        let memory = MachineMemory(mebibytes: snapshot.contents.hardware[mac]?.memoryMebibytes ?? 0)
        let usesGRUB = decision.answer == .file("shimx64.efi") || decision.answer == .file("shimaa64.efi")
        let file: String? =
            switch decision.answer {
            case .file(let name), .url(let name): name
            case .nothing: nil
            }
        let image: String? =
            if case .image(let version, _) = plan.target { "\(version.image)@\(version.number)" } else { nil }
        return ExplainAnswer(
            node: plan.name, isKnown: plan.isKnown, macAddress: mac,
            address: snapshot.node(at: mac, uuid: identity.uuid)?.address ?? leased, bootFile: file,
            bootFileReason: decision.reason.description,
            script: (usesGRUB ? BootScript.grub(plan) : BootScript.ipxe(plan, memory: memory)).text,
            commandLine: plan.commandLine, image: image,
            reasons: plan.reasons.map { ExplainAnswer.Reason(choice: $0.choice, because: $0.because) }
                + [
                    commandLineReason(
                        of: snapshot.node(at: mac, uuid: identity.uuid), plan.name, in: snapshot)
                ])
    }

    private static func commandLineReason(of node: Node?, _ name: NodeName, in snapshot: FleetSnapshot)
        -> ExplainAnswer.Reason
    {
        let length = snapshot.commandLineLength(of: node)
        return ExplainAnswer.Reason(
            choice: "kernel command line: at most \(length.text)",
            because: length.isTooLong
                ? "too long: \(length.problem(of: name))" : "kernels lose what is longer")
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

    private static func program(_ text: String, on architecture: ClientArchitecture) throws
        -> BootClient.Program
    {
        switch text {
        case "firmware": return architecture.isHTTP ? .httpFirmware : .firmware
        case "ipxe": return .ipxe(canHTTP: true)
        case "ipxe-tftp": return .ipxe(canHTTP: false)
        case "raspberry-pi": return .raspberryPi
        default:
            throw Problem(
                422, "Unknown loader", "‘\(text)’ is not firmware, ipxe, ipxe-tftp or raspberry-pi")
        }
    }
}
