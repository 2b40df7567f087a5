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
}
