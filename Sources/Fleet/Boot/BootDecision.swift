package import Wire

/// What a client should load next, with the reason shown to the operator.
package struct BootDecision: Equatable, Sendable {
    package enum Answer: Equatable, Sendable {
        /// A file on this server, by TFTP.
        case file(String)
        /// A URL, for UEFI HTTP boot and iPXE.
        case url(String)
        /// No boot file at all.
        case nothing

        /// Whether the next client is GRUB rather than iPXE.
        package var isGRUB: Bool {
            guard case .file(let name) = self else { return false }
            return [SignedChain.x64, .arm64].contains { $0.shim == name || $0.grub == name }
        }
    }

    package enum Reason: Equatable, Sendable {
        case notBooting
        case refusedUnknown
        case unsupportedArchitecture(UInt16?)
        /// It is U-Boot, which does not state its architecture.
        case unsupportedUBoot
        case loaderMissing(String, for: ClientArchitecture?)
        case firstStage(loader: String, setting: SettingOrigin)
        case rule(RuleName, loader: String)
        case loaderAsksForScript
        case unreadable(UnreadableSetting)
    }

    package var answer: Answer
    package var reason: Reason
}

extension BootDecision.Reason: CustomStringConvertible {
    package var description: String { sentence.english }

    package var sentence: Sentence {
        switch self {
        case .notBooting: "it does not ask to boot"
        case .refusedUnknown: "the node is unknown and unknown nodes are refused"
        case .unsupportedArchitecture(let number?): Self.lack(of: ClientArchitecture(rawValue: number))
        case .unsupportedArchitecture(nil): "it does not state its architecture"
        case .unsupportedUBoot:
            "this is U-Boot, which does not state its architecture, and this server has no loader for it; U-Boot's EFI loader gets one"
        case .loaderMissing(let file, .uefiARM64?), .loaderMissing(let file, .uefiARM64HTTP?):
            "the loader \(file) for arm64 is not on this server (copy it there, and add it to loaders in roost.yaml)"
        case .loaderMissing(let file, _):
            "the loader \(file) is not on this server (install the loaders' packages)"
        case .firstStage(let loader, let origin):
            "firmware gets the loader \(loader) first (setting loader: \(origin))"
        case .rule(let name, let loader): "firmware gets the loader \(loader) first (loader rule \(name))"
        case .loaderAsksForScript: "iPXE is running and gets its script"
        case .unreadable(let problem): problem.sentence
        }
    }

    private static func lack(of architecture: ClientArchitecture) -> Sentence {
        let kind = "\(architecture.rawValue)" + (architecture.name.map { " (\($0))" } ?? "")
        // Most boards send another request, from their EFI loader.
        return architecture.isUBoot && architecture.bootsImages(for: "arm64")
            ? "this server has no loader for client architecture \(kind); U-Boot's EFI loader, client architecture 11, gets one"
            : "this server has no loader for client architecture \(kind)"
    }
}

/// Decides from facts alone: equal arguments, equal answers.
///
/// Firmware gets our loader first; the loader asks again and gets the script. This order ends the chainload loop.
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
    let settings = snapshot.settings(of: node)
    let wish: LoaderWish
    do throws(UnreadableSetting) { wish = try settings.value(of: Settings.loader) } catch {
        return BootDecision(answer: .nothing, reason: .unreadable(error))
    }
    // What is set for the node is nearer to it than a rule for all machines.
    let rule = wish == .auto ? policy.loaderRules.first { $0.fits(client) } : nil
    guard let file = rule?.loader ?? loaderFile(for: client, wish: wish, policy: policy) else {
        let number = client.architecture?.rawValue
        return BootDecision(
            answer: .nothing,
            // 0 is U-Boot's build default.
            reason: client.program == .uBoot && number ?? 0 == 0
                ? .unsupportedUBoot : .unsupportedArchitecture(number))
    }
    guard policy.loaders.contains(file) else {
        return BootDecision(answer: .nothing, reason: .loaderMissing(file, for: client.architecture))
    }
    return BootDecision(
        answer: client.program == .httpFirmware ? .url("\(policy.httpBase)/\(file)") : .file(file),
        reason: rule.map { .rule($0.name, loader: file) }
            ?? .firstStage(loader: file, setting: settings.origin(of: Settings.loader))
    )
}

/// The first-stage loader for an architecture and the node's setting.
///
/// For UEFI, `auto` is the signed chain: no DHCP option reveals whether Secure Boot is on, and shim with GRUB works either way. By HTTP it
/// is iPXE, because Debian's signed GRUB, loaded by UEFI HTTP boot, ends at its prompt.
private func loaderFile(for client: BootClient, wish: LoaderWish, policy: BootPolicy) -> String? {
    // GRUB reads the answer with the address alone, in which another server names neither this one nor a directory.
    let isIPXEWished = wish == .auto ? (policy.isProxy ? true : nil) : wish != .grub
    switch client.architecture {
    case .biosX86 where client.program == .raspberryPi || client.program == .uBoot: return nil
    case .biosX86: return "undionly.kpxe"
    case .uefiX64, .uefiX64Alternate:
        let own = wish == .snponly ? "snponly.efi" : "ipxe.efi"
        return efiLoader(.x64, ipxe: own, isWished: isIPXEWished, client, policy)
    case .uefiX64HTTP: return wish == .grub ? "shimx64.efi" : wish == .snponly ? "snponly.efi" : "ipxe.efi"
    case .uefiARM64:
        let own = wish == .snponly ? "snponly-arm64.efi" : "ipxe-arm64.efi"
        return efiLoader(.arm64, ipxe: own, isWished: isIPXEWished, client, policy)
    case .uefiARM64HTTP: return wish == .grub ? "shimaa64.efi" : "ipxe-arm64.efi"
    case nil where client.program == .bootp: return "undionly.kpxe"
    default: return nil
    }
}

/// The signed chain of an architecture.
private struct SignedChain {
    var shim: String
    var grub: String

    static let x64 = Self(shim: "shimx64.efi", grub: "grubx64.efi")
    static let arm64 = Self(shim: "shimaa64.efi", grub: "grubaa64.efi")
}

/// iPXE if it is set or is all there is; else the chain's first part.
///
/// Under U-Boot's EFI loader shim does not find the network that it came from, or ends in a reset: there GRUB comes first (U-Boot 2023.01,
/// arm64 and x86).
///
/// - Parameter isWished: whether iPXE is set; nil for `auto`.
private func efiLoader(
    _ chain: SignedChain, ipxe: String, isWished: Bool?, _ client: BootClient, _ policy: BootPolicy
) -> String {
    let parts = client.program == .uBoot ? [chain.grub] : [chain.shim, chain.grub]
    let isWhole = policy.loaders.isSuperset(of: parts)
    if isWished ?? (!isWhole && policy.loaders.contains(ipxe)) { return ipxe }
    return parts.first { !policy.loaders.contains($0) } ?? parts[0]
}
