import Foundation

/// What kind of image a file or directory holds.
package enum ImageSource {
    /// Whether something of it has to be mounted to be read: a directory that is the root itself is simply there.
    package static func needsMounts(_ path: String) -> Bool {
        !FileManager.default.fileExists(atPath: "\(path)/.")
            || FileManager.default.fileExists(atPath: "\(path)/oci-layout")
    }

    /// Whether it is a disk with partitions or a file system on it.
    package static func isDisk(_ path: String) -> Bool { (try? DiskImage.format(of: path)) != nil }

    /// How buildah calls the container image at `path`; nil when it holds none.
    static func containerPlace(of path: String, isDirectory: Bool) throws -> String? {
        if isDirectory {
            return FileManager.default.fileExists(atPath: "\(path)/oci-layout") ? "oci:\(path)" : nil
        }
        guard !isSquashfs(path), try !beginsLikeRoot(path) else { return nil }
        let members = try members(of: path, among: ["oci-layout", "manifest.json"])
        if members.contains("oci-layout") { return "oci-archive:\(path)" }
        if members.contains("manifest.json") { return "docker-archive:\(path)" }
        return nil
    }

    /// `hsqs` at the beginning (squashfs 4.0, little endian).
    static func isSquashfs(_ path: String) -> Bool {
        guard let file = FileHandle(forReadingAtPath: path) else { return false }
        return (try? file.read(upToCount: 4)) == Data("hsqs".utf8)
    }

    /// Whether a tar archive's first entries are those of a root, and the other many gigabytes need not be looked through.
    private static func beginsLikeRoot(_ archive: String) throws -> Bool {
        let listing = try Program("sh", package: "dash").confined(Confinement(reads: [archive])).run(
            ["-c", "tar --list --file \"$1\" 2>/dev/null | head -n 64", "sh", archive])
        let roots: Set<Substring> = [
            "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root", "run",
            "sbin",
            "srv", "sys", "tmp", "usr", "var",
        ]
        return String(decoding: listing, as: UTF8.self).split(separator: "\n").contains { line in
            line.split(separator: "/").first { $0 != "." }.map(roots.contains) ?? false
        }
    }

    /// Which of `names` lie at the top of a tar archive; none when it is none.
    private static func members(of archive: String, among names: [String]) throws -> Set<String> {
        let wanted = names.flatMap { [$0, "./\($0)"] }
        // tar fails for each name that is not there; whether the archive is good shows when it is unpacked.
        let listing = try Program("sh", package: "dash").confined(Confinement(reads: [archive])).run(
            ["-c", "tar --list --file \"$@\" 2>/dev/null || true", "sh", archive] + wanted)
        return Set(
            String(decoding: listing, as: UTF8.self).split(separator: "\n").map {
                $0.hasPrefix("./") ? String($0.dropFirst(2)) : String($0)
            })
    }
}
