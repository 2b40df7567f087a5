import Fleet
import Foundation
import Linux

/// Archives of kernel modules that were made before. Most versions of an image have the kernel of the one before, and unpacking and
/// packing its modules takes as long as a third of the root.
struct ModuleArchiveCache {
    /// Archives that are kept; each has a few megabytes.
    private static let limit = 8
    /// Counts up when the same modules would make another archive.
    private static let format = 1
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

    /// The same for what makes the same archive: the modules to the last byte, and the firmware by its names, sizes and times.
    func fingerprint(format: Int, level: Int) throws -> Fleet.Digest {
        var text = "\(format) \(level) \(release)\n"
        for name in needed + Self.indexes {
            guard let path = place(of: name) else { continue }
            text += "\(name) \(try Fleet.Digest(ofFile: path))\n"
        }
        guard let firmware = root.place(of: "lib/firmware"),
            let names = FileManager.default.enumerator(atPath: firmware)
        else { return Fleet.Digest(of: Data(text.utf8)) }
        var lines: [String] = []
        while let name = names.nextObject() as? String {
            let attributes = names.fileAttributes ?? [:]
            guard attributes[.type] as? FileAttributeType != .typeDirectory else { continue }
            let time = (attributes[.modificationDate] as? Date)?.timeIntervalSince1970 ?? 0
            lines.append("\(name) \(attributes[.size] as? Int ?? 0) \(time)")
        }
        return Fleet.Digest(of: Data((text + lines.sorted().joined(separator: "\n")).utf8))
    }
}
