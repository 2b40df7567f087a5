package import Fleet
import Foundation
import Linux

/// Runs a command or a shell in a copy-on-write clone of a version; when it succeeds, the clone becomes the next version.
///
/// Callers must be root, in a mount namespace of their own: nothing stays mounted, however this ends. The command runs in its own process
/// namespace, so that no service outlives it.
package struct MaintenanceShell {
    private let packer: ImagePacker
    private let store: ImageStore
    private let cache: String
    private let progress: @Sendable (String) -> Void

    package init(
        packer: ImagePacker, store: ImageStore, cache: String, progress: @escaping @Sendable (String) -> Void
    ) {
        self.packer = packer
        self.store = store
        self.cache = cache
        self.progress = progress
    }

    /// It exited with a status other than 0: nothing is published.
    package struct Dropped: Error, CustomStringConvertible {
        package var status: Int32
        package var description: String {
            "it ended with status \(status): the clone is discarded, nothing is published"
        }
    }

    /// The clone equals the version.
    package struct Unchanged: Error, CustomStringConvertible {
        package var description: String { "nothing was changed: nothing is published" }
    }

    /// Updates all packages, including the kernel, with the image's own package manager.
    package static let upgradeCommand = [
        "/bin/sh", "-ec",
        """
        if command -v apt-get >/dev/null; then
            export DEBIAN_FRONTEND=noninteractive INITRD=No
            apt-get update
            apt-get -y -o Dpkg::Options::=--force-confold full-upgrade
            apt-get -y --purge autoremove
        elif command -v dnf >/dev/null; then dnf -y upgrade --refresh && dnf -y autoremove
        elif command -v zypper >/dev/null; then zypper -n dist-upgrade
        elif command -v pacman >/dev/null; then pacman -Syu --noconfirm
        elif command -v apk >/dev/null; then apk upgrade --update-cache
        else
            echo 'the image has no package manager that is known here' >&2
            exit 1
        fi
        """,
    ]

    /// Files added to the clone while the command runs, which do not belong in the image.
    private static let ours = ["etc/resolv.conf", "usr/sbin/policy-rc.d"]

    /// Runs `command` in a clone of `version`, on this terminal, and packs the clone.
    ///
    /// - Parameters:
    ///   - command: empty for a shell.
    ///   - isShellKept: whether to publish the changes of a shell that exited with a status other than 0. That status comes from its last
    ///   command, which says little about the work before.
    package func run(
        _ command: [String], in version: ImageVersion, isShellKept: (_ status: Int32) -> Bool
    ) throws -> (digest: Fleet.Digest, isNew: Bool) {
        let work = try ImageBuilder.makeWorkDirectory(cache: cache)
        defer { clear(work) }
        let place = work.path
        let root = "\(place)/root"
        try mountClone(of: version, at: place, root: root)
        let directory = RootDirectory(path: root)
        let mounted = try mountHost(in: directory)
        let added = try prepare(directory)
        progress("in a clone of \(version.image)@\(version.number)")
        let shell = FileManager.default.fileExists(atPath: "\(root)/bin/bash") ? "/bin/bash" : "/bin/sh"
        let status = try ForegroundProgram.run(
            [
                "/usr/bin/unshare", "--pid", "--fork", "--kill-child",
                "--mount-proc=\(try directory.makeDirectory("proc"))",
                "--",
                // The kernel shields a namespace's first process from Ctrl-C: that is this host's shell, which waits for the command.
                "/bin/sh", "-c", #""$@"; exit $?"#, "sh",
                "/usr/sbin/chroot", root, "/usr/bin/env", "-i", "HOME=/root", "PATH=\(Self.path)",
                "TERM=\(ProcessInfo.processInfo.environment["TERM"] ?? "dumb")",
            ] + (command.isEmpty ? [shell] : command))
        guard status == 0 || command.isEmpty else { throw Dropped(status: status) }
        // Their present paths: the command may have moved a parent directory.
        for (name, parent) in added {
            if let path = directory.entry(name, of: parent) {
                try? FileManager.default.removeItem(atPath: path)
            }
        }
        for path in mounted.reversed() { try unmount(path) }
        guard try hasChanges("\(place)/upper", over: "\(place)/lower") else { throw Unchanged() }
        guard status == 0 || isShellKept(status) else { throw Dropped(status: status) }
        let what = command.isEmpty ? "shell" : command == Self.upgradeCommand ? "upgrade" : "command"
        return try packer.pack(
            root: root, as: version.image, origin: "\(what) in \(version.image)@\(version.number)",
            base: version.manifest)
    }

    private static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    /// The attributes, besides its name, in which directories can differ.
    private static let directoryAttributes: [FileAttributeKey] = [
        .posixPermissions, .ownerAccountID, .groupOwnerAccountID,
    ]

    private func mountClone(of version: ImageVersion, at place: String, root: String) throws {
        for name in ["lower", "upper", "work", "root"] {
            try FileManager.default.createDirectory(
                atPath: "\(place)/\(name)", withIntermediateDirectories: false)
        }
        try mount([
            "-t", "squashfs", "-o", "ro,nosuid,nodev,loop", "\(store.path(of: version))/root.squashfs",
            "\(place)/lower",
        ])
        // The clone's root directory is the upper one, with the image's attributes.
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(place)/lower")
        try FileManager.default.setAttributes(
            attributes.filter { Self.directoryAttributes.contains($0.key) }, ofItemAtPath: "\(place)/upper")
        try mount([
            "-t", "overlay", "-o",
            "lowerdir=\(place)/lower,upperdir=\(place)/upper,workdir=\(place)/work", "roost", root,
        ])
    }

    /// Devices, and packages from earlier builds. Links in the image are untrusted: none may lead to this host's directories.
    ///
    /// - Returns: the present mount points.
    private func mountHost(in root: RootDirectory) throws -> [String] {
        _ = try root.makeDirectory("tmp")
        var mounts = [
            ("dev", ["--rbind", "/dev"]), ("sys", ["-t", "sysfs", "-o", "ro", "sys"]),
            ("run", ["-t", "tmpfs", "-o", "mode=0755", "run"]),
        ]
        if root.contains("usr/bin/apt-get") {
            let packages = "\(cache)/debs"
            try FileManager.default.createDirectory(atPath: packages, withIntermediateDirectories: true)
            mounts.append(("var/cache/apt/archives", ["--bind", packages]))
        }
        return try mounts.map { name, arguments in
            let path = try root.makeDirectory(name)
            try mount(arguments + [path])
            return path
        }
    }

    /// Name resolution, and no services.
    ///
    /// - Returns: the files added, and their directories.
    private func prepare(_ root: RootDirectory) throws -> [(name: String, directory: String)] {
        let files = FileManager.default
        _ = try root.makeDirectory("etc")
        if let path = root.entry("resolv.conf", of: "etc") {
            // It may be a link to a file that exists only on a running system.
            try? files.removeItem(atPath: path)
            let resolver = files.contents(atPath: "/etc/resolv.conf") ?? Data()
            try WholeFile.writeForNow(path, [UInt8](resolver))
        }
        guard let policy = root.entry("policy-rc.d", of: "usr/sbin"),
            (try? files.attributesOfItem(atPath: policy)) == nil
        else { return [("resolv.conf", "etc")] }
        try WholeFile.writeForNow(policy, Array("#!/bin/sh\nexit 101\n".utf8))
        try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: policy)
        return [("resolv.conf", "etc"), ("policy-rc.d", "usr/sbin")]
    }

    /// Whether the upper layer contains anything that would be packed, even unchanged: a package manager with nothing to do opens its locks
    /// for writing. Directories above a written file are in it as well.
    private func hasChanges(_ upper: String, over lower: String) throws -> Bool {
        let fleeting = [
            "var/cache/", "var/lib/apt/lists/", "tmp/", "run/", "var/tmp/", "dev/", "proc/", "sys/",
        ]
        guard let names = FileManager.default.enumerator(atPath: upper) else { return false }
        while let name = names.nextObject() as? String {
            if Self.ours.contains(name) || fleeting.contains(where: { name.hasPrefix($0) }) { continue }
            let attributes = names.fileAttributes ?? [:]
            guard attributes[.type] as? FileAttributeType == .typeDirectory,
                Self.isSameDirectory(
                    attributes, try? FileManager.default.attributesOfItem(atPath: "\(lower)/\(name)"))
            else { return true }
        }
        return false
    }

    private static func isSameDirectory(_ one: [FileAttributeKey: Any], _ other: [FileAttributeKey: Any]?)
        -> Bool
    {
        guard let other, other[.type] as? FileAttributeType == .typeDirectory else { return false }
        return directoryAttributes.allSatisfy { one[$0] as? Int == other[$0] as? Int }
    }

    private func clear(_ work: WorkDirectory) {
        let root = "\(work.path)/root"
        try? unmount(root)
        try? unmount("\(work.path)/lower")
        // This host's devices are below it while it is mounted.
        guard unsafe rmdir(root) == 0 || errno == ENOENT else { return }
        work.remove()
    }

    private func mount(_ arguments: [String]) throws {
        try Program("mount", package: "mount").run(arguments)
    }

    private func unmount(_ path: String) throws {
        try Program("umount", package: "mount").run(["--recursive", "--lazy", path], isCleanup: true)
    }
}
