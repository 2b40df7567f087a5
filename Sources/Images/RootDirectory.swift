import Foundation
import Linux

/// A root file system that is not the one we run in. Its links are followed as it would follow them itself: they never lead out of it,
/// to files of this machine that an image has no business with.
struct RootDirectory {
    let path: String

    /// As many links as the kernel follows in one path (path_resolution(7)).
    private static let linkLimit = 40

    /// Where a file or directory of this root is on this machine, all links followed; nil when there is nothing. Pipes, sockets and devices
    /// are nothing: to open them could take for ever, or do something.
    func place(of name: String) -> String? {
        guard let path = resolved(name), let status = FileStatus(path, follows: true),
            status.isFile || status.isDirectory
        else { return nil }
        return path
    }

    /// Where a directory of this root is on this machine, all links followed; it is made when there is none.
    func makeDirectory(_ name: String) throws -> String {
        guard let path = resolved(name) else { throw ImageLacks("links in \(path) lead round: /\(name)") }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    /// Where an entry of a directory is on this machine, be it a link itself, or not there yet; nil without the directory.
    func entry(_ name: String, of directory: String) -> String? {
        place(of: directory).map { "\($0)/\(name)" }
    }

    /// All links followed, also those to what is not there; nil when they lead round.
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

    func contains(_ name: String) -> Bool { place(of: name) != nil }

    /// A file's text; nil when there is none, or it is not UTF-8.
    func text(of name: String) -> String? {
        place(of: name).flatMap { try? String(contentsOfFile: $0, encoding: .utf8) }
    }

    /// The names in a directory; none when there is no such directory.
    func names(in directory: String) -> [String] {
        place(of: directory).flatMap { try? FileManager.default.contentsOfDirectory(atPath: $0) } ?? []
    }
}
