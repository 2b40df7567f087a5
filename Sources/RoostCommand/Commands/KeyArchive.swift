import Commands
import Foundation
import Images
import Linux
import Sealing

/// The keys of a server in a backup: those that seal its secrets, and those that identify it to browsers and nodes.
enum KeyArchive {
    static let name = "keys.sealed"
    /// The message of a backup without them.
    static let lack =
        "without keys (--keys): a server that is restored from this elsewhere cannot open sealed secrets and encrypted volumes, and has new certificates"
    private static let directories = [NodeKeys.directoryName, StateFiles.center]
    private static let leastLength = 12

    static func newPassphrase() throws -> String {
        let passphrase = try PasswordInput.read("Passphrase for the keys: ")
        guard passphrase.count >= leastLength else {
            throw Failure(
                text:
                    "the passphrase has \(passphrase.count) characters: use \(leastLength) or more, such as four words",
                code: 64)
        }
        if PasswordInput.isTyped, try PasswordInput.read("Once more: ") != passphrase {
            throw Failure(text: "the two passphrases differ", code: 64)
        }
        return passphrase
    }

    static func seal(_ stateDirectory: String, with passphrase: String) throws -> [UInt8] {
        let there = directories.filter { FileManager.default.fileExists(atPath: "\(stateDirectory)/\($0)") }
        let archive = try Program("tar", package: "tar").run(
            ["-cf", "-", "-C", stateDirectory, "--"] + there)
        return try PassphraseBox.seal([UInt8](archive), with: passphrase)
    }

    /// Moves the keys of a backup that was unpacked in `staging` to the other files. What else the archive of the keys has is left out.
    ///
    /// - Parameter askPassphrase: asked once there is something to open with it.
    static func unpack(
        in staging: String, isWanted: Bool,
        askPassphrase: () throws -> String = { try PasswordInput.read("Passphrase of the backup: ") }
    ) throws {
        let path = "\(staging)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { return }
        if isWanted {
            let archive = try open(try WholeFile.read(path), askPassphrase)
            let files = FileManager.default
            let opened = "\(staging)/\(name).opened"
            try files.createDirectory(
                atPath: opened, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
            try Program("tar", package: "tar").run(
                ["-xf", "-", "-C", opened, "--no-same-owner", "--no-overwrite-dir"], input: Data(archive))
            // Those who gave the passphrase may have put anything into it, and root puts it in place.
            try BackupContent.requirePlain(opened)
            for directory in directories where files.fileExists(atPath: "\(opened)/\(directory)") {
                try files.moveItem(atPath: "\(opened)/\(directory)", toPath: "\(staging)/\(directory)")
            }
            try files.removeItem(atPath: opened)
        }
        try FileManager.default.removeItem(atPath: path)
    }

    private static func open(_ sealed: [UInt8], _ askPassphrase: () throws -> String) throws -> [UInt8] {
        func failure(_ text: String) -> Failure {
            Failure(text: "\(text); nothing was changed (--without-keys leaves the keys out)", code: 1)
        }
        if PassphraseBox.isOfAnotherVersion(sealed) {
            throw failure("the keys of this backup are in a form that only a newer program knows")
        }
        do { return try PassphraseBox.open(sealed, with: askPassphrase()) } catch SealingError.notForThisKey {
            throw failure("this is not the passphrase of the backup")
        } catch SealingError.notASeal {
            throw failure("the keys of this backup are cut off or damaged")
        }
    }
}
