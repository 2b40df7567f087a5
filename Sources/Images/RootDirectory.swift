import Foundation
import Linux

/// A root file system other than our own. Links are followed as that system would follow them: they never lead out of it, to files of this
/// machine.
struct RootDirectory {
    let path: String

    /// The number of links that the kernel follows in one path (path_resolution(7)).
    private static let linkLimit = 40

    /// The path on this machine of a file or directory in this root, with all links followed; nil when missing. Pipes, sockets and devices
    /// count as missing: opening them could block, or have effects.
    func place(of name: String) -> String? {
        guard let path = resolved(name), let status = FileStatus(path, follows: true),
            status.isFile || status.isDirectory
        else { return nil }
        return path
    }

    /// The path on this machine of a directory in this root, with all links followed; created when missing.
    func makeDirectory(_ name: String) throws -> String {
        guard let path = resolved(name) else { throw ImageLacks("links in \(path) form a loop: /\(name)") }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// The path on this machine of a directory entry, even if it is a link or does not exist yet; nil if the directory is missing.
    func entry(_ name: String, of directory: String) -> String? {
        place(of: directory).map { "\($0)/\(name)" }
    }

    /// Follows all links, even to missing targets; nil for a loop.
    private func resolved(_ name: String) -> String? {
        var (ahead, behind): ([Substring], [Substring]) = (name.split(separator: "/").reversed(), [])
        var linkCount = 0
        while let part = ahead.popLast() {
            if part == "." { continue }
            if part == ".." {
                _ = behind.popLast()
                continue
            }
            let here = path + "/" + (behind + [part]).joined(separator: "/")
            guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: here) else {
                behind.append(part)
                continue
            }
            linkCount += 1
            guard linkCount <= Self.linkLimit else { return nil }
            if target.hasPrefix("/") { behind = [] }
            ahead += target.split(separator: "/").reversed()
        }
        return behind.isEmpty ? path : path + "/" + behind.joined(separator: "/")
    }

    /// Whether a system may lie in it, or in a directory of it: all have one of these.
    ///
    /// - Parameter prefix: the directory, with a slash behind it.
    func holdsSystem(in prefix: String = "") -> Bool {
        ["etc", "usr", "nix/store", "gnu/store"].contains { contains("\(prefix)\($0)") }
    }

    func contains(_ name: String) -> Bool { place(of: name) != nil }

    /// A file's text; nil when there is none, or it is not UTF-8.
    func text(of name: String) -> String? {
        place(of: name).flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
    }

    /// The names in a directory; empty when there is no such directory.
    func names(in directory: String) -> [String] {
        place(of: directory).flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) } ?? []
    }
}
