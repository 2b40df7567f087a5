import Foundation

/// The distribution of a root (os-release(5)), as far as missing packages can be installed from it.
struct Distribution {
    private let names: Set<Substring>
    private let architecture: String
    private let nix: NixSystem

    /// - Parameter architecture: of the kernel or the root, as Debian names it.
    init(_ root: RootDirectory, architecture: String) {
        let text = root.text(of: "etc/os-release") ?? root.text(of: "usr/lib/os-release") ?? ""
        var names: Set<Substring> = []
        for line in text.split(separator: "\n") where line.hasPrefix("ID=") || line.hasPrefix("ID_LIKE=") {
            let value = line.split(separator: "=", maxSplits: 1).last ?? ""
            names.formUnion(value.split { $0 == " " || $0 == "\"" || $0 == "'" })
        }
        if root.contains("etc/apt/sources.list.d/raspi.list")
            || root.contains("etc/apt/sources.list.d/raspi.sources")
        {
            names.insert("raspbian")
        }
        self.names = names
        self.architecture = architecture
        nix = NixSystem(root)
    }

    /// A requested package, and the distributions' commands for it. The first matching name is used.
    enum Want { case kernel, moreModules, initSystem }

    private static let commands:
        [(names: Set<Substring>, kernel: String, moreModules: String?, initSystem: String)] = [
            (["raspbian"], "apt install linux-image-rpi-v8", nil, "apt install systemd-sysv"),
            (
                ["ubuntu"], "apt install linux-image-generic", "apt install linux-modules-extra-RELEASE",
                "apt install systemd-sysv"
            ),
            (["debian"], "apt install linux-image-ARCHITECTURE", nil, "apt install systemd-sysv"),
            (
                ["fedora", "rhel", "centos"], "dnf install kernel kernel-modules",
                "dnf install kernel-modules-RELEASE kernel-modules-extra-RELEASE", "dnf install systemd"
            ),
            (
                ["suse", "opensuse", "sles"], "zypper install kernel-default", nil,
                "zypper install systemd-sysvinit"
            ),
            (["arch"], "pacman -S linux", nil, "pacman -S systemd-sysvcompat"),
            (["alpine"], "apk add linux-lts", nil, "apk add openrc busybox-openrc"),
            (["gentoo"], "emerge sys-kernel/gentoo-kernel-bin", nil, "emerge sys-apps/systemd"),
            (["void"], "xbps-install linux", nil, "xbps-install runit-void"),
        ]

    /// The command that installs it, run in the root; nil for unknown distributions.
    ///
    /// - Parameter release: of the kernel that lacks modules.
    func command(for want: Want, release: KernelRelease? = nil) -> String? {
        guard let found = Self.commands.first(where: { !$0.names.isDisjoint(with: names) }) else {
            return nil
        }
        let command =
            switch want {
            case .kernel: found.kernel
            // A special kernel, such as one for clouds, has fewer modules; the plain one has them all.
            case .moreModules: found.moreModules ?? found.kernel
            case .initSystem: found.initSystem
            }
        return command.replacing("ARCHITECTURE", with: architecture).replacing(
            "RELEASE", with: release?.text ?? "")
    }

    /// The same as advice in words.
    func advice(for want: Want, release: KernelRelease? = nil) -> String {
        if let own = nix.advice(for: want) { return own }
        if let command = command(for: want, release: release) { return "install it in the root: \(command)" }
        return switch want {
        case .kernel: "install its distribution's kernel package, with modules"
        case .moreModules: "install a full kernel package of its distribution"
        case .initSystem: "install its distribution's init"
        }
    }
}
