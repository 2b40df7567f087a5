import Commands
import Foundation

/// Boot loaders from the distribution's packages: the file name that clients request, and the packages' path.
enum Loaders {
    private static let places: [(name: String, paths: [String], package: String, isForX86: Bool)] = [
        ("undionly.kpxe", ["/usr/lib/ipxe/undionly.kpxe"], "ipxe", true),
        ("ipxe.efi", ["/usr/lib/ipxe/ipxe.efi"], "ipxe", true),
        ("snponly.efi", ["/usr/lib/ipxe/snponly.efi"], "ipxe", true),
        ("ipxe-arm64.efi", ["/usr/lib/ipxe/ipxe-arm64.efi"], "ipxe", false),
        ("shimx64.efi", ["/usr/lib/shim/shimx64.efi.signed"], "shim-signed", true),
        (
            "grubx64.efi", ["/usr/lib/grub/x86_64-efi-signed/grubnetx64.efi.signed"], "grub-efi-amd64-signed",
            true
        ),
        ("shimaa64.efi", ["/usr/lib/shim/shimaa64.efi.signed"], "shim-signed", false),
        (
            "grubaa64.efi", ["/usr/lib/grub/arm64-efi-signed/grubnetaa64.efi.signed"],
            "grub-efi-arm64-signed", false
        ),
    ]

    /// Name → path of existing files that are not empty; `own` wins.
    static func find(own: [String: String]) -> [String: String] {
        var found: [String: String] = [:]
        for place in places { found[place.name] = place.paths.first(where: isUsable) }
        for (name, path) in own where isUsable(path) { found[name] = path }
        return found
    }

    /// The packages of missing standard loaders for x86 machines.
    static func missingPackages(own: [String: String]) -> [String: String] {
        let found = find(own: own)
        let usual = places.filter(\.isForX86)
        return Dictionary(
            uniqueKeysWithValues: usual.filter { found[$0.name] == nil }.map { ($0.name, $0.package) })
    }

    /// The operator's own loaders that are missing.
    static func problems(own: [String: String]) -> [String] {
        own.sorted { $0.key < $1.key }.filter { !isUsable($0.value) }.map { name, path in
            let isThere = FileManager.default.fileExists(atPath: path)
            return
                "loaders: \(name): \(isThere ? "\(path) is empty or not a file" : "there is no file \(path)")"
        }
    }

    private static func isUsable(_ path: String) -> Bool {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file) else { return false }
        return attributes[.type] as? FileAttributeType == .typeRegular && attributes[.size] as? Int != 0
    }
}
