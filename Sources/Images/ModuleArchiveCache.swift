import Fleet
import Foundation
import Linux

/// Archives of kernel modules that were made before. Most versions of an image have the kernel of the one before, and unpacking and
/// packing its modules takes as long as a third of the root.
struct ModuleArchiveCache {
    /// Archives that are kept; each has a few megabytes.
    private static let limit = 8
    /// Counts up when the same modules would make another archive.
    private static let format = 2
    private static let keeping = ".keeping-"

    /// Nil: nothing is kept.
    let directory: String?

    /// Writes the archive of `modules` to `path`, from the cache when it is there.
    ///
    /// - Returns: whether it was.
    func makeArchive(of modules: KernelModules, level: Int, at path: String) throws -> Bool {
        let files = FileManager.default
        guard let directory else {
            try modules.makeArchive(level: level, at: path)
            return false
        }
        // What an interrupted build has left goes with that.
        let work = try WorkDirectory(in: directory, prefix: Self.keeping)
        defer { work.remove() }
        let kept = "\(directory)/\(try modules.fingerprint(format: Self.format, level: level)).cpio"
        if files.fileExists(atPath: kept) {
            try files.copyItem(atPath: kept, toPath: path)
            // The ones that are used stay.
            try? files.setAttributes([.modificationDate: Date()], ofItemAtPath: kept)
            return true
        }
        try modules.makeArchive(level: level, at: path)
        try files.copyItem(atPath: path, toPath: "\(work.path)/archive")
        // What is kept is packed into every version to come: it has to be whole, also after a power cut.
        try DurableFile.publish("\(work.path)/archive", as: kept, at: .moduleArchive)
        try removeOld(in: directory)
        return false
    }

    /// Another build may do the same at this moment: what is gone already is no error.
    private func removeOld(in directory: String) throws {
        let files = FileManager.default
        let all = try files.contentsOfDirectory(atPath: directory).filter {
            !$0.hasPrefix(Self.keeping)
        }.map { name in
            let path = "\(directory)/\(name)"
            let attributes = try? files.attributesOfItem(atPath: path)
            return (path, attributes?[.modificationDate] as? Date ?? .distantFuture)
        }
        for (path, _) in all.sorted(by: { $0.1 > $1.1 }).dropFirst(Self.limit) {
            try? files.removeItem(atPath: path)
        }
    }
}

extension KernelModules {
    /// Packs the modules that a node needs, with their indexes and firmware.
    func makeArchive(level: Int, at path: String) throws {
        let staging = "\(path).d"
        try copyNeeded(to: staging)
        try InitramfsArchive.pack(directory: staging, to: path, level: level)
        try FileManager.default.removeItem(atPath: staging)
    }

    /// The same for what makes the same archive: modules, lists and firmware to the last byte. Names, sizes and times do not tell: many
    /// builds set all times to the same.
    func fingerprint(format: Int, level: Int) throws -> Fleet.Digest {
        var lines = ["\(format) \(level) \(release)"]
        for name in needed {
            guard let path = place(of: name) else {
                throw ImageLacks("\(name) of kernel \(release) is gone from the root")
            }
            lines.append("\(name) \(try Fleet.Digest(ofFile: path))")
        }
        for name in Self.indexes {
            lines.append("\(name) \(try place(of: name).map { try Fleet.Digest(ofFile: $0).text } ?? "-")")
        }
        return Fleet.Digest(of: Data((lines + (try firmwareLines())).joined(separator: "\n").utf8))
    }

    /// A line for each file of firmware, and for each link what it leads to, in the order of their names.
    private func firmwareLines() throws -> [String] {
        guard let firmware else { return [] }
        let directory = RootDirectory(path: firmware)
        var names: [(name: String, kind: UInt32)] = []
        DirectoryListing.walk(firmware) { entry in
            names.append((entry.path, entry.kind))
            return true
        }
        return try names.sorted { $0.name < $1.name }.compactMap { name, kind in
            switch kind {
            case S_IFREG: "\(name) \(try Fleet.Digest(ofFile: "\(firmware)/\(name)"))"
            case S_IFLNK:
                // What is below the directory has a line of its own.
                "\(name) > \((try? FileManager.default.destinationOfSymbolicLink(atPath: "\(firmware)/\(name)")) ?? "")"
                    + (directory.contains(name) ? "" : try linkedDigest(name))
            default: nil
            }
        }
    }

    /// Of a file that a link leads to outside of the directory of firmware.
    private func linkedDigest(_ name: String) throws -> String {
        guard let path = root.place(of: "lib/firmware/\(name)") ?? root.place(of: "usr/lib/firmware/\(name)"),
            FileStatus(path)?.isFile == true
        else { return "" }
        return " \(try Fleet.Digest(ofFile: path))"
    }
}
