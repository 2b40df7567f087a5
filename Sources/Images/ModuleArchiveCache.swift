import Fleet
import Foundation
import Linux

/// A cache of kernel module archives. Most versions of an image have the same kernel as the previous one, and unpacking and packing its
/// modules takes a third as long as the root.
struct ModuleArchiveCache {
    /// How many archives are kept; each has a few megabytes.
    private static let limit = 8
    /// Increase it when the same modules would give another archive.
    private static let format = 2
    private static let keeping = ".keeping-"

    /// Nil: nothing is kept.
    let directory: String?

    /// Writes the archive of `modules` to `path`, from the cache if possible.
    ///
    /// - Returns: whether it was in the cache.
    func makeArchive(of modules: KernelModules, level: Int, at path: String) throws -> Bool {
        let files = FileManager.default
        guard let directory else {
            try modules.makeArchive(level: level, at: path)
            return false
        }
        // This also removes what an interrupted build left.
        let work = try WorkDirectory(in: directory, prefix: Self.keeping)
        defer { work.remove() }
        let kept = "\(directory)/\(try modules.fingerprint(format: Self.format, level: level)).cpio"
        if files.fileExists(atPath: kept) {
            try files.copyItem(atPath: kept, toPath: path)
            // Archives in use stay.
            try? files.setAttributes([.modificationDate: Date()], ofItemAtPath: kept)
            return true
        }
        try modules.makeArchive(level: level, at: path)
        try files.copyItem(atPath: path, toPath: "\(work.path)/archive")
        // A cached archive goes into every later version: it must be complete, even after a power cut.
        try DurableFile.publish("\(work.path)/archive", as: kept, at: .moduleArchive)
        try removeOld(in: directory)
        return false
    }

    /// Another build may do the same right now: a file that is already gone is not an error.
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

    /// Equal for everything that gives the same archive: modules, lists and firmware, compared to the last byte. Names, sizes and times are
    /// not enough: many builds set all times to the same value.
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

    /// One line per firmware file, and per link with its target, sorted by name.
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
                // Files below the directory have lines of their own.
                "\(name) > \((try? FileManager.default.destinationOfSymbolicLink(atPath: "\(firmware)/\(name)")) ?? "")"
                    + (directory.contains(name) ? "" : try linkedDigest(name))
            default: nil
            }
        }
    }

    /// Digest of a link's target outside the firmware directory.
    private func linkedDigest(_ name: String) throws -> String {
        guard let path = firmware(name), FileStatus(path)?.isFile == true else { return "" }
        return " \(try Fleet.Digest(ofFile: path))"
    }
}
