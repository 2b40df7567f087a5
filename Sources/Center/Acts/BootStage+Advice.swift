import Fleet

extension BootStage {
    /// That a machine stopped after this stage, with what its root's export tells of it.
    func stuckSentence(_ root: RootActivity?) -> Sentence {
        guard [.network, .root, .delivered, .configured, .handover].contains(self) else {
            return "stuck after \(rawValue)"
        }
        guard let root else { return "stuck after \(rawValue): no export open" }
        return "stuck after \(rawValue): export opened, no read since \(root.idleMilliseconds / 1_000) s"
    }

    /// The most common fix when a machine stops at this stage.
    var usualFix: String {
        switch self {
        case .dhcp: "does its firmware reach TFTP? ‘roost doctor’ checks ports and loaders"
        case .loader: "the loader does not fetch its script: look at its screen, try the setting loader"
        case .script:
            "the loader does not fetch the kernel: look at its screen and at the disk of this server"
        case .kernel, .initramfs:
            "the kernel does not start: look at its console; does the machine have enough memory?"
        case .initialised: "the network card has no driver in the image, or its link is down"
        case .network: "the root cannot be mounted: does the node reach port 10809 of this server?"
        case .root, .delivered, .configured: "the image's own init is missing or exits: look at the console"
        case .handover: "the image does not finish booting: look at its journal"
        case .failed:
            "the text says which step failed; ‘roost.break=STEP’ in kernel-arguments opens a shell there"
        case .ready, .off: "nothing"
        }
    }

    /// What to do about a boot that failed with `detail`, which begins with the step: `step 30-root: …`.
    static func fix(ofFailure detail: String) -> Sentence {
        guard let step = detail.prefixMatch(of: /step ([0-9]{2}-[a-z]+):/).map({ String($0.1) }) else {
            return Sentence(stringLiteral: BootStage.failed.usualFix)
        }
        let hint: Sentence
        switch step {
        case "10-modules", "20-network": hint = Sentence(stringLiteral: BootStage.initialised.usualFix)
        case "25-delivery":
            hint =
                "it did not get its configuration: does the node reach this server by HTTP, from the address that it was given?"
        case "30-root": hint = Sentence(stringLiteral: BootStage.network.usualFix)
        case "35-swap": hint = "its swap cannot be attached: is there room on the disk of this server?"
        case "40-configuration":
            hint = "its page and ‘roost node steps’ show what it printed and which setting it comes from"
        case "50-handover": hint = Sentence(stringLiteral: BootStage.root.usualFix)
        default: return Sentence(stringLiteral: BootStage.failed.usualFix)
        }
        return "\(hint) (‘roost.break=\(step)’ in kernel-arguments opens a shell there)"
    }
}
