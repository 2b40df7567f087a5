import Fleet
import Wire

extension NodeView {
    /// The TPM that a node is bound to.
    struct TPM: View {
        var name: String
        var since: String
        /// What its certificate says; nil: it has none.
        var certificate: String?
        /// For callers who may.
        var forget: ConfirmView?

        init(_ bound: BoundTPM, mayForget: Bool, _ words: Words) {
            name = bound.tpm.short
            since = Format.time(second: bound.boundAt)
            certificate = bound.tpm.certificate.map {
                $0.isTrusted
                    ? words("certificate of %1", $0.issuer)
                    : words("certificate of %1, which is not among the trusted authorities", $0.issuer)
            }
            if mayForget {
                forget = ConfirmView(
                    path: "/nodes/\(bound.node)/tpm/forget", label: words("Forget this TPM"))
            }
        }
    }
}

extension NodeView.Warning {
    /// A machine with its card was refused because of a TPM.
    init(refusedTPM alarm: NodeAlarm, of node: NodeName, mayAccept: Bool, _ words: Words) {
        let (time, address) = (Format.time(second: alarm.at), alarm.address.description)
        switch alarm.property {
        case .otherTPM:
            text = words(
                "%1: a machine with a card of this node (%2) has another TPM (%3) than the one that the node is bound to. It got no configuration: a moved card, a copied machine, or a new board.",
                time, address, alarm.tpm?.short ?? "")
        case .untrustedTPM:
            text = words(
                "%1: this node (%2) needs a TPM with a trusted certificate, and showed one (%3) without. It got no configuration.",
                time, address, alarm.tpm?.short ?? "")
        default:
            text = words(
                "%1: a machine with a card of this node (%2) asked for its configuration without a TPM, and got none: a moved card, a copied machine, or a TPM that is switched off.",
                time, address)
        }
        guard mayAccept, let tpm = alarm.tpm else { return }
        answer = ConfirmView(
            path: "/nodes/\(node)/tpm/accept", hidden: [HiddenView("tpm", tpm.attestation)],
            label: words("Accept this TPM"))
    }
}
