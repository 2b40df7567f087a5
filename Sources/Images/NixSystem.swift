import Foundation

/// What a root of NixOS has in place of /boot, /lib and /sbin: a system in its store, with links to kernel, modules, firmware and init
/// (NixOS Manual, *What happens during a system switch?*).
struct NixSystem {
    /// The systems in the root, the one that starts by itself first.
    let places: [String]
    /// Packages in the store that may be kernels or their modules.
    private let packages: [String]

    private static let store = "nix/store"

    init(_ root: RootDirectory) {
        let stored = root.names(in: Self.store).sorted()
        // An archive for containers has no profile yet. What is in /run is not part of an image, but may show which system is meant.
        let current = root.place(of: "run/current-system").map { String($0.dropFirst(root.path.count + 1)) }
        let links = ["nix/var/nix/profiles/system", current].compactMap(\.self).filter(root.contains)
        places =
            links.isEmpty
            ? stored.filter { $0.contains("-nixos-system-") }.map { "\(Self.store)/\($0)" } : links
        packages = stored.filter { Self.name($0).hasPrefix("linux-") }.map { "\(Self.store)/\($0)" }
    }

    /// What follows the checksum in the name of a package.
    private static func name(_ package: some StringProtocol) -> Substring {
        guard let last = package.split(separator: "/").last, let hyphen = last.firstIndex(of: "-") else {
            return ""
        }
        return Substring(last[last.index(after: hyphen)...])
    }

    /// Directories with modules of kernels.
    var moduleDirectories: [String] {
        places.map { "\($0)/kernel-modules/lib/modules" } + packages.map { "\($0)/lib/modules" }
    }

    /// Directories with firmware.
    var firmwareDirectories: [String] { places.map { "\($0)/firmware" } }

    /// Directories with `os-release` and the like.
    var configurationDirectories: [String] { places.map { "\($0)/etc" } }

    /// Files that may be the kernel of modules.
    func kernels(of modules: String) -> [String] {
        if let system = places.first(where: { modules.hasPrefix("\($0)/kernel-modules/") }) {
            return ["\(system)/kernel"]
        }
        guard let package = packages.first(where: { modules.hasPrefix("\($0)/lib/modules/") }) else {
            return []
        }
        // Since NixOS 25.11 the modules have a package of their own.
        let name = Self.name(package)
        let bare = name.hasSuffix("-modules") ? name.dropLast("-modules".count) : name
        return packages.filter { $0 == package || Self.name($0) == bare }.flatMap { one in
            ["bzImage", "Image"].map { "\(one)/\($0)" }
        }
    }

    /// What to do about something missing; nil for other systems.
    func advice(for want: Distribution.Want) -> String? {
        guard let system = places.first else { return nil }
        return switch want {
        case .kernel, .moreModules:
            "build the system with its kernel: boot.kernel.enable, and boot.isContainer not set"
        case .initSystem: "link the system's own in the root: ln -s /\(system)/init sbin/init"
        }
    }
}
