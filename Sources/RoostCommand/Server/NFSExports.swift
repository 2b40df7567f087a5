import Commands
import ConfigurationFile
import Foundation
import Glibc
import Images
import Wire

/// A directory that an NFS server exports.
struct NFSExport: Equatable, Sendable {
    var path: String
    /// Addresses and networks, in the notation of exports(5) and Ganesha.
    var clients: [String]
    var isWritable = false
}

/// The NFS server that Roost writes exports for, in a file of its own.
enum NFSServer: String, Sendable, CaseIterable {
    /// The kernel's, with nfs-utils.
    case kernel
    /// NFS-Ganesha, with its FSAL VFS.
    case ganesha

    /// The installed one.
    static var installed: Self? {
        let files = FileManager.default
        if files.isExecutableFile(atPath: "/usr/sbin/exportfs") { return .kernel }
        return files.isExecutableFile(atPath: "/usr/bin/ganesha.nfsd") ? .ganesha : nil
    }

    /// A file that only Roost writes.
    var standardFile: String {
        switch self {
        case .kernel: "/etc/exports.d/roost.exports"
        case .ganesha: "/etc/ganesha/roost.conf"
        }
    }

    private static let notice = "Written by Roost; changes are lost."

    /// The content of the file.
    ///
    /// - Parameter previous: the present contents: Ganesha identifies exports by numbers, which must not change.
    func text(_ exports: [NFSExport], previous: String) -> String {
        switch self {
        case .kernel: Self.exports(exports)
        case .ganesha: Self.ganesha(exports, previous: previous)
        }
    }

    /// exports(5). There is no other file system below, so nothing is crossed; the nodes' root writes as root.
    private static func exports(_ exports: [NFSExport]) -> String {
        exports.reduce("# \(notice)\n") { text, export in
            let options = "\(export.isWritable ? "rw,sync" : "ro,async"),no_root_squash,no_subtree_check"
            return text + "\"\(export.path)\"" + export.clients.map { " \($0)(\(options))" }.joined() + "\n"
        }
    }

    private static func ganesha(_ exports: [NFSExport], previous: String) -> String {
        var numbers: [String: Int] = [:]
        for match in previous.matches(of: /Export_Id = ([0-9]+); Path = "([^"]*)"/) {
            numbers[String(match.2)] = Int(match.1)
        }
        // Lower numbers are for people.
        var next = max(7_000, numbers.values.max() ?? 0)
        return exports.reduce("# \(notice)\n") { text, export in
            let number = numbers[export.path] ?? next + 1
            next = max(next, number)
            return text + """
                EXPORT {
                  Export_Id = \(number); Path = "\(export.path)"; Pseudo = "\(export.path)";
                  Protocols = 4; Transports = TCP; SecType = sys; Squash = No_Root_Squash; Access_Type = None;
                  FSAL { Name = VFS; }
                  CLIENT { Clients = \(export.clients.joined(separator: ", ")); Access_Type = \(export.isWritable ? "RW" : "RO"); }
                }

                """
        }
    }

    /// Makes the server read the file again, without disturbing clients.
    ///
    /// - Parameter pidFiles: where ganesha.nfsd may have written its process ID.
    func reload(pidFiles: [String]) throws {
        switch self {
        case .kernel: try Program("exportfs", package: "nfs-kernel-server").run(["-ra"])
        case .ganesha:
            guard let pid = pidFiles.lazy.compactMap(Self.ganesha).first, kill(pid, SIGHUP) == 0 else {
                throw Failure(
                    text:
                        "NFS-Ganesha is not running (\(pidFiles.joined(separator: ", "))); start it: systemctl start nfs-ganesha",
                    code: 1)
            }
        }
    }

    /// The process ID of the ganesha.nfsd that wrote `pidFile`; nil when it no longer runs.
    private static func ganesha(_ pidFile: String) -> Int32? {
        guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8),
            let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), pid > 1,
            let name = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8),
            name.hasPrefix("ganesha.nfsd")
        else { return nil }
        return pid
    }
}

extension ServerSettings {
    /// Exports by NFS, through another program.
    struct NFS: Equatable {
        /// Nil: the installed one.
        var server: NFSServer?
        /// Nil: the server's default path.
        var file: String?
        /// Debian's path, and Ganesha's default.
        var pidFiles = ["/run/ganesha/ganesha.pid", "/run/ganesha.pid"]
    }
}

extension ServerSettings.NFS {
    init(_ section: inout YAMLSection) throws {
        server = try section.value("server", "kernel or ganesha") { NFSServer(rawValue: $0) }
        file = try section.value("exports", "an absolute path") { $0.hasPrefix("/") ? $0 : nil }
        pidFiles =
            try section.value("pid-file", "an absolute path") { $0.hasPrefix("/") ? [$0] : nil } ?? pidFiles
        try section.finish(known: "server, exports, pid-file")
    }
}
