import Foundation
import Linux

/// What Roost does not find in a root, with what to do.
package struct ImageLacks: Error, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}

/// The kernel of a root file system and its modules, and which of them a node needs before it has its root.
package struct KernelModules {
    package let release: String
    package let kernelPath: String
    /// Why this kernel was chosen when there are several; shown after its name.
    let reason: String
    let root: RootDirectory
    /// `lib/modules/RELEASE`, as the root has it.
    private let directory: String
    private let lists: ModuleLists
    /// The directories of firmware, as the root has them.
    private let firmwarePlaces: [String]

    /// Network drivers and their dependencies: everything in these directories.
    private static let directories = [
        "kernel/drivers/net/ethernet/", "kernel/drivers/net/phy/", "kernel/drivers/net/mdio/",
        "kernel/drivers/virtio/",
        "kernel/drivers/net/usb/", "kernel/drivers/hv/", "kernel/drivers/net/hyperv/",
        "kernel/drivers/net/vmxnet3/",
    ]
    /// Data centre switches and cards, whose drivers do far more than boot: megabytes that no node here boots from.
    private static let excluded = [
        "ethernet/mellanox/mlxsw/", "ethernet/chelsio/inline_crypto/", "ethernet/netronome/",
    ]
    private static let names = [
        "virtio_net", "virtio_pci", "virtio_rng", "xen-netfront", "net_failover", "usbnet", "xhci-pci",
        "ehci-pci",
        "zram", "ext4", "nfsv4", "efivarfs", "netconsole", "crc32c_generic", "crc32c-intel", "loop",
        "tpm_crb", "tpm_tis",
    ]
    /// The files, beside the modules, that depmod makes its lists from.
    static let indexes = ["modules.order", "modules.builtin", "modules.builtin.modinfo"]

    /// - Parameter wanted: the kernel release to use when there are several; nil: the first choice.
    package init(root: String, kernel wanted: String? = nil) throws {
        self.root = RootDirectory(path: root)
        let choice = try KernelChoice(KernelSearch(root: root), in: self.root, wanted: wanted)
        (release, kernelPath) = (choice.kernel.release.text, choice.kernel.path)
        (directory, lists, reason) = (choice.kernel.modules, choice.lists, choice.reason)
        needed = Self.needed(of: lists)
        firmwarePlaces = ["lib/firmware", "usr/lib/firmware"] + NixSystem(self.root).firmwareDirectories
        for module in needed {
            // The list comes from the image, and copies are made with our rights.
            guard !module.split(separator: "/").contains("..") else {
                throw ImageLacks("kernel \(release) has a module outside of its directory: \(module)")
            }
            guard place(of: module) != nil else {
                throw ImageLacks(
                    "kernel \(release) names a module that is not there: \(module) (run ‘depmod \(release)’ in the root, "
                        + "which corrects its list)")
            }
        }
    }

    /// The path on this machine of a file in the modules' directory; nil when missing.
    func place(of name: String) -> String? { root.place(of: "\(directory)/\(name)") }

    /// Whether a node can open an encrypted volume, with modules from the image's root.
    package var hasDMCrypt: Bool { ["dm_crypt", "xts"].allSatisfy(lists.has) }

    /// Paths below `directory` of all modules that a node needs for its root, with their dependencies, sorted by name.
    let needed: [String]

    private static func needed(of lists: ModuleLists) -> [String] {
        var wanted = (ModuleLists.required + names).compactMap(lists.path)
        wanted += lists.dependencies.keys.filter { path in
            directories.contains { path.hasPrefix($0) } && !excluded.contains { path.contains($0) }
        }
        var all: Set<String> = []
        while let next = wanted.popLast() {
            if all.insert(next).inserted { wanted += lists.dependencies[next] ?? [] }
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
            let plain = module.range(of: ".ko").map { String(module[..<$0.upperBound]) } ?? module
            let path = "\(destination)/\(plain)"
            try files.createDirectory(
                atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
                withIntermediateDirectories: true)
            guard let source = place(of: module) else { continue }
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

    /// Copies a file to `path`, keeping its extension when it is compressed.
    private static func copy(_ source: String, to path: String) throws {
        let suffix = suffixes.first { source.hasSuffix($0) && !path.hasSuffix($0) } ?? ""
        try FileManager.default.copyItem(atPath: source, toPath: path + suffix)
    }

    /// Decompresses everything below a directory: busybox loads plain modules only, and not every kernel decompresses its firmware. All at
    /// once, because there are hundreds.
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

    /// The path of the firmware on this machine; nil when there is none.
    var firmware: String? { firmwarePlaces.lazy.compactMap(root.place).first }

    /// The path of one file of it on this machine; nil when missing.
    func firmware(_ name: String) -> String? {
        firmwarePlaces.lazy.compactMap { root.place(of: "\($0)/\(name)") }.first
    }

    /// Firmware that the modules ask for and the root has; compressed in most distributions.
    private func copyFirmware(of modules: [String], to target: String) throws {
        // A kernel with everything built in has no modules.
        guard !modules.isEmpty else { return }
        let listed = try Program("modinfo", package: "kmod").confined(Confinement(reads: [target])).run(
            ["-F", "firmware"] + modules)
        for name in Set(String(decoding: listed, as: UTF8.self).split(separator: "\n").map(String.init)) {
            // Some ask for a pattern, and a careless driver could ask for any path.
            guard !name.split(separator: "/").contains(".."),
                let source = ["", ".zst", ".xz"].lazy.compactMap({ firmware("\(name)\($0)") }).first
            else { continue }
            let destination = URL(fileURLWithPath: "\(target)/lib/firmware/\(name)")
            try FileManager.default.createDirectory(
                at: destination.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Self.copy(source, to: destination.path)
        }
        try Self.decompress(in: target)
    }
}
