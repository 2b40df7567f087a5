import Foundation

/// What a kernel's lists say about its modules: which exist, their dependencies, and which are built in.
struct ModuleLists {
    /// Module path below the modules' directory → paths of its dependencies.
    let dependencies: [String: [String]]
    /// Names, with underscores.
    private let builtIn: Set<String>
    private let paths: [String: String]
    /// Lines of the kernel's configuration, if the root has it.
    private let configuration: Set<Substring>?

    /// Without these there is no root.
    static let required = ["nbd", "squashfs", "overlay", "af_packet"]
    /// Names used in the kernel's configuration.
    private static let options = [
        "nbd": "CONFIG_BLK_DEV_NBD", "squashfs": "CONFIG_SQUASHFS", "overlay": "CONFIG_OVERLAY_FS",
        "af_packet": "CONFIG_PACKET", "dm_crypt": "CONFIG_DM_CRYPT", "xts": "CONFIG_CRYPTO_XTS",
    ]
    /// Compression of the root and the initramfs, which no module can add; the configuration shows whether the kernel supports it.
    private static let compressions: [(Substring, String)] = [
        ("# CONFIG_SQUASHFS_ZSTD is not set", "squashfs with zstd"),
        ("# CONFIG_RD_ZSTD is not set", "initramfs with zstd"),
    ]

    init(_ kernel: KernelSearch.Kernel, in root: RootDirectory) {
        dependencies = Self.dependencies(root.text(of: "\(kernel.modules)/modules.dep") ?? "")
        paths = Dictionary(dependencies.keys.map { (Self.moduleName($0), $0) }) { min($0, $1) }
        let places = ["boot/config-\(kernel.release)", "\(kernel.modules)/config"]
        let text =
            places.lazy.compactMap { root.text(of: $0) }.first
            ?? (dependencies.isEmpty ? root.text(of: "boot/config") : nil)
        let configuration = text.map { Set($0.split(separator: "\n")) }
        self.configuration = configuration
        builtIn = Set(
            (root.text(of: "\(kernel.modules)/modules.builtin") ?? "").split(separator: "\n").map {
                Self.moduleName(String($0))
            }
        ).union(Self.options.filter { configuration?.contains("\($0.value)=y"[...]) == true }.keys)
    }

    /// modules.dep(5).
    private static func dependencies(_ text: String) -> [String: [String]] {
        var result: [String: [String]] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard let module = parts.first else { continue }
            result[String(module)] = parts.count == 2 ? parts[1].split(separator: " ").map(String.init) : []
        }
        return result
    }

    /// `kernel/fs/overlayfs/overlay.ko.xz` is `overlay`; hyphens and underscores are the same.
    static func moduleName(_ path: String) -> String {
        let file = path.split(separator: "/").last.map(String.init) ?? path
        return (file.range(of: ".ko").map { String(file[..<$0.lowerBound]) } ?? file).replacingOccurrences(
            of: "-", with: "_")
    }

    /// Path below the modules' directory; nil when missing.
    func path(of name: String) -> String? { paths[name.replacingOccurrences(of: "-", with: "_")] }

    func has(_ name: String) -> Bool { path(of: name) != nil || builtIn.contains(name) }

    /// What a node needs to reach its root and this kernel lacks.
    var missing: [String] {
        Self.required.filter { !has($0) }
            + Self.compressions.filter { configuration?.contains($0.0) == true }.map(\.1)
    }
}
