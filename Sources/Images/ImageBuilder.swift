package import Fleet
import Foundation

/// The arguments of `roost image build`.
package struct ImageRecipe: Sendable, Equatable {
    package var suite: String
    package var packages: [String]
    /// `deb` lines or mirror URLs; empty for the build host's own sources.
    package var mirrors: [String]
    /// Debian's name for it; nil for the build host's.
    package var architecture: String?
    package var components: [String]
    /// The file with the keys that sign the mirrors; nil: those that apt trusts on the build host.
    package var keyring: String?
    /// The package with the kernel; nil: Debian's for the architecture.
    package var kernel: String?
    /// Shell scripts run with the root as `$1` before packing.
    package var scripts: [String]

    package init(
        suite: String, packages: [String] = [], mirrors: [String] = [], architecture: String? = nil,
        components: [String] = ["main"], scripts: [String] = [], keyring: String? = nil, kernel: String? = nil
    ) {
        self.keyring = keyring
        self.kernel = kernel
        self.suite = suite
        self.packages = packages
        self.mirrors = mirrors
        self.architecture = architecture
        self.components = components
        self.scripts = scripts
    }

    /// Equal for equal arguments.
    var digest: Fleet.Digest {
        let words =
            ["mmdebstrap", suite, architecture ?? ""] + packages + ["mirrors"] + mirrors + ["components"]
            + components + ["scripts"] + scripts + (keyring.map { ["keyring", $0] } ?? [])
            + (kernel.map { ["kernel", $0] } ?? [])
        return Fleet.Digest(of: Data(words.joined(separator: "\0").utf8))
    }
}

/// Builds roots from a Debian mirror, and imports finished ones. Callers must be root, at least in a user namespace of their own: the files
/// of a root have many owners.
package struct ImageBuilder: Sendable {
    let packer: ImagePacker
    /// Contains `debs/`, the packages downloaded earlier, and the root that is being built.
    let cache: String
    let progress: @Sendable (String) -> Void

    /// What every image needs to boot and to be reachable; no desktop.
    private static let basePackages = [
        "systemd-sysv", "udev", "dbus", "kmod", "iproute2", "openssh-server",
        "ca-certificates",
        "tzdata",
    ]

    /// Debian's name for it.
    private static let hostArchitecture: String = {
        #if arch(arm64)
        "arm64"
        #else
        "amd64"
        #endif
    }()

    package init(packer: ImagePacker, cache: String, progress: @escaping @Sendable (String) -> Void) {
        self.packer = packer
        self.cache = cache
        self.progress = progress
    }

    /// Builds a root with mmdebstrap and packs it.
    package func build(_ recipe: ImageRecipe, as image: ImageName) throws -> (
        digest: Fleet.Digest, isNew: Bool
    ) {
        let work = try Self.makeWorkDirectory(cache: cache)
        defer { work.remove() }
        let root = try Self.makeRoot(in: work)
        let debs = "\(cache)/debs"
        try FileManager.default.createDirectory(atPath: debs, withIntermediateDirectories: true)
        if let keyring = recipe.keyring, !FileManager.default.isReadableFile(atPath: keyring) {
            throw SuiteProblem.noKeyring(keyring)
        }
        progress("building \(recipe.suite)")
        // Its mounts end with its namespace, even when it is killed.
        let mmdebstrap = try Program("mmdebstrap", package: "mmdebstrap").path
        let command =
            ["--mount", "--propagation=private", mmdebstrap] + arguments(recipe, root: root, debs: debs)
        let program = try Program("unshare", package: "util-linux")
        // No initrd is built: Roost makes its own, and update-initramfs takes 20 seconds.
        do {
            try program.run(command, environment: ["INITRD": "No"], filling: cache) {
                [progress] line in
                if line.hasPrefix("I: ") || line.hasPrefix("E: ") || line.hasPrefix("W: ") {
                    progress(String(line.dropFirst(3)))
                }
            }
        } catch let failure as ProgramFailure {
            throw SuiteProblem(failure, recipe, kernel: kernel(of: recipe)) ?? failure
        }
        return try packer.pack(
            root: root, as: image, origin: "mmdebstrap \(recipe.suite)", recipe: recipe.digest)
    }

    /// Builds a Dockerfile's image and packs its root.
    package func build(_ recipe: ContainerRecipe, as image: ImageName) throws -> (
        digest: Fleet.Digest, isNew: Bool
    ) {
        let containers = try ContainerImages(cache: cache, progress: progress)
        return try containers.withRoot(of: recipe, as: image, makeBase: makeBase) { root in
            try packer.pack(
                root: root, as: image, origin: "Dockerfile \(recipe.file ?? recipe.context)",
                recipe: recipe.digest)
        }
    }

    /// A base for Dockerfiles, as a tar archive: the minimum that apt needs; services do not start and no initrd is built.
    private func makeBase(_ suite: String, _ archive: String) throws {
        try Program("mmdebstrap", package: "mmdebstrap").run(
            [
                "--mode=root", "--variant=minbase",
                "--include=ca-certificates",
                "--aptopt=Apt::Install-Recommends \"false\"", "--aptopt=Acquire::Languages \"none\"",
                "--dpkgopt=force-unsafe-io", "--dpkgopt=force-confold",
                "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
                "--dpkgopt=path-exclude=/usr/share/locale/*",
                "--essential-hook=mkdir -p \"$1\"/etc/initramfs-tools && echo update_initramfs=no >\"$1\"/etc/initramfs-tools/update-initramfs.conf",
                "--customize-hook=printf '#!/bin/sh\\nexit 101\\n' >\"$1\"/usr/sbin/policy-rc.d && chmod 755 \"$1\"/usr/sbin/policy-rc.d",
                suite, archive,
            ]
        ) { [progress] line in
            if line.hasPrefix("I: ") || line.hasPrefix("E: ") { progress(String(line.dropFirst(3))) }
        }
    }

    private func kernel(of recipe: ImageRecipe) -> String {
        recipe.kernel ?? "linux-image-\(recipe.architecture ?? Self.hostArchitecture)"
    }

    private func arguments(_ recipe: ImageRecipe, root: String, debs: String) -> [String] {
        var arguments = [
            "--mode=root", "--variant=minbase",
            "--components=\(recipe.components.joined(separator: ","))",
            "--include=\(([kernel(of: recipe)] + Self.basePackages + recipe.packages).joined(separator: ","))",
            "--aptopt=Apt::Install-Recommends \"false\"", "--aptopt=Acquire::Languages \"none\"",
            "--dpkgopt=force-unsafe-io", "--dpkgopt=force-confold",
            "--dpkgopt=path-exclude=/usr/share/man/*", "--dpkgopt=path-exclude=/usr/share/doc/*",
            "--dpkgopt=path-exclude=/usr/share/locale/*",
            "--skip=download/empty", "--skip=essential/unlink", "--skip=cleanup/apt/cache",
            "--setup-hook=mkdir -p \"$1\"/var/cache/apt/archives",
            "--setup-hook=sync-in \(debs) /var/cache/apt/archives",
            "--essential-hook=mkdir -p \"$1\"/etc/initramfs-tools && echo update_initramfs=no >\"$1\"/etc/initramfs-tools/update-initramfs.conf",
            "--customize-hook=sync-out /var/cache/apt/archives \(debs)",
            "--customize-hook=rm -f \"$1\"/var/cache/apt/archives/*.deb \"$1\"/etc/ssh/ssh_host_*",
        ]
        arguments += recipe.scripts.map { "--customize-hook=\($0)" }
        if let architecture = recipe.architecture { arguments.append("--architectures=\(architecture)") }
        if let keyring = recipe.keyring { arguments.append("--keyring=\(keyring)") }
        return arguments + [recipe.suite, root] + recipe.mirrors
    }

    /// The root's top directory, with the usual mode and owner.
    static func makeRoot(in work: WorkDirectory) throws -> String {
        let root = "\(work.path)/root"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: root)
        return root
    }

    /// A fresh directory in `cache`, for a root that is not packed yet.
    static func makeWorkDirectory(cache: String) throws -> WorkDirectory {
        try WorkDirectory(in: cache, prefix: "root-")
    }
}
