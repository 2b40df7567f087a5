import Foundation

/// The distribution that a root is of, as far as what it lacks can be had from it (os-release(5)).
struct Distribution {
    private let names: Set<Substring>
    private let architecture: String

    /// - Parameter architecture: of the kernel or the root, as Debian calls it.
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
    }

    /// What is asked for, and the distributions' commands for it. The first that is among the names is taken.
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

    /// The command that brings it, to be run in the root; nil for distributions that are not known.
    ///
    /// - Parameter release: of the kernel that lacks modules.
    func command(for want: Want, release: KernelRelease? = nil) -> String? {
        guard let found = Self.commands.first(where: { !$0.names.isDisjoint(with: names) }) else {
            return nil
        }
        let command =
            switch want {
            case .kernel: found.kernel
            // A flavour of a kernel, for clouds say, has fewer of them; the plain one has all.
            case .moreModules: found.moreModules ?? found.kernel
            case .initSystem: found.initSystem
            }
        return command.replacing("ARCHITECTURE", with: architecture).replacing(
            "RELEASE", with: release?.text ?? "")
    }

    /// The same as words of advice.
    func advice(for want: Want, release: KernelRelease? = nil) -> String {
        if let command = command(for: want, release: release) { return "install it in the root: \(command)" }
        return switch want {
        case .kernel: "install its distribution's kernel package, with modules"
        case .moreModules: "install a full kernel package of its distribution"
        case .initSystem: "install its distribution's init"
        }
    }
}
