import Fleet
import Linux
import Sealing
import Wire

/// What machines have shown of their TPMs in their present boots. It is in memory only: a machine that the server has forgotten is asked
/// again.
struct TPMProofs {
    /// A TPM that was introduced, and the credential that only it can open.
    struct Proof {
        var boot: String
        var key: [UInt8]
        var credential: TPMCredential
        var tpm: TPMIdentity
        /// When it was introduced, and when the store was last asked to bind the node to it; of the loop's clock.
        var at: Int
        var askedAt: Int?
    }

    /// Milliseconds that a challenge is good for, and that a question to the store may take.
    static let (keeping, patience) = (600_000, 3_000)
    private static let machineLimit = 65_536

    private var proofs: [MACAddress: Proof] = [:]
    /// The boots about which an alarm was raised.
    private var alarmed: [MACAddress: String] = [:]

    subscript(machine: MACAddress) -> Proof? {
        get { proofs[machine] }
        set {
            if newValue != nil, proofs[machine] == nil, proofs.count >= Self.machineLimit {
                proofs.removeAll()
            }
            proofs[machine] = newValue
        }
    }

    /// - Returns: whether this is the first refusal of that boot.
    mutating func isNewAlarm(_ machine: MACAddress, _ boot: String) -> Bool {
        if alarmed.count >= Self.machineLimit { alarmed.removeAll() }
        return alarmed.updateValue(boot, forKey: machine) != boot
    }

    mutating func forgetOld(now: Int) { proofs = proofs.filter { now - $0.value.at <= Self.keeping } }
}

/// Whether a configuration goes out, as far as a TPM decides it.
enum TPMRelease {
    /// Sealed for this credential, too, where there is one.
    case goes(TPMCredential?)
    /// The node is being bound to its TPM.
    case waits
    /// The proof is not for what the server has asked, or it has forgotten that.
    case unknownProof
    case refused(MachineProperty)
}

extension BootContext {
    /// What the server wants to see of a machine's TPM. A machine that is no node is bound to nothing.
    func tpmWish(of machine: MACAddress, at peer: IPv4Address) -> TPMWish {
        guard let node = node(of: machine), tpmUse(of: machine, node, at: peer) != .ignore else {
            return .nothing
        }
        switch snapshot.tpm(of: node.name)?.tpm.kind {
        case .ecc: return .curve
        case .rsa: return .rsa
        case nil: return .any
        }
    }

    /// A machine has introduced its TPM: what only that one can open.
    func challenge(_ introduction: TPMIntroduction, of machine: MACAddress, in boot: String)
        -> TPMChallenge?
    {
        let endorsement = introduction.endorsement
        let name = TPMDerivation.name(of: introduction.attestation)
        let credential = TPMCredential()
        guard
            let challenge = TPMChallenge.make(of: credential.bytes, for: endorsement, name: name)
        else { return nil }
        let tpm = TPMIdentity(
            endorsement: Hashing.hexadecimal(TPMDerivation.name(of: endorsement)),
            attestation: Hashing.hexadecimal(name), kind: endorsement.kind == .rsa ? .rsa : .ecc,
            certificate: introduction.certificate.flatMap {
                EndorsementCertificate.read($0, of: endorsement, trusting: settings.tpmAuthorities)
            })
        tpmProofs[machine] = TPMProofs.Proof(
            boot: boot, key: introduction.bootKey, credential: credential, tpm: tpm, at: EventLoop.now())
        return challenge
    }

    /// Whether a machine's configuration goes out, with the proof that came with its key.
    ///
    /// - Parameter proof: empty: it has shown no TPM.
    func tpmRelease(
        to machine: MACAddress, at peer: IPv4Address, in boot: String, key: [UInt8], proof: [UInt8]
    ) -> TPMRelease {
        guard let node = node(of: machine) else { return .goes(nil) }
        var shown: TPMProofs.Proof?
        if !proof.isEmpty {
            guard let known = tpmProofs[machine], known.boot == boot, known.key == key,
                known.credential.hasMade(proof, for: key, of: machine, in: boot)
            else {
                tpmProofs[machine] = nil
                return .unknownProof
            }
            shown = known
        }
        let verdict = tpmUse(of: machine, node, at: peer).verdict(
            bound: snapshot.tpm(of: node.name)?.tpm, shown: shown?.tpm,
            needsCertificate: settings.tpmAuthorities != nil)
        switch verdict {
        case .free, .proven: return .goes(shown?.credential)
        case .binds:
            // Its configuration went out without one. What asks now is a program on the running node, which may be anyone's there.
            if let progress = tracker.progress(of: machine), progress.boot == boot, progress.delivery != nil {
                return .goes(shown?.credential)
            }
            if let shown { bind(node, to: shown, of: machine) }
            return .waits
        case .refused(let property):
            raise(property, of: machine, at: peer, in: boot, shown?.tpm)
            return .refused(property)
        }
    }

    /// Nothing goes out before the node is bound to it in the store: its next question finds it in the snapshot.
    private func bind(_ node: Node, to proof: TPMProofs.Proof, of machine: MACAddress) {
        let now = EventLoop.now()
        if let asked = proof.askedAt, now - asked <= TPMProofs.patience { return }
        tpmProofs[machine]?.askedAt = now
        send(.tpm(BoundTPM(node: node.name, tpm: proof.tpm, boundAt: self.now() / 1_000)))
    }

    /// Whether a node's configuration goes to a TPM alone: it is bound to one, or has to have one.
    func isTPMDecisive(for machine: MACAddress, at peer: IPv4Address) -> Bool {
        guard let node = node(of: machine) else { return false }
        switch tpmUse(of: machine, node, at: peer) {
        case .ignore: return false
        case .use: return snapshot.tpm(of: node.name) != nil
        case .require: return true
        }
    }

    /// Once in each boot.
    private func raise(
        _ property: MachineProperty, of machine: MACAddress, at peer: IPv4Address, in boot: String,
        _ tpm: TPMIdentity?
    ) {
        guard tracker.currentBoot(of: machine) == boot, tpmProofs.isNewAlarm(machine, boot) else { return }
        send(
            .refusal(
                machine,
                NodeAlarm(at: now() / 1_000, address: peer, holder: machine, property: property, tpm: tpm)))
    }

    private func tpmUse(of machine: MACAddress, _ node: Node, at peer: IPv4Address) -> TPMUse {
        // One that cannot be read stops the configuration anyway.
        let settings = snapshot.settings(of: node, at: peer, card: machine)
        return (try? settings.value(of: Fleet.Settings.tpm)) ?? .use
    }
}
