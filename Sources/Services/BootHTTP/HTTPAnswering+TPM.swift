import Fleet
import Sealing
import Wire

/// A node shows its TPM, before it asks for its configuration.
extension HTTPAnswering {
    /// `GET /node/MAC/tpm?boot=ID`: which key of the TPM the server wants to see (``TPMWish``). `POST` with a ``TPMIntroduction``: a
    /// ``TPMChallenge`` for it. Both only in the machine's own boot.
    func tpm(_ request: HTTPRequestHead, body: [UInt8], machine: MACAddress, peer: IPv4Address)
        -> HTTPAnswer
    {
        guard let boot = request.query("boot"), context.tracker.currentBoot(of: machine) == boot else {
            return .error(403, "this TPM belongs to another boot")
        }
        let wish = context.tpmWish(of: machine, at: peer)
        switch request.method {
        case "GET":
            return HTTPAnswer(
                status: 200, fields: [("Cache-Control", "no-store")],
                body: .bytes(Array("\(wish.rawValue)\n".utf8)))
        case "POST":
            guard wish != .nothing else { return .error(409, "no TPM is required here") }
            return challenge(body, machine, boot)
        default: return .notAllowed("GET, POST", "a TPM is introduced here")
        }
    }

    private func challenge(_ body: [UInt8], _ machine: MACAddress, _ boot: String) -> HTTPAnswer {
        let introduction: TPMIntroduction
        do {
            var wire = body.span
            introduction = try TPMIntroduction(parsing: &wire)
        } catch { return .error(400, "this is not the introduction of a TPM: \(error)") }
        // Each costs an exchange of keys.
        guard context.limits.takes(\.reports, .reports, .messages, .machine(machine)) else {
            return .error(429, "too many introductions: ask again later")
        }
        guard let challenge = context.challenge(introduction, of: machine, in: boot) else {
            return .error(400, "the endorsement key is not valid")
        }
        var bytes: [UInt8] = []
        challenge.write(to: &bytes)
        return HTTPAnswer(status: 200, fields: [("Cache-Control", "no-store")], body: .bytes(bytes))
    }

    /// What a node is told that gets no configuration because of its TPM: it shows that on its screen.
    static func refusal(_ property: MachineProperty) -> HTTPAnswer {
        let why =
            switch property {
            case .otherTPM: "this node is bound to another TPM"
            case .untrustedTPM: "this node needs a TPM with a certificate that is trusted here"
            default: "this node gets its configuration with its TPM only, and has shown none"
            }
        return .error(403, "\(why): its page in the control center says what to do")
    }
}
