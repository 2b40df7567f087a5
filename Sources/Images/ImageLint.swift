import Foundation
import Linux

/// What a root should not contain, or lacks; checked before it is packed.
package struct ImageLint: Sendable {
    /// The rules that can be switched off by name.
    package enum Rule: String, Sendable, CaseIterable {
        case noInit = "init"
        case privateKeys = "private-keys"
        case setUserID = "setuid"
        case otherKernels = "kernels"
        case sockets, caches

        /// Whether such a finding refuses the version; others are only reported.
        var isRefused: Bool { [.noInit, .privateKeys, .setUserID].contains(self) }
    }

    package struct Finding: Equatable, Sendable, CustomStringConvertible {
        package var rule: Rule
        package var text: String
        /// What to do about it.
        package var fix: String

        package var description: String { "\(text): \(fix), or allow it with --allow \(rule.rawValue)" }
    }

    /// Findings that refuse a version, all of them.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        package var findings: [Finding]
        package var description: String { findings.map(\.description).joined(separator: "\n") }
    }

    /// A key is in a file of a few kilobytes, in one of these directories.
    private static let keyByteLimit = 64 * 1024
    private static let keyDirectories = ["etc/", "root/", "home/", "opt/", "srv/", "var/lib/", "usr/local/"]
    /// Left out of the image, or public by design.
    private static let harmlessKeys = ["etc/ssh/ssh_host_", "etc/ssl/private/ssl-cert-snakeoil.key"]
    private static let cacheDirectories = [
        "var/cache/dnf", "var/cache/yum", "var/cache/zypp", "var/cache/pacman/pkg", "var/cache/apk",
        "root/.cache", "usr/src",
    ]

    /// Top-level directories whose content is not part of the image.
    static let foreignDirectories: Set<String> = ["dev", "proc", "sys", "run", "tmp"]

    private let root: String
    private let allowed: Set<Rule>

    package init(root: String, allowed: Set<Rule>) {
        self.root = root
        self.allowed = allowed
    }

    /// Throws when a finding refuses the root.
    ///
    /// - Returns: findings that are only reported.
    package func check() throws -> [Finding] {
        let findings = try all().filter { !allowed.contains($0.rule) }
        let refused = findings.filter(\.rule.isRefused)
        guard refused.isEmpty else { throw Refusal(findings: refused) }
        return findings
    }

    private func all() throws -> [Finding] {
        var findings = kernels() + caches()
        let inits = ["sbin/init", "usr/sbin/init", "usr/lib/systemd/systemd", "lib/systemd/systemd"]
        let directory = RootDirectory(path: root)
        if !inits.contains(where: directory.contains) {
            findings.append(
                Finding(
                    rule: .noInit, text: "there is no init in the image",
                    fix: Distribution(directory, architecture: "amd64").advice(for: .initSystem)))
        }
        var (keys, privileged, sockets): ([String], [String], [String]) = ([], [], [])
        // A root has a hundred thousand files, so each gets a single system call.
        DirectoryListing.walk(root) { entry in
            let name = entry.path
            if entry.kind == S_IFSOCK { sockets.append(name) }
            if entry.kind == S_IFREG {
                if entry.mode & 0o6000 != 0, entry.mode & 0o111 != 0 { privileged.append(name) }
                if entry.byteCount <= Self.keyByteLimit, isPrivateKey(name) { keys.append(name) }
            }
            return !Self.foreignDirectories.contains(name)
        }
        (keys, privileged, sockets) = (keys.sorted(), privileged.sorted(), sockets.sorted())
        findings.append(
            .privateKeys, keys, "private keys in the image, which every machine can read",
            "remove them; the setting files gives each node its own")
        findings.append(
            .setUserID, unowned(privileged), "setuid and setgid programs that belong to no package",
            "chmod u-s,g-s")
        findings.append(.sockets, sockets, "sockets of programs that ran in it", "remove them")
        return findings
    }

    private func isPrivateKey(_ name: String) -> Bool {
        guard Self.keyDirectories.contains(where: { name.hasPrefix($0) }),
            !Self.harmlessKeys.contains(where: { name.hasPrefix($0) }),
            let file = FileHandle(forReadingAtPath: "\(root)/\(name)"),
            let beginning = try? file.read(upToCount: 64)
        else { return false }
        let text = String(decoding: beginning, as: UTF8.self)
        return text.hasPrefix("-----BEGIN ") && text.contains("PRIVATE KEY-----")
    }

    /// Files that no package of the distribution installed; if its records cannot be read, files outside the usual places.
    private func unowned(_ names: [String]) -> [String] {
        guard !names.isEmpty else { return [] }
        let (directory, records) = (RootDirectory(path: root), "var/lib/dpkg/info")
        let lists = directory.names(in: records)
        guard !lists.isEmpty else {
            let places = ["usr/bin/", "usr/sbin/", "usr/lib", "bin/", "sbin/", "lib", "usr/libexec/"]
            return names.filter { name in !places.contains { name.hasPrefix($0) } }
        }
        // Packages still list /bin/su, which is now in /usr/bin.
        var places: [Substring: String] = [:]
        for name in names {
            places[name[...]] = name
            if name.hasPrefix("usr/") { places[name.dropFirst(4)] = name }
        }
        var left = Set(names)
        for list in lists where list.hasSuffix(".list") {
            guard let text = directory.text(of: "\(records)/\(list)") else { continue }
            for line in text.split(separator: "\n") {
                if let name = places[line.dropFirst()] { left.remove(name) }
            }
        }
        return left.sorted()
    }

    /// With several kernels, the import itself reports which one nodes boot.
    private func kernels() -> [Finding] {
        let search = KernelSearch(root: root)
        var findings: [Finding] = []
        if search.kernels.count > 1 {
            findings.append(
                .otherKernels, search.kernels.map(\.release.text), "several kernels, of which nodes boot one",
                "remove the others to save space (--kernel names the one to take)")
        }
        // A kernel without modules may be a copy of one that has them.
        let orphans = search.withoutModules.filter { place in
            let release = place.split(separator: "/").last.flatMap { KernelName(String($0)) }?.release
            return release.map { !search.withoutIndex.map(\.text).contains($0) } ?? false
        }
        findings.append(
            .otherKernels, orphans, "kernels without their modules",
            "install their modules, or remove them")
        findings.append(
            .otherKernels, search.withoutKernel.map(\.text), "modules without their kernel",
            "install it, or remove them")
        findings.append(
            .otherKernels, search.withoutIndex.map(\.text), "kernels whose modules depmod has not listed",
            "run depmod, or remove them")
        return findings
    }

    private func caches() -> [Finding] {
        let full = Self.cacheDirectories.filter { name in
            var hasFile = false
            DirectoryListing.walk("\(root)/\(name)") { entry in
                hasFile = hasFile || entry.kind == S_IFREG
                return !hasFile
            }
            return hasFile
        }
        var findings: [Finding] = []
        findings.append(
            .caches, full, "leftovers of package managers and compilers", "remove them to save space")
        return findings
    }
}

extension [ImageLint.Finding] {
    /// Empty when there are no names.
    fileprivate mutating func append(
        _ rule: ImageLint.Rule, _ names: some Collection<String>, _ text: String, _ fix: String
    ) {
        guard !names.isEmpty else { return }
        let limit = 8
        let shown = names.prefix(limit).joined(separator: ", ")
        let more = names.count > limit ? " and \(names.count - limit) more" : ""
        append(ImageLint.Finding(rule: rule, text: "\(text) (\(shown)\(more))", fix: fix))
    }
}
