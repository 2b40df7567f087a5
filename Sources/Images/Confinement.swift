import Foundation
import Glibc

/// The sandbox of a program that reads untrusted bytes: the system's programs, its input and output, and no network. It sees no other files
/// or processes and has no rights except those named here; bubblewrap (bwrap(1)) enforces that.
package struct Confinement: Sendable {
    /// Files and directories that it can read, with everything mounted below them.
    package var reads: [String]
    /// Files and directories that it can change.
    package var writes: [String]
    package var rights = Rights.none
    /// Bytes of memory of its own (RLIMIT_DATA), for it and each program that it starts: a few bytes of an archive can ask for all that the host has.
    package var memoryByteLimit: Int? = Self.usualMemory
    /// The path at which it finds its standard input as a file, so that nothing is looked up by name; nil: it reads none.
    package var inputPath: String?

    /// Half of the host's memory, but no less than a gibibyte, and no more than four.
    private static let usualMemory: Int = {
        let (pages, size) = (sysconf(Int32(_SC_PHYS_PAGES)), sysconf(Int32(_SC_PAGESIZE)))
        return min(max(pages * size / 2, 1 << 30), 4 << 30)
    }()

    /// Capabilities of root that a program keeps.
    package enum Rights: Sendable {
        /// It owns what it is given.
        case none
        /// Reads files of any owner.
        case reading
        /// Sets owners, modes and capabilities, as the files of a root need; creates no devices.
        case ownership

        fileprivate var capabilities: [String] {
            switch self {
            case .none: []
            case .reading: ["CAP_DAC_READ_SEARCH"]
            case .ownership: ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_SETFCAP"]
            }
        }
    }

    package init(
        reads: [String] = [], writes: [String] = [], rights: Rights = .none, inputPath: String? = nil
    ) {
        self.reads = reads
        self.writes = writes
        self.rights = rights
        self.inputPath = inputPath
    }

    /// The words before those of the program.
    ///
    /// - Parameter environment: added to the common environment.
    func arguments(_ environment: [String: String]) -> [String] {
        var words = [
            "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
            "--new-session", "--cap-drop", "ALL",
        ]
        // Without root it gets a user namespace, in which there is no other user to own files.
        if geteuid() == 0 { words += rights.capabilities.flatMap { ["--cap-add", $0] } }
        words += [
            "--clearenv", "--setenv", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "--setenv", "LC_ALL",
            "C.UTF-8",
        ]
        for (name, value) in environment { words += ["--setenv", name, value] }
        words += [
            "--ro-bind", "/usr", "/usr", "--ro-bind-try", "/sys/devices/system/cpu",
            "/sys/devices/system/cpu",
        ]
        for name in ["bin", "sbin", "lib", "lib32", "lib64", "libx32"] {
            if let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "/\(name)") {
                words += ["--symlink", target, "/\(name)"]
            } else if FileManager.default.fileExists(atPath: "/\(name)") {
                words += ["--ro-bind", "/\(name)", "/\(name)"]
            }
        }
        // File system tools refuse to work when they cannot check what is mounted.
        words += ["--dev", "/dev", "--symlink", "/dev/null", "/etc/mtab", "--tmpfs", "/tmp"]
        if let inputPath { words += ["--ro-bind", "/proc/self/fd/0", inputPath] }
        for path in reads { words += ["--ro-bind", path, path] }
        for path in writes { words += ["--bind", path, path] }
        words += ["--chdir", "/", "--"]
        return words + (memoryByteLimit.map { ["prlimit", "--data=\($0)", "--core=0", "--"] } ?? [])
    }

    /// Throws when this host cannot confine programs.
    package static func check() throws {
        try Program("true", package: "coreutils").confined(Confinement()).run([])
    }
}

/// The host refuses to confine a program, so the program did not run.
package struct ConfinementRefused: Error, CustomStringConvertible {
    package var program: String
    /// The output of bubblewrap.
    package var reason: String

    package var description: String {
        """
        ‘\(program)’ was not run, because it reads untrusted data and cannot be confined here: \(reason)
        bubblewrap needs namespaces: in a container allow them (CAP_SYS_ADMIN), in a systemd unit set RestrictNamespaces as in \
        roost.service, and where only some programs may make user namespaces (sysctl kernel.apparmor_restrict_unprivileged_userns, \
        kernel.unprivileged_userns_clone) allow them for /usr/bin/bwrap
        """
    }
}
