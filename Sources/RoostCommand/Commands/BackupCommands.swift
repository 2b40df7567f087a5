import API
import ArgumentParser
import Commands
import Fleet
import Foundation
import Glibc
import Images
import Linux
import StoreSQLite

/// The contents of a state directory that cannot be recreated.
enum StateFiles {
    static let database = "roost.sqlite"
    static let journal = "leases.journal"
    /// Of the moment: no part of a backup.
    static let deliveries = "deliveries.journal"
    static let center = "center"
    static let images = "images"
    /// Names the directory with the previous state, from the first change of a restore to its last.
    static let restoring = "unfinished-restore"
    private static let lock = "lock"

    /// Throws when a restore was interrupted: neither the old nor the new state is complete.
    static func requireWhole(_ directory: String) throws {
        guard FileManager.default.fileExists(atPath: "\(directory)/\(restoring)") else { return }
        throw Failure(
            text: "a restore into \(directory) was interrupted: repeat it (roost restore FILE)", code: 4)
    }

    /// Held by the server while it runs; nil when another process holds it.
    static func lock(_ directory: String) throws -> FileDescriptor? {
        let file = try FileDescriptor(opening: "\(directory)/\(lock)", flags: O_RDWR | O_CREAT | O_NOFOLLOW)
        guard file.lock() else { return nil }
        return file
    }
}

/// `roost backup`: everything that a new server needs to be the old one, in one file.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract:
            "Write configuration, history, leases and, if wanted, keys and images into one file.",
        discussion: """
            Run it on the server's host, as root; the server may run meanwhile. Secrets are sealed in the store; the key to
            them and the certificates that browsers trust are in a backup only with --keys. Volumes of nodes are never in it.
            """)
    @Argument(help: "The file to write: roost.tar.zst.", completion: .file()) var file: String
    @Option(help: ArgumentHelp("The server's state directory.", valueName: "path")) var stateDirectory =
        LocalConfiguration.settings.stateDirectory
    @Flag(help: "Images too: they are large, and can be built again.") var images = false
    @Flag(help: "Keys and certificates too, encrypted with a passphrase from standard input.") var keys =
        false

    func run() async throws {
        umask(0o077)
        try await reportingFailure {
            let state = StateDirectory(stateDirectory)
            guard state.hasStore else {
                throw Self.noStore(in: stateDirectory)
            }
            try Self.requireTarget(file)
            let passphrase = keys ? try KeyArchive.newPassphrase() : nil
            try state.prepare()
            try StateFiles.requireWhole(stateDirectory)
            let target = URL(fileURLWithPath: file)
            let name = target.lastPathComponent
            let place = target.deletingLastPathComponent().resolvingSymlinksInPath().path
            // It contains keys and password hashes, and may be written to any user's directory.
            let directory = try ForeignDirectory(place)
            directory.removeLeft(".\(name).new-")
            let temporary = ".\(name).new-\(UUID().uuidString)"
            let archive = try directory.makeFile(temporary)
            do {
                let note = try write(to: archive, passphrase)
                try DurableFile.publish(archive, named: temporary, as: name, in: directory, at: .backup)
                printError("\(file): \(note)", terminator: "")
                if passphrase == nil { printError(KeyArchive.lack) }
                if try NodeKeys.secrets(in: stateDirectory) == nil {
                    printError("not signed: no server has been started here, so there is no key yet")
                }
            } catch {
                directory.remove(temporary)
                throw error
            }
        }
    }

    /// Only root, and the server's user, look into a state directory.
    static func noStore(in stateDirectory: String, user: UInt32 = geteuid()) -> Failure {
        let asRoot = user == 0 ? "" : ", as far as this user may look: run this as root"
        return Failure(text: "\(stateDirectory) contains no store (--state-directory)\(asRoot)", code: 3)
    }

    /// A backup takes the place of a file of its name, by a rename: a device, a pipe or a socket would be gone.
    static func requireTarget(_ path: String) throws {
        let place = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileStatus(place, follows: true)?.isDirectory == true else {
            throw Failure(text: "\(path): there is no directory \(place)", code: 3)
        }
        guard let status = FileStatus(path, follows: true), !status.isFile else { return }
        let what = status.isDirectory ? "a directory: name a file in it" : "no file: name one"
        throw Failure(text: "\(path) is \(what), such as roost.tar.zst", code: 1)
    }

    /// - Returns: the backup's description.
    private func write(to archive: borrowing FileDescriptor, _ passphrase: String?) throws -> String {
        let files = FileManager.default
        let work = try ImageStore(directory: "\(stateDirectory)/\(StateFiles.images)").makeBuildDirectory()
        defer { work.remove() }
        // The store first: a lease newer than the store does no harm, a missing node would.
        for name in [StateFiles.database, StateFiles.journal] {
            let copy = try FileDescriptor(
                opening: "\(work.path)/\(name)", flags: O_WRONLY | O_CREAT | O_EXCL)
            try Self.run(
                FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"),
                ["read-store", "--state-directory", stateDirectory, name], output: copy.number)
            if try copy.byteCount() == 0 { try files.removeItem(atPath: "\(work.path)/\(name)") }
        }
        if let passphrase {
            let sealed = try KeyArchive.seal(stateDirectory, with: passphrase)
            try WholeFile.writeForNow("\(work.path)/\(KeyArchive.name)", sealed)
        }
        let note =
            "Roost \(Release.version), schema step \(SchemaSteps.latest), \(Date().formatted(.iso8601))\n"
        try WholeFile.writeForNow("\(work.path)/\(Restore.note)", Array(note.utf8))
        var arguments = ["-C", work.path, "."]
        if images {
            arguments += [
                "--exclude=\(StateFiles.images)/\(ImageStore.building)", "-C", stateDirectory,
                StateFiles.images,
            ]
        }
        try BackupArchive.write(
            arguments, to: archive, signedBy: NodeKeys.secrets(in: stateDirectory))
        return note
    }

    static func run(_ program: String, _ arguments: [String], output: Int32) throws {
        let nothing = try FileDescriptor(opening: "/dev/null")
        let process = try ChildProcess(
            program, arguments, input: nothing.number, output: output, errors: STDERR_FILENO)
        let status = process.wait()
        guard status == 0 else {
            throw Failure(text: "‘\(program)’ ended with status \(status)", code: 1)
        }
    }
}

/// Writes a file of the store to standard output for a backup. Only the store's owner reads there, since it could make root read any other
/// file.
struct ReadStore: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-store", abstract: "Write a file of the store to standard output.",
        shouldDisplay: false)
    @Option var stateDirectory: String
    @Argument var name: String

    func run() throws {
        umask(0o077)
        let state = StateDirectory(stateDirectory)
        try state.becomeOwnerOfStore()
        let store = "\(stateDirectory)/\(StateDirectory.store)"
        guard name == StateFiles.database else {
            guard FileManager.default.fileExists(atPath: "\(store)/\(StateFiles.journal)") else { return }
            return try Self.write("\(store)/\(StateFiles.journal)")
        }
        let work = try WorkDirectory(in: store, prefix: "copy-")
        defer { work.remove() }
        let copy = "\(work.path)/\(StateFiles.database)"
        try SchemaSteps.copy(path: state.databasePath, to: copy)
        try SchemaSteps.verify(path: copy)
        try Self.write(copy)
    }

    private static func write(_ path: String) throws {
        let file = try FileDescriptor(opening: path, flags: O_RDONLY | O_NONBLOCK)
        let output = FileDescriptor(owning: dup(STDOUT_FILENO))
        while case let bytes = try file.read(atMost: 1 << 20), !bytes.isEmpty { try output.write(bytes) }
    }
}

/// `roost restore`: puts the state of a backup in place of the present one, which is kept.
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Restore a backup; what it replaces is kept in the state directory.",
        discussion: """
            The server must be stopped. An older backup is brought up to this program's schema. A backup that was changed since it
            was made is refused. Who made it is known by this server's key, or by the keys in a backup made with --keys; without
            both, as for a backup of a version that did not sign, --unsigned takes it as it is. What was revoked, used up or disabled
            since the backup was made stays so, as far as the present state tells; what holds again is listed.
            """)
    /// Describes a backup in it.
    static let note = "BACKUP"
    /// Of the name of a directory with a previous state.
    static let keptPrefix = "before-restore-"

    @Argument(help: "The file that ‘roost backup’ wrote.", completion: .file()) var file: String
    @Option(help: ArgumentHelp("The server's state directory.", valueName: "path")) var stateDirectory =
        LocalConfiguration.settings.stateDirectory
    @Flag(help: "Leave out the keys of the backup: no passphrase is needed.") var withoutKeys = false
    @Flag(help: "Restore a backup from any server, unchecked: it may add administrators.") var unsigned =
        false

    func run() async throws {
        umask(0o077)
        try await reportingFailure {
            let files = FileManager.default
            try Self.requireBackup(file)
            try StateDirectory(stateDirectory).prepare()
            guard let lock = try StateFiles.lock(stateDirectory) else {
                throw Failure(
                    text: "a server uses \(stateDirectory): stop it first (systemctl stop roost)", code: 4)
            }
            guard try unsigned || BackupArchive.isSigned(file) else { throw refusal(.isUnsigned) }
            let bounds = try survey()
            // Inside the state directory, so that moving files into place is a rename.
            let work = try WorkDirectory(in: stateDirectory, prefix: "restore-")
            defer { work.remove() }
            let staging = work.path
            let content = try unpack(
                [
                    "-C", staging, "--no-same-owner", "--no-overwrite-dir",
                    "--transform=s,^\\./\\(roost\\.sqlite\\|leases\\.journal\\)$,./\(StateDirectory.store)/\\1,",
                ], bounds)
            let others = try BackupContent.clean(staging)
            if !others.isEmpty {
                printError(
                    "left out, because it does not belong in a backup: \(others.joined(separator: ", "))")
            }
            let database = "\(staging)/\(StateDirectory.store)/\(StateFiles.database)"
            guard files.fileExists(atPath: database) else {
                throw Failure(text: "\(file) is not a backup of Roost: it contains no store", code: 1)
            }
            let hasKeys = files.fileExists(atPath: "\(staging)/\(KeyArchive.name)")
            try KeyArchive.unpack(in: staging, isWanted: !withoutKeys)
            // Before anything reads what is in it.
            let doubt = content.doubt(
                own: try NodeKeys.secrets(in: stateDirectory), theirs: try NodeKeys.secrets(in: staging),
                hasKeys: hasKeys)
            if let doubt, !unsigned { throw refusal(doubt) }
            if let note = try? WholeFile.read("\(staging)/\(Self.note)") {
                printError(String(decoding: note, as: UTF8.self), terminator: "")
            }
            try SchemaSteps.verify(path: database)
            let again = try await takeEnds(into: database)
            try FileDescriptor(opening: staging).synchroniseFileSystem(at: .restoreContent)
            let kept = try putInPlace(staging)
            if let kept { try Self.note(again, in: kept) }
            printError(kept.map { "restored; the previous state is in \($0)" } ?? "restored")
            _ = lock.number
        }
    }

    /// By its first bytes: an empty file is one that a full disk left.
    static func requireBackup(_ file: String) throws {
        guard FileStatus(file, follows: true)?.isDirectory != true,
            let input = FileHandle(forReadingAtPath: file)
        else { throw InputFile.failure(file) }
        let head = (try? input.read(upToCount: 4)) ?? Data()
        try input.close()
        // The magic number of zstd (RFC 8878 §3.1.1).
        guard head.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) else {
            throw Failure(
                text: "\(file) is not a backup: "
                    + (head.isEmpty ? "it is empty" : "‘roost backup’ writes a tar archive packed with zstd"),
                code: 1)
        }
    }

    /// Looks through the whole file before anything of it is unpacked: whether the disk has room for it, and whether its maker is known, as
    /// far as this server's own keys tell.
    ///
    /// - Returns: the bounds within which it may be unpacked.
    private func survey() throws -> BackupBounds {
        var bounds = BackupBounds(diskOf: stateDirectory)
        let content = try explaining { try BackupArchive.survey(file, &bounds) }
        let doubt = content.doubt(
            own: try NodeKeys.secrets(in: stateDirectory), theirs: nil, hasKeys: bounds.hasKeys)
        // Its own keys are known only once they are unpacked.
        if let doubt, !unsigned, !bounds.hasKeys || withoutKeys { throw refusal(doubt) }
        return bounds.asFound
    }

    private func unpack(_ options: [String], _ bounds: BackupBounds) throws -> BackupArchive.Content {
        try explaining { try BackupArchive.unpack(file, options, bounds) }
    }

    private func explaining<Answer>(_ act: () throws -> Answer) throws -> Answer {
        do { return try act() } catch let doubt as BackupArchive.Doubt {
            throw Failure(text: "\(file) \(doubt.rawValue); nothing was restored", code: 1)
        } catch let excess as BackupBounds.Excess {
            throw Failure(text: "\(file) \(excess.text). Nothing was restored", code: 1)
        }
    }

    private func refusal(_ doubt: BackupArchive.Doubt) -> Failure {
        Failure(
            text:
                "\(file) \(doubt.rawValue); nothing was restored. --unsigned restores it as it is: use it only if you know who could write to the file",
            code: 1)
    }

    /// Renames only: after a crash in between, each file is in one of two places, no server starts, and the next restore continues.
    ///
    /// - Returns: the directory of the previous state; nil if there was none.
    private func putInPlace(_ staging: String) throws -> String? {
        let files = FileManager.default
        let kept = "\(stateDirectory)/\(try keepingName())"
        try files.createDirectory(atPath: kept, withIntermediateDirectories: true)
        try StateDirectory(stateDirectory).open(kept)
        let names = try files.contentsOfDirectory(atPath: staging).filter { $0 != Self.note }
        for name in names where files.fileExists(atPath: "\(stateDirectory)/\(name)") {
            let path = "\(stateDirectory)/\(name)"
            if files.fileExists(atPath: "\(kept)/\(name)") {
                // Left there by the interrupted restore.
                try files.removeItem(atPath: path)
            } else {
                try DurableFile.move(path, to: "\(kept)/\(name)", at: .restoreKeep)
            }
        }
        for name in names where files.fileExists(atPath: "\(staging)/\(name)") {
            try DurableFile.move(
                "\(staging)/\(name)", to: "\(stateDirectory)/\(name)", at: .restorePlace)
        }
        try files.removeItem(atPath: "\(stateDirectory)/\(StateFiles.restoring)")
        // Empty directories are what this command made, in a state directory that was not there.
        let hasContent = files.enumerator(atPath: kept)?.contains { name in
            (try? files.attributesOfItem(atPath: "\(kept)/\(name)")[.type] as? FileAttributeType)
                != .typeDirectory
        }
        guard hasContent != true else { return kept }
        try files.removeItem(atPath: kept)
        return nil
    }

    /// The directory for the previous state: that of the interrupted restore, or a new one. From now on no server starts.
    private func keepingName() throws -> String {
        let mark = "\(stateDirectory)/\(StateFiles.restoring)"
        if let known = try? WholeFile.read(mark) { return String(decoding: known, as: UTF8.self) }
        let name = "\(Self.keptPrefix)\(Int(Date().timeIntervalSince1970))"
        var fresh = name
        var number = 1
        while FileManager.default.fileExists(atPath: "\(stateDirectory)/\(fresh)") {
            number += 1
            fresh = "\(name)-\(number)"
        }
        try WholeFile.replace(mark, with: Array(fresh.utf8), at: .restoreMark)
        return fresh
    }
}

/// `roost store-schema`: the store's schema step, and the downgrade for an older program.
struct StoreSchema: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-schema",
        abstract:
            "Show the version (step) of the store's schema, or go back to an earlier one for an older program.",
        discussion: """
            A newer program brings the store up by itself. Before going back to an older one, stop the server and run this with
            the newer program; what the older step has no place for is kept, and taken up again by the next upgrade.
            """)
    @Option(help: ArgumentHelp("The server's state directory.", valueName: "path")) var stateDirectory =
        LocalConfiguration.settings.stateDirectory
    @Option(help: ArgumentHelp("Take the store back to this step.", valueName: "step")) var to: Int?

    func run() async throws {
        umask(0o077)
        try await reportingFailure {
            let state = StateDirectory(stateDirectory)
            guard state.hasStore else {
                throw Backup.noStore(in: stateDirectory)
            }
            try state.prepare()
            let path = state.databasePath
            guard let to else {
                try state.becomeOwnerOfStore()
                return print(
                    "step \(try SchemaSteps.current(path: path)); this program's is \(SchemaSteps.latest)")
            }
            guard let lock = try StateFiles.lock(stateDirectory) else {
                throw Failure(text: "a server uses \(stateDirectory): stop it first", code: 4)
            }
            let secrets = try NodeKeys.secrets(in: stateDirectory)
            try state.becomeOwnerOfStore()
            try SchemaSteps.downgrade(path: path, to: to, secrets: secrets)
            print("step \(try SchemaSteps.current(path: path))")
            _ = lock.number
        }
    }
}
