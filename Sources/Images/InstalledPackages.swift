import Errors
import Fleet
import Foundation

/// Packages in a distribution's own records: those of dpkg, apk and pacman are read directly, those of rpm by its own program.
enum InstalledPackages {
    /// - Parameter note: called with the reason when there should be some but there are none.
    /// - Returns: sorted by name; empty when no known records exist.
    static func of(_ root: RootDirectory, note: (String) -> Void) -> [ImageManifest.Package] {
        let records: [() throws -> [ImageManifest.Package]] = [
            { root.text(of: "var/lib/dpkg/status").map(dpkg) ?? [] },
            {
                (root.text(of: "lib/apk/db/installed") ?? root.text(of: "usr/lib/apk/db/installed")).map(apk)
                    ?? []
            },
            { pacman(root) },
            {
                try ["usr/lib/sysimage/rpm", "var/lib/rpm"].lazy.compactMap { root.place(of: $0) }.first.map(
                    rpm) ?? []
            },
        ]
        do {
            // Empty records belong to the tools of another distribution.
            for read in records {
                let packages = try read()
                if !packages.isEmpty {
                    return packages.sorted { ($0.name, $0.version) < ($1.name, $1.version) }
                }
            }
        } catch {
            note("note: cannot record the packages of this version: \(FileErrorText.of(error))")
        }
        return []
    }

    /// deb-control(5).
    private static func dpkg(_ text: String) -> [ImageManifest.Package] {
        text.components(separatedBy: "\n\n").compactMap { record in
            var fields: [Substring: Substring] = [:]
            for line in record.split(separator: "\n") where !line.hasPrefix(" ") {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { fields[parts[0]] = parts[1].drop { $0 == " " } }
            }
            guard let name = fields["Package"], let version = fields["Version"],
                fields["Status"]?.hasSuffix(" installed") == true
            else { return nil }
            return ImageManifest.Package(name: String(name), version: String(version))
        }
    }

    /// apk-package(5).
    private static func apk(_ text: String) -> [ImageManifest.Package] {
        text.components(separatedBy: "\n\n").compactMap { record in
            let lines = record.split(separator: "\n")
            guard let name = lines.first(where: { $0.hasPrefix("P:") })?.dropFirst(2),
                let version = lines.first(where: { $0.hasPrefix("V:") })?.dropFirst(2)
            else { return nil }
            return ImageManifest.Package(name: String(name), version: String(version))
        }
    }

    /// One directory per package, with its name and version as lines of `desc`, each after its heading.
    private static func pacman(_ root: RootDirectory) -> [ImageManifest.Package] {
        root.names(in: "var/lib/pacman/local").compactMap { directory in
            let lines = (root.text(of: "var/lib/pacman/local/\(directory)/desc") ?? "")
                .split(separator: "\n").map(String.init)
            func value(_ heading: String) -> String? {
                lines.firstIndex(of: heading).map { $0 + 1 }.flatMap {
                    lines.indices.contains($0) ? lines[$0] : nil
                }
            }
            guard let name = value("%NAME%"), let version = value("%VERSION%") else { return nil }
            return ImageManifest.Package(name: name, version: version)
        }
    }

    /// rpm's database has had three formats. We read a copy, because rpm writes beside it in order to read it.
    private static func rpm(_ database: String) throws -> [ImageManifest.Package] {
        let copy = FileManager.default.temporaryDirectory.appendingPathComponent(
            "roost-rpm-\(UUID().uuidString)")
        try FileManager.default.copyItem(atPath: database, toPath: copy.path)
        defer { try? FileManager.default.removeItem(at: copy) }
        let listed = try Program("rpm", package: "rpm").confined(Confinement(writes: [copy.path])).run(
            ["--dbpath", copy.path, "-qa", "--queryformat", #"%{NAME} %{EVR}\n"#])
        return String(decoding: listed, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            // Signing keys are also records, but not packages.
            guard words.count == 2, words[0] != "gpg-pubkey" else { return nil }
            return ImageManifest.Package(name: String(words[0]), version: String(words[1]))
        }
    }
}
