import Wire

/// A boot loader's script for a plan. The loaders' languages are in `BootScript+IPXE.swift` and its neighbours.
package enum BootScript {
    /// Seconds until a machine with nothing to boot asks again.
    static let retrySeconds = 10

    /// The same while its volume is being created, which takes less time.
    static func retrySeconds(_ plan: BootPlan) -> Int { plan.wantsVolume ? 2 : retrySeconds }

    /// Help for a person in front of a machine with nothing to boot.
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

    /// The path of a machine's iPXE script, without a leading slash.
    static func scriptPath(of machine: MACAddress?) -> LoaderScript {
        guard let machine else { return "node/unknown/boot.ipxe" }
        return "\(directory(of: machine))/boot.ipxe"
    }

    /// The directory of a machine, without a leading slash.
    static func directory(of machine: MACAddress) -> LoaderScript {
        "node/\(ScreenText(machine.text(separator: "-")))"
    }

    /// ``BootPolicy/httpBase`` in a script.
    static func base(_ policy: BootPolicy) -> LoaderScript {
        policy.httpPort == 80 ? "http://\(policy.server)" : "http://\(policy.server):\(policy.httpPort)"
    }

    /// The path of a version's file on the HTTP server, without a leading slash.
    static func path(_ digest: Digest, _ file: LoaderScript) -> LoaderScript { "i/\(digest)/\(file)" }
}
