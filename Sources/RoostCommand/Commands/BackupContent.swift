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
        for name in files.enumerator(atPath: staging)?.compactMap({ $0 as? String }) ?? [] {
            let attributes = try files.attributesOfItem(atPath: "\(staging)/\(name)")
            let type = attributes[.type] as? FileAttributeType
            let mode = (attributes[.posixPermissions] as? NSNumber)?.intValue ?? 0
            let isDirectory = name == StateDirectory.store || name == StateFiles.images
            guard type == .typeDirectory || type == .typeRegular && !isDirectory, mode & 0o6000 == 0,
                !name.hasPrefix("\(StateDirectory.store)/")
                    || storeNames.contains((name as NSString).lastPathComponent) && type == .typeRegular
            else {
                throw Failure(
                    text:
                        "this is not a backup of Roost, or it was modified: a backup contains nothing like ‘\(name)’",
                    code: 1)
            }
        }
        return others
    }
}
