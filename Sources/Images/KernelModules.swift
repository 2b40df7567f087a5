import Foundation
import Linux

/// What an image is made of that Roost does not find in it, with what to do.
package struct ImageLacks: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// The kernel of a root file system and its modules, and which of them a node needs before it has its root.
package struct KernelModules {
    package let release: String
    package let kernelPath: String
    let root: RootDirectory
    /// `lib/modules/RELEASE`, as the root has it.
    private let directory: String
    /// Module path below `directory` → paths it depends on.
    private let dependencies: [String: [String]]
    private let builtIn: Set<String>

    /// Network cards, and what they need: everything in these directories.
    private static let directories = [
        "kernel/drivers/net/ethernet/", "kernel/drivers/net/phy/", "kernel/drivers/net/mdio/",
        "kernel/drivers/virtio/",
        "kernel/drivers/net/usb/", "kernel/drivers/hv/", "kernel/drivers/net/hyperv/",
        "kernel/drivers/net/vmxnet3/",
    ]
    /// Switches and cards of data centres whose drivers do more than boot: megabytes that no node here boots from.
    private static let excluded = [
        "ethernet/mellanox/mlxsw/", "ethernet/chelsio/inline_crypto/", "ethernet/netronome/",
    ]
    private static let names = [
        "virtio_net", "virtio_pci", "virtio_rng", "xen-netfront", "net_failover", "usbnet", "xhci-pci",
        "ehci-pci",
        "zram", "ext4", "nfsv4", "efivarfs", "netconsole", "crc32c_generic", "crc32c-intel", "loop",
    ]
    /// What depmod makes its lists of, beside the modules.
    static let indexes = ["modules.order", "modules.builtin", "modules.builtin.modinfo"]
    /// Without these there is no root.
    private static let required = ["nbd", "squashfs", "overlay", "af_packet"]

    package init(root: String) throws {
        self.root = RootDirectory(path: root)
        guard let found = Self.findKernels(root: root).last else {
            throw ImageLacks(
                "there is no kernel with modules in the image (install one: apt install linux-image-amd64)")
        }
        (release, kernelPath, directory) = found
        dependencies = Self.dependencies(self.root.text(of: "\(directory)/modules.dep") ?? "")
        builtIn = Set(
            (self.root.text(of: "\(directory)/modules.builtin") ?? "")
                .split(separator: "\n").map { Self.moduleName(String($0)) })
        needed = Self.needed(of: dependencies)
        let missing = Self.required.filter { path(of: $0) == nil && !builtIn.contains($0) }
        guard missing.isEmpty else {
            throw ImageLacks(
                "kernel \(release) has no module \(missing.joined(separator: ", ")): a node could not reach its root "
                    + "(install a full kernel package: apt install linux-image-amd64)")
        }
    }

    /// Kernels that have modules, the newest release last: where each kernel is, and its modules as the root names them.
    static func findKernels(root: String) -> [(release: String, kernel: String, modules: String)] {
        let root = RootDirectory(path: root)
        for base in ["lib/modules", "usr/lib/modules"] {
            let releases = root.names(in: base).sorted {
                $0.compare($1, options: .numeric) == .orderedAscending
            }
            let found = releases.compactMap { release -> (String, String, String)? in
                let modules = "\(base)/\(release)"
                // Debian and Ubuntu; Fedora, EL, openSUSE and Arch; arm64 of openSUSE; Alpine, whose kernel has the name of its
                // flavour alone (vmlinuz-lts for 6.6.58-0-lts).
                let flavour = release.split(separator: "-").last.map(String.init) ?? release
                let places = [
                    "boot/vmlinuz-\(release)", "\(modules)/vmlinuz", "boot/vmlinux-\(release)",
                    "boot/Image-\(release)", "\(modules)/Image", "boot/vmlinuz-\(flavour)",
                ]
                guard root.contains("\(modules)/modules.dep"),
                    let kernel = places.lazy.compactMap({ root.place(of: $0) }).first
                else { return nil }
                return (release, kernel, modules)
            }
            if !found.isEmpty { return found }
        }
        return []
    }

    /// - Parameter text: of modules.dep (modules.dep(5)).
    private static func dependencies(_ text: String) -> [String: [String]] {
        var result: [String: [String]] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard let module = parts.first else { continue }
            result[String(module)] = parts.count == 2 ? parts[1].split(separator: " ").map(String.init) : []
        }
        return result
    }

    /// Where a file of the modules' directory is on this machine; nil when there is none.
    func place(of name: String) -> String? { root.place(of: "\(directory)/\(name)") }

    /// `kernel/fs/overlayfs/overlay.ko.xz` is `overlay`; hyphens and underscores are the same.
    private static func moduleName(_ path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return (file.range(of: ".ko").map { String(file[..<$0.lowerBound]) } ?? file).replacingOccurrences(
            of: "-", with: "_")
    }

    private func path(of name: String) -> String? {
        let name = name.replacingOccurrences(of: "-", with: "_")
        return dependencies.keys.first { Self.moduleName($0) == name }
    }

    /// Whether a node can open an encrypted volume, with modules that come from the image's root.
    package var hasDMCrypt: Bool {
        ["dm_crypt", "xts"].allSatisfy { path(of: $0) != nil || builtIn.contains($0) }
    }

    /// Paths below `directory` of all modules a node needs for its root, with what they depend on, in name order.
    let needed: [String]

    private static func needed(of dependencies: [String: [String]]) -> [String] {
        let nameToPath = Dictionary(dependencies.keys.map { (moduleName($0), $0) }) { first, _ in first }
        var wanted = (required + names).compactMap {
            nameToPath[$0.replacingOccurrences(of: "-", with: "_")]
        }
        wanted += dependencies.keys.filter { path in
            directories.contains { path.hasPrefix($0) } && !excluded.contains { path.contains($0) }
        }
        var all: Set<String> = []
        while let next = wanted.popLast() {
            if all.insert(next).inserted { wanted += dependencies[next] ?? [] }
        }
        return all.sorted()
    }

    /// Writes the modules, their indexes and the firmware they name below `target`, ready for an archive.
    func copyNeeded(to target: String) throws {
        let files = FileManager.default
        let destination = "\(target)/lib/modules/\(release)"
        try files.createDirectory(atPath: destination, withIntermediateDirectories: true)
        var copied: [String] = []
        for module in needed {
            // The list is the image's, and the copy is made with our rights.
            guard !module.split(separator: "/").contains("..") else {
                throw ImageLacks("kernel \(release) has a module outside of its directory: \(module)")
            }
            let plain = module.range(of: ".ko").map { String(module[..<$0.upperBound]) } ?? module
            let path = "\(destination)/\(plain)"
            try files.createDirectory(
                atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
                withIntermediateDirectories: true)
            guard let source = place(of: module) else {
                throw ImageLacks(
                    "kernel \(release) names a module that is not there: \(module) (depmod \(release) puts its list right)"
                )
            }
            try Self.copy(source, to: path)
            copied.append(path)
        }
        try Self.decompress(in: target)
        for index in Self.indexes {
            if let source = place(of: index) {
                try files.copyItem(atPath: source, toPath: "\(destination)/\(index)")
            }
        }
        try Program("depmod", package: "kmod").confined(Confinement(writes: [target])).run([
            "-b", target, release,
        ])
        for name in ["modules.builtin.modinfo", "modules.symbols", "modules.devname", "modules.order"] {
            try? files.removeItem(atPath: "\(destination)/\(name)")
        }
        try copyFirmware(of: copied, to: target)
    }

    private static let suffixes = [".xz", ".zst", ".gz"]

    /// Copies a file to `path`, and keeps the end of its name when it is compressed.
    private static func copy(_ source: String, to path: String) throws {
        let suffix = suffixes.first { source.hasSuffix($0) && !path.hasSuffix($0) } ?? ""
        try FileManager.default.copyItem(atPath: source, toPath: path + suffix)
    }

    /// Decompresses all that is compressed below a directory: busybox loads plain modules only, and not every kernel unpacks its
    /// firmware. At once, because there are hundreds.
    private static func decompress(in directory: String) throws {
        let names = FileManager.default.enumerator(atPath: directory)?.compactMap { $0 as? String } ?? []
        for (suffix, name, package, words) in [
            (".xz", "xz", "xz-utils", ["-dqf"]), (".zst", "zstd", "zstd", ["-dqf", "--rm"]),
            (".gz", "gzip", "gzip", ["-dqf"]),
        ] {
            let paths = names.filter { $0.hasSuffix(suffix) }.map { "\(directory)/\($0)" }
            guard !paths.isEmpty else { continue }
            try Program(name, package: package).confined(Confinement(writes: [directory])).run(
                words + ["--"] + paths)
        }
    }

    /// Firmware that the modules ask for, as far as the root has it; compressed in most distributions.
    private func copyFirmware(of modules: [String], to target: String) throws {
        let listed = try Program("modinfo", package: "kmod").confined(Confinement(reads: [target])).run(
            ["-F", "firmware"] + modules)
        for name in Set(String(decoding: listed, as: UTF8.self).split(separator: "\n").map(String.init)) {
            // Some ask for a pattern, and some for what a driver without manners could put anywhere.
            guard !name.split(separator: "/").contains(".."),
                let source = ["", ".zst", ".xz"].lazy.compactMap({
                    root.place(of: "lib/firmware/\(name)\($0)")
                }).first
            else { continue }
            let destination = URL(fileURLWithPath: "\(target)/lib/firmware/\(name)")
            try FileManager.default.createDirectory(
                at: destination.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Self.copy(source, to: destination.path)
        }
        try Self.decompress(in: target)
    }
}
