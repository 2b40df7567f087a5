import Wire

/// What a client is told to load next, with the reason shown to the operator.
package struct BootDecision: Equatable, Sendable {
    package enum Answer: Equatable, Sendable {
        /// A file by TFTP from this server.
        case file(String)
        /// A URL: for UEFI HTTP boot, and for iPXE.
        case url(String)
        /// No boot file at all.
        case nothing
    }

    package enum Reason: Equatable, Sendable {
        case notBooting
        case refusedUnknown
        case unsupportedArchitecture(UInt16?)
        case loaderMissing(String)
        case firstStage(loader: String, setting: SettingOrigin)
        /// The number of the rule, from 1.
        case rule(Int, loader: String)
        case loaderAsksForScript
    }

    package var answer: Answer
    package var reason: Reason
}

extension BootDecision.Reason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notBooting: "it does not ask to boot"
        case .refusedUnknown: "the node is unknown and unknown nodes are refused"
        case .unsupportedArchitecture(let number?):
            "this server has no loader for client architecture \(number)"
                + (ClientArchitecture(rawValue: number).name.map { " (\($0))" } ?? "")
        case .unsupportedArchitecture(nil): "it does not say its architecture"
        case .loaderMissing(let file):
            "the loader \(file) is not on this server (install the loaders' packages)"
        case .firstStage(let loader, let origin):
            "firmware gets the loader \(loader) first (setting loader: \(origin))"
        case .rule(let number, let loader): "firmware gets the loader \(loader) first (loader rule \(number))"
        case .loaderAsksForScript: "iPXE is running and gets its script"
        }
    }
}

/// Decides from facts alone: equal arguments, equal answers.
///
/// Firmware gets our loader first; the loader asks again and gets the script. The order ends the chainload loop.
package func bootDecision(
    for client: BootClient, in snapshot: FleetSnapshot, under policy: BootPolicy
) -> BootDecision {
    if client.program == .system { return BootDecision(answer: .nothing, reason: .notBooting) }
    let node = snapshot.node(at: client.macAddress, uuid: client.uuid)
    if node == nil, snapshot.enrolment(at: policy.clientNetwork ?? policy.server) == .refuse {
        return BootDecision(answer: .nothing, reason: .refusedUnknown)
    }
    if case .ipxe(let canHTTP) = client.program {
        let path = BootScript.scriptPath(of: client.macAddress).text
        return BootDecision(
            answer: canHTTP ? .url("\(policy.httpBase)/\(path)") : .file(path), reason: .loaderAsksForScript)
    }
    let setting = snapshot.settings(of: node)[.loader]
    // What is set for the node is nearer to it than a rule for all machines.
    let rule = setting.value == .text("auto") ? policy.loaderRules.firstIndex { $0.fits(client) } : nil
    let ruled = rule.map { policy.loaderRules[$0].loader }
    guard let file = ruled ?? loaderFile(for: client, wish: setting.value, policy: policy) else {
        return BootDecision(answer: .nothing, reason: .unsupportedArchitecture(client.architecture?.rawValue))
    }
    guard policy.loaders.contains(file) else {
        return BootDecision(answer: .nothing, reason: .loaderMissing(file))
    }
    return BootDecision(
        answer: client.program == .httpFirmware ? .url("\(policy.httpBase)/\(file)") : .file(file),
        reason: rule.map { .rule($0 + 1, loader: file) } ?? .firstStage(loader: file, setting: setting.origin)
    )
}

/// The first-stage loader for an architecture and the node's wish.
///
/// For UEFI, `auto` is the signed chain: no DHCP option tells whether Secure Boot is on, and shim with GRUB works both
/// ways. By HTTP it is iPXE, because Debian's signed GRUB, loaded by UEFI HTTP boot, ends at its prompt.
private func loaderFile(for client: BootClient, wish: SettingValue, policy: BootPolicy) -> String? {
    let wish = wish == .text("auto") ? nil : wish.description
    switch client.architecture {
    case .biosX86 where client.program != .raspberryPi: return "undionly.kpxe"
    case .uefiX64, .uefiX64Alternate:
        switch wish {
        case "ipxe": return "ipxe.efi"
        case "snponly": return "snponly.efi"
        case "grub": return "shimx64.efi"
        default:
            return policy.loaders.isSuperset(of: ["shimx64.efi", "grubx64.efi"]) ? "shimx64.efi" : "ipxe.efi"
        }
    case .uefiX64HTTP: return wish == "grub" ? "shimx64.efi" : wish == "snponly" ? "snponly.efi" : "ipxe.efi"
    case .uefiARM64:
        return wish == "ipxe" || wish == "snponly" ? "\(wish ?? "ipxe")-arm64.efi" : "shimaa64.efi"
    case .uefiARM64HTTP: return wish == "grub" ? "shimaa64.efi" : "ipxe-arm64.efi"
    case nil where client.program == .bootp: return "undionly.kpxe"
    default: return nil
    }
}
