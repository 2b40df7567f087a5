import Commands
import Foundation

/// The allowed contents of a backup. Root puts them in place, and anyone with write access to the file may have written it.
enum BackupContent {
    private static let names: Set = [StateDirectory.store, StateFiles.images, KeyArchive.name, "BACKUP"]
    private static let storeNames: Set = [StateFiles.database, StateFiles.journal]

    /// Removes everything from `staging`, where a backup was unpacked, that does not belong in a backup.
    ///
    /// - Returns: the names of removed files.
    /// - Throws: when there is anything except plain files and directories.
    static func clean(_ staging: String) throws -> [String] {
        let files = FileManager.default
        let others = try files.contentsOfDirectory(atPath: staging).filter { !names.contains($0) }.sorted()
        for name in others { try files.removeItem(atPath: "\(staging)/\(name)") }
        try requirePlain(staging) { name, type in
            let isDirectory = name == StateDirectory.store || name == StateFiles.images
            return (type == .typeDirectory || !isDirectory)
                && (!name.hasPrefix("\(StateDirectory.store)/")
                    || storeNames.contains((name as NSString).lastPathComponent) && type == .typeRegular)
        }
        return others
    }

    /// Throws when there is anything in `directory` except plain files and directories, or something that `fits` refuses.
    ///
    /// - Parameter fits: gets each path below `directory`, and its type.
    static func requirePlain(
        _ directory: String, _ fits: (_ name: String, _ type: FileAttributeType) -> Bool = { _, _ in true }
    ) throws {
        let files = FileManager.default
        for name in files.enumerator(atPath: directory)?.compactMap({ $0 as? String }) ?? [] {
            let attributes = try files.attributesOfItem(atPath: "\(directory)/\(name)")
            let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
            guard let type = attributes[.type] as? FileAttributeType,
                type == .typeDirectory || type == .typeRegular, mode & 0o6000 == 0, fits(name, type)
            else {
                throw Failure(
                    text:
                        "this is not a backup of Roost, or it was modified: a backup contains nothing like ‘\(name)’",
                    code: 1)
            }
        }
    }
}
