import Wire

/// A boot loader's script for a plan. The loader's own language is in `BootScript+IPXE.swift` and its neighbours.
package enum BootScript {
    /// Seconds until a machine with nothing to boot asks again.
    static let retrySeconds = 10

    /// The same while its volume is made, which takes less.
    static func retrySeconds(_ plan: BootPlan) -> Int { plan.wantsVolume ? 2 : retrySeconds }

    /// What a person in front of a machine with nothing to boot needs to know.
    static func screenLines(_ plan: BootPlan, _ memory: MachineMemory? = nil) -> [ScreenText] {
        var lines: [String] = []
        switch plan.target {
        case .image: return []
        case .nothing(let because): lines = ["Roost: \(plan.name): \(because)"]
        case .waiting(let code, _):
            lines = [
                "Roost: this machine waits for approval.", "Code: \(code)", "MAC: \(plan.macAddress)",
                "Address: \(plan.policy.clientNetwork.map(\.description) ?? "-")",
            ]
            if !plan.policy.centerURL.isEmpty {
                lines.append("Approve it at: \(plan.policy.centerURL)/machines")
            }
        }
        if let memory, memory.mebibytes > 0 { lines.append("Memory: \(memory.mebibytes) MiB") }
        return lines.map(ScreenText.init)
    }

    /// Where a machine's iPXE script is rendered, without a slash in front.
    static func scriptPath(of machine: MACAddress?) -> LoaderScript {
        guard let machine else { return "node/unknown/boot.ipxe" }
        return "\(directory(of: machine))/boot.ipxe"
    }

    /// Where a machine's own things are, without a slash in front.
    static func directory(of machine: MACAddress) -> LoaderScript {
        "node/\(ScreenText(machine.text(separator: "-")))"
    }

    /// ``BootPolicy/httpBase`` in a script.
    static func base(_ policy: BootPolicy) -> LoaderScript {
        policy.httpPort == 80 ? "http://\(policy.server)" : "http://\(policy.server):\(policy.httpPort)"
    }

    /// Where a version's file lies on the HTTP server, without a slash in front.
    static func path(_ digest: Digest, _ file: LoaderScript) -> LoaderScript { "i/\(digest)/\(file)" }
}
