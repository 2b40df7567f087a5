import Foundation

/// What a root of NixOS or GNU Guix has in place of /boot, /lib and /sbin: a system in its store, with links to kernel, modules, firmware and
/// init (NixOS Manual, *What happens during a system switch?*; gnu/system.scm of Guix).
struct NixSystem {
    /// The systems in the root, the one that starts by itself first.
    let places: [String]
    /// Packages in the store that may be kernels or their modules.
    private let packages: [String]

    /// Packages of Guix with firmware.
    private let firmware: [String]

    private static let stores = ["nix/store", "gnu/store"]
    /// Where the system is named that starts by itself.
    static let profiles = ["nix/var/nix/profiles/system", "var/guix/profiles/system"]

    init(_ root: RootDirectory) {
        let stored = Self.stores.flatMap { store in root.names(in: store).sorted().map { "\(store)/\($0)" } }
        // An archive for containers has no profile yet. What is in /run is not part of an image, but may show which system is meant.
        let current = root.place(of: "run/current-system").map { String($0.dropFirst(root.path.count + 1)) }
        let links = (Self.profiles + [current].compactMap(\.self)).filter(root.contains)
        places = links.isEmpty ? stored.filter(Self.isSystem) : links
        packages = stored.filter { Self.name($0).hasPrefix("linux-") }
        firmware = stored.filter { Self.isGuix($0) && Self.name($0) == "firmware" }
    }

    private static func isGuix(_ place: String) -> Bool {
        place.hasPrefix("gnu/") || place.hasPrefix("var/guix/")
    }

    private static func isSystem(_ package: String) -> Bool {
        isGuix(package) ? name(package) == "system" : name(package).hasPrefix("nixos-system-")
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
        places.flatMap { ["\($0)/kernel-modules/lib/modules", "\($0)/kernel/lib/modules"] }
            + packages.map { "\($0)/lib/modules" }
    }

    /// Directories with firmware.
    var firmwareDirectories: [String] {
        places.map { "\($0)/firmware" } + firmware.map { "\($0)/lib/firmware" }
    }

    /// Directories with `os-release` and the like.
    var configurationDirectories: [String] { places.map { "\($0)/etc" } }

    /// Files that may be the kernel of modules.
    func kernels(of modules: String) -> [String] {
        if let system = places.first(where: { modules.hasPrefix("\($0)/kernel-modules/") }) {
            return ["\(system)/kernel"]
        }
        // Guix has kernel and modules in one directory.
        if let system = places.first(where: { modules.hasPrefix("\($0)/kernel/") }) {
            return Self.files.map { "\(system)/kernel/\($0)" }
        }
        guard let package = packages.first(where: { modules.hasPrefix("\($0)/lib/modules/") }) else {
            return []
        }
        // Since NixOS 25.11 the modules have a package of their own.
        let name = Self.name(package)
        let bare = name.hasSuffix("-modules") ? name.dropLast("-modules".count) : name
        return packages.filter { $0 == package || Self.name($0) == bare }.flatMap { one in
            Self.files.map { "\(one)/\($0)" }
        }
    }

    /// The last one since NixOS 26.11.
    private static let files = ["bzImage", "Image", "vmlinuz"]

    /// What to do about something missing; nil for other systems.
    func advice(for want: Distribution.Want) -> String? {
        guard let system = places.first else { return nil }
        if Self.isGuix(system) {
            return want == .initSystem
                ? "Guix starts /\(system)/boot from its own initrd: make a program sbin/init that does this"
                : "build the system with a kernel: field kernel of its operating-system"
        }
        return switch want {
        case .kernel, .moreModules:
            "build the system with its kernel: boot.kernel.enable, and boot.isContainer not set"
        case .initSystem: "link the system's own in the root: ln -s /\(system)/init sbin/init"
        }
    }
}
