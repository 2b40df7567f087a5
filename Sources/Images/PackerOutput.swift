import Foundation
import Linux

/// What mksquashfs prints while it packs a root: its progress, and the attributes that it cannot store.
final class PackerOutput: @unchecked Sendable {
    // Sendable: every access holds the lock.
    private let lock = NSLock()
    private let progress: @Sendable (String) -> Void
    private var last = -10
    /// Extended attributes that a squashfs cannot hold, by name.
    private var unknown: Set<String> = []

    init(progress: @escaping @Sendable (String) -> Void) { self.progress = progress }

    /// It redraws its bar after a carriage return: `[===   ] 1200/9800  12%`.
    func line(_ text: String) {
        if let match = text.firstMatch(of: /Unrecognised xattr prefix (\S+)/) {
            lock.withLock { _ = unknown.insert(String(match.1)) }
        }
        guard text.hasSuffix("%"),
            let number = text.dropLast().split(separator: " ").last.flatMap({ Int($0) })
        else { return }
        let isNews = lock.withLock {
            guard number >= last + 10 else { return false }
            last = number
            return true
        }
        if isNews { progress("packing the root file system: \(number) %") }
    }

    /// One line per kind of lost attribute, with the files that had one.
    func losses(of root: String) -> [String] {
        let unknown = lock.withLock { self.unknown }
        guard !unknown.isEmpty else { return [] }
        var files: [String: [String]] = [:]
        DirectoryListing.walk(root) { entry in
            for name in FileStatus.attributeNames(of: "\(root)/\(entry.path)") where unknown.contains(name) {
                files[name, default: []].append(entry.path)
            }
            return !ImageLint.foreignDirectories.contains(entry.path)
        }
        return files.sorted { $0.key < $1.key }.map { name, files in
            let kind = name.hasPrefix("system.posix_acl") ? "access control lists" : "extended attributes"
            return "note: \(kind) (\(name)) are left out, because an image cannot hold them: "
                + UnpackedLosses.shown(files.sorted())
        }
    }
}
