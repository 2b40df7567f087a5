import ArgumentParser
import Fleet
import Foundation
import Images
import Linux
import StoreSQLite

/// What a state directory holds that cannot be made anew.
enum StateFiles {
    static let database = "roost.sqlite"
    static let journal = "leases.journal"
    static let center = "center"
    static let images = "images"
    private static let lock = "lock"

    /// Held by the server while it runs; nil when somebody else holds it.
    static func lock(_ directory: String) throws -> FileDescriptor? {
        let file = try FileDescriptor(opening: "\(directory)/\(lock)", flags: O_RDWR | O_CREAT, mode: 0o644)
        guard file.lock() else { return nil }
        return file
    }
}

/// `roost backup`: everything that a new server needs to be the old one, in one file.
struct Backup: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Write configuration, history, leases, certificates and, where wanted, images into one file.",
        discussion: "Run it on the server's host, as root; the server may run meanwhile.")
    @Argument(help: "The file to write: roost.tar.zst.", completion: .file()) var file: String
    @Option(help: ArgumentHelp("The server's state directory.", valueName: "path")) var stateDirectory =
        "/var/lib/roost"
    @Flag(help: "Images too: they are large, and can be built again.") var images = false

    func run() async throws {
        try await reportingFailure {
            let files = FileManager.default
            guard files.fileExists(atPath: "\(stateDirectory)/\(StateFiles.database)") else {
                throw Failure(text: "\(stateDirectory) holds no store (--state-directory)", code: 3)
            }
            let staging = "\(file).staging-\(getpid())"
            try files.createDirectory(atPath: staging, withIntermediateDirectories: true)
            defer { try? files.removeItem(atPath: staging) }
            // The store first: a lease that is newer than it does no harm, a node that is missing would.
            try SchemaSteps.copy(
                path: "\(stateDirectory)/\(StateFiles.database)", to: "\(staging)/\(StateFiles.database)")
            try SchemaSteps.verify(path: "\(staging)/\(StateFiles.database)")
            for name in [StateFiles.journal, StateFiles.center]
            where files.fileExists(atPath: "\(stateDirectory)/\(name)") {
                try files.copyItem(atPath: "\(stateDirectory)/\(name)", toPath: "\(staging)/\(name)")
            }
            let note =
                "Roost \(Roost.version), schema step \(SchemaSteps.latest), \(Date().formatted(.iso8601))\n"
            try Data(note.utf8).write(to: URL(fileURLWithPath: "\(staging)/BACKUP"))
            var arguments = ["--zstd", "-cf", "\(file).part", "-C", staging, "."]
            if images { arguments += ["-C", stateDirectory, StateFiles.images] }
            try Program("tar", package: "tar").run(arguments)
            // It holds keys and password hashes.
            try files.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(file).part")
            guard unsafe rename("\(file).part", file) == 0 else { throw SystemError("write \(file)") }
            printError("\(file): \(note)", terminator: "")
        }
    }
}

/// `roost restore`: the state of a backup in place of the one that is there, which is kept.
struct Restore: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a backup in place; what was there is kept beside it.",
        discussion: "The server must be stopped. An older backup is brought up to this program's schema.")
    @Argument(help: "The file that ‘roost backup’ wrote.", completion: .file()) var file: String
    @Option(help: ArgumentHelp("The server's state directory.", valueName: "path")) var stateDirectory =
        "/var/lib/roost"

    func run() async throws {
        try await reportingFailure {
            let files = FileManager.default
            guard files.isReadableFile(atPath: file) else {
                throw Failure(text: "\(file) cannot be read", code: 3)
            }
            try files.createDirectory(atPath: stateDirectory, withIntermediateDirectories: true)
            guard let lock = try StateFiles.lock(stateDirectory) else {
                throw Failure(
                    text: "a server runs on \(stateDirectory): stop it first (systemctl stop roost)", code: 4)
            }
            // Inside the state directory, so that putting in place is a rename.
            let staging = "\(stateDirectory)/restore-\(getpid())"
            try files.createDirectory(atPath: staging, withIntermediateDirectories: true)
            defer { try? files.removeItem(atPath: staging) }
            try Program("tar", package: "tar").run([
                "--zstd", "-xf", file, "-C", staging, "--no-same-owner", "--no-overwrite-dir",
            ])
            let database = "\(staging)/\(StateFiles.database)"
            guard files.fileExists(atPath: database) else {
                throw Failure(text: "\(file) is no backup of Roost: it holds no store", code: 1)
            }
            try SchemaSteps.verify(path: database)
            _ = try SQLiteStore(path: database)
            let kept = try putInPlace(staging)
            printError("restored; what was there is in \(kept)")
            _ = lock.number
        }
    }

    /// Renames only: after a crash in between, everything is in one of two places.
    private func putInPlace(_ staging: String) throws -> String {
        let files = FileManager.default
        let kept = "\(stateDirectory)/before-restore-\(Int(Date().timeIntervalSince1970))"
        try files.createDirectory(atPath: kept, withIntermediateDirectories: true)
        var names = try files.contentsOfDirectory(atPath: staging).filter { $0 != "BACKUP" }
        // A write-ahead log of the old store must not meet the new one.
        names += ["\(StateFiles.database)-wal", "\(StateFiles.database)-shm"]
        for name in Swift.Set(names) where files.fileExists(atPath: "\(stateDirectory)/\(name)") {
            try files.moveItem(atPath: "\(stateDirectory)/\(name)", toPath: "\(kept)/\(name)")
        }
        for name in names where files.fileExists(atPath: "\(staging)/\(name)") {
            try files.moveItem(atPath: "\(staging)/\(name)", toPath: "\(stateDirectory)/\(name)")
        }
        return kept
    }
}

/// `roost schema`: the step of the store, and the way back for an older program.
struct Schema: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the step of the store's schema, or take it back for an older program.",
        discussion: """
            A newer program brings the store up by itself. Before going back to an older one, stop the server and run this with
            the newer program; what the older step has no place for is kept, and taken up again by the next upgrade.
            """)
    @Option(help: ArgumentHelp("The server's state directory.", valueName: "path")) var stateDirectory =
        "/var/lib/roost"
    @Option(help: ArgumentHelp("Take the store back to this step.", valueName: "step")) var to: Int?

    func run() async throws {
        try await reportingFailure {
            let path = "\(stateDirectory)/\(StateFiles.database)"
            guard FileManager.default.fileExists(atPath: path) else {
                throw Failure(text: "\(stateDirectory) holds no store (--state-directory)", code: 3)
            }
            guard let to else {
                return print(
                    "step \(try SchemaSteps.current(path: path)); this program's is \(SchemaSteps.latest)")
            }
            guard let lock = try StateFiles.lock(stateDirectory) else {
                throw Failure(text: "a server runs on \(stateDirectory): stop it first", code: 4)
            }
            try SchemaSteps.downgrade(path: path, to: to)
            print("step \(try SchemaSteps.current(path: path))")
            _ = lock.number
        }
    }
}
