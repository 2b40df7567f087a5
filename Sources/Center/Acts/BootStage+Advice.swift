import Fleet

extension Acts.RefusedVersion {
    /// What to do about it, now that the server has looked. It is said of one machine and of many alike.
    ///
    /// - Parameter after: what the machine does by itself.
    func fix(_ after: AfterFailure) -> Sentence {
        guard isServed else {
            return
                "this server does not serve \(name) now: build or import it again, or choose another version"
        }
        let found: Sentence =
            switch runningCount {
            case 0: "\(name) is served now"
            case 1: "\(name) is served now, and another node runs it"
            default: "\(name) is served now, and \(runningCount) nodes run it"
            }
        let act: Sentence =
            switch after {
            case .triesAgain, .restarts: "wait: the next try comes by itself"
            case .waits: "type ‘exit’ in the shell on the screen"
            case .isSilent: "switch off and on at the desk"
            case .obeys: "a restart is enough"
            }
        return "\(found): \(act)"
    }
}

extension BootStage {
    /// The same with the milliseconds that it usually takes.
    func stuckSentence(_ root: RootActivity?, usually: Int?) -> Sentence {
        guard let usually else { return stuckSentence(root) }
        let time = usually < 1_000 ? "\(usually) ms" : "\(usually / 1_000) s"
        return "\(stuckSentence(root)) (usually within \(time))"
    }

    /// That a machine stopped after this stage, with what its root's export tells of it.
    func stuckSentence(_ root: RootActivity?) -> Sentence {
        guard [.network, .root, .delivered, .configured, .handover].contains(self) else {
            return "stuck after \(rawValue)"
        }
        guard let root else { return "stuck after \(rawValue): no root export opened" }
        return "stuck after \(rawValue): export opened, no read since \(root.idleMilliseconds / 1_000) s"
    }

    /// The most common fix when a machine stops at this stage, or several do.
    var usualFix: String {
        switch self {
        case .dhcp: "does its firmware reach TFTP? ‘roost doctor’ checks ports and loaders"
        case .loader: "the loader does not fetch its script: look at its screen, try the setting loader"
        case .script:
            "the loader does not fetch the kernel: look at its screen and at the disk of this server"
        case .kernel, .initramfs:
            "the kernel does not start: look at the console; is there enough memory?"
        case .initialised: "the network card has no driver in the image, or its link is down"
        case .network: "the root cannot be mounted: is port 10809 of this server reachable from there?"
        case .root, .delivered, .configured: "the image's own init is missing or exits: look at the console"
        case .handover: "the image does not finish booting: look at its journal"
        case .failed:
            "the text says which step failed; ‘roost.break=STEP’ in kernel-arguments opens a shell there"
        case .ready, .off: "nothing"
        }
    }

    /// Whether the server was reached and does not have the export that a node asked for.
    static func isExportRefusal(_ detail: String) -> Bool {
        ["the server refuses ‘", "no export ‘", "does not know the export"].contains { detail.contains($0) }
    }

    /// The version that the server did not have when a boot failed with `detail`; nil: that was not the cause, or it has no name of a
    /// version.
    static func refusedVersion(_ detail: String) -> ImageReference? {
        guard isExportRefusal(detail) else { return nil }
        let words = detail.split { " ‘’:,;".contains($0) }
        return words.lazy.filter { $0.contains("@") }.compactMap { ImageReference($0) }.first
    }

    /// What to do about a boot that failed with `detail`, which begins with the step: `step 30-root: …`.
    static func fix(ofFailure detail: String) -> Sentence {
        guard let step = detail.prefixMatch(of: /step ([0-9]{2}-[a-z]+):/).map({ String($0.1) }) else {
            return Sentence(stringLiteral: BootStage.failed.usualFix)
        }
        let hint: Sentence
        switch step {
        case "20-network" where detail.contains("no DHCP server answers"):
            hint =
                "no DHCP server answers there: does this server serve that network (page Networks), and does a relay pass on its requests?"
        case "20-network" where detail.contains("no link on"):
            hint = "there is no link: look at the cable and at the port of the switch"
        case "10-modules", "20-network": hint = Sentence(stringLiteral: BootStage.initialised.usualFix)
        case "25-delivery":
            hint =
                "the configuration did not arrive: is this server reachable by HTTP from there, with the leased address?"
        case "30-root" where isExportRefusal(detail):
            hint =
                "this server was reached, and does not serve that version: is it still on the page Images?"
        case "30-root" where detail.contains("NFS server refuses"):
            hint = "the NFS server was reached, and refuses: ‘roost doctor’ checks its exports"
        case "30-root" where detail.contains("build or import the image again"):
            hint = "the image lacks what this needs: build or import it again, on the page Images"
        case "30-root" where detail.contains("the image has no "):
            hint = Sentence(stringLiteral: BootStage.root.usualFix)
        case "30-root" where detail.contains("roost volume"):
            hint =
                "the volume is the cause: the page Volumes shows it, and ‘roost volume reset’ gives an empty one"
        case "30-root": hint = Sentence(stringLiteral: BootStage.network.usualFix)
        case "35-swap": hint = "the swap cannot be attached: is there room on the disk of this server?"
        case "40-configuration":
            hint = "its page and ‘roost node steps’ show what it printed and which setting it comes from"
        case "50-handover": hint = Sentence(stringLiteral: BootStage.root.usualFix)
        default: return Sentence(stringLiteral: BootStage.failed.usualFix)
        }
        return "\(hint) (‘roost.break=\(step)’ in kernel-arguments opens a shell there)"
    }
}
