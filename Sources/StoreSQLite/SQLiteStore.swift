package import Fleet
import Foundation
import GRDB
import Linux
package import Sealing
import Wire

/// The fleet's store in one SQLite file.
package struct SQLiteStore: FleetStore {
    /// How much boot history is kept; the oldest goes as more comes in.
    package struct Retention: Sendable {
        /// Events of all boots.
        package var events = 2_000_000
        /// Boots per node, and per machine that is not a node.
        package var (boots, strangersBoots) = (500, 20)
        /// Machines that are not nodes.
        package var strangers = 4_096
        /// Number of events between checks of the limits.
        package var period = 1_000

        package init() {}
    }

    /// How long to wait for another program's transaction.
    private static let busySeconds: TimeInterval = 10

    let database: DatabasePool
    let coder: RecordCoder
    let retention: Retention
    private let now: @Sendable () -> Int

    /// Opens the file, creating or upgrading it as needed.
    ///
    /// - Parameters:
    ///   - secrets: seals secrets, including those already stored in clear. If nil, they stay as they are.
    ///   - now: seconds since 1970.
    package init(
        path: String, secrets: NodeSecrets? = nil, retention: Retention = Retention(),
        now: @escaping @Sendable () -> Int = { SystemClock.wall / 1_000 }
    ) throws(StoreError) {
        self.now = now
        self.retention = retention
        coder = RecordCoder(secrets: secrets)
        do {
            var configuration = Configuration()
            configuration.foreignKeysEnabled = true
            // Another program, such as a backup, may write for a moment.
            configuration.busyMode = .timeout(Self.busySeconds)
            configuration.prepareDatabase { database in
                // Readers never wait for the writer, and what was answered is on the disk.
                try database.execute(sql: "PRAGMA synchronous = FULL")
                // A changed secret is not left in the file's unused pages.
                try database.execute(sql: "PRAGMA secure_delete = ON")
                database.add(function: Self.clockShift)
            }
            database = try DatabasePool(path: path, configuration: configuration)
            let step = try database.read { database in
                guard try database.tableExists("grdb_migrations") else { return 0 }
                return try Int.fetchOne(database, sql: "SELECT count(*) FROM grdb_migrations") ?? 0
            }
            guard step <= SchemaSteps.latest else {
                throw StoreError.conflict(
                    "\(path) is at step \(step), which only a newer program knows; take it back with that program: roost store-schema --to \(SchemaSteps.latest)"
                )
            }
            try SchemaSteps.migrator().migrate(database)
            Commit.schemaUp.pass(.done)
            if let secrets { try StoredSecrets.seal(in: database, with: secrets) }
            try database.write { database in
                try Self.prune(to: retention, in: database)
                Commit.oldEvents.pass(.commit)
            }
            Commit.oldEvents.pass(.done)
        } catch {
            throw Self.storeError(error)
        }
    }

    // MARK: Access

    func read<T: Sendable>(_ body: @Sendable (Database) throws -> T) async throws(StoreError) -> T {
        do { return try await database.read(body) } catch { throw Self.storeError(error) }
    }

    /// Changes the database in one transaction, which is on the disk when this returns.
    func write<T: Sendable>(
        _ commit: Commit, _ body: @Sendable (Database) throws -> T
    ) async throws(StoreError) -> T {
        do {
            let result = try await database.write { database in
                let result = try body(database)
                commit.pass(.commit)
                return result
            }
            commit.pass(.done)
            return result
        } catch {
            throw Self.storeError(error)
        }
    }

    /// The meaning of `error`, in words for people when it comes from the database.
    static func storeError(_ error: any Error) -> StoreError {
        if let error = error as? StoreError { return error }
        if let error = error as? DatabaseError { return .unavailable(DatabaseTrouble(error)) }
        if error is DecodingError { return .unavailable(DatabaseTrouble.foreign) }
        return .unavailable(error)
    }

    static func json(_ value: some Encodable) throws -> String {
        try RecordCoder(secrets: nil).json(value)
    }

    static func value<T: Decodable>(_: T.Type = T.self, json: String) throws -> T {
        try RecordCoder(secrets: nil).value(json: json)
    }

    var currentSecond: Int { now() }

    // MARK: Images

    static func images(in database: Database) throws -> [ImageCatalogue] {
        var versions: [ImageName: [ImageVersion]] = [:]
        let rows = try Row.fetchAll(
            database, sql: "SELECT * FROM image_version WHERE NOT removed ORDER BY image, number")
        for row in rows {
            let version = try version(of: row)
            versions[version.image, default: []].append(version)
        }
        var signatures: [String: [ImageSignature]] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT * FROM image_signature ORDER BY key") {
            signatures[row["digest"], default: []].append(
                ImageSignature(key: row["key"], signature: row["signature"]))
        }
        return versions.map { name, versions in
            ImageCatalogue(
                name: name,
                versions: versions.map { version in
                    var version = version
                    version.signatures = signatures[version.digest.text] ?? []
                    return version
                }, channels: [:])
        }
    }

    static func version(of row: Row) throws -> ImageVersion {
        guard let digest = Fleet.Digest(row["digest"] as String) else {
            throw StoreError.conflict("the store holds a malformed digest")
        }
        return ImageVersion(
            image: try ImageName(row["image"] as String), number: row["number"], digest: digest,
            publishedAt: row["published_at"],
            publishedBy: row["published_by"], manifest: try value(json: row["manifest"]))
    }
}

/// Why SQLite failed, and what to do about it.
private struct DatabaseTrouble: Error, CustomStringConvertible {
    let description: String

    /// A record that another program wrote, or a newer version.
    static let foreign = Self(description: "it holds a record that this program cannot read")

    private init(description: String) { self.description = description }

    init(_ error: DatabaseError) {
        description =
            switch error.resultCode {
            case .SQLITE_FULL:
                "the disk with the state directory is full; nothing was changed; free some space and repeat it"
            case .SQLITE_IOERR:
                "the disk with the state directory cannot be read or written; check its health"
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: "the database is damaged; restore a backup (roost restore)"
            case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_AUTH:
                "the database cannot be opened; look at the owner of the state directory"
            case .SQLITE_READONLY: "the database is read-only; look at the owner of the state directory"
            case .SQLITE_BUSY, .SQLITE_LOCKED: "another program uses the database; try again"
            default: error.message.map { "SQLite says ‘\($0)’" } ?? "SQLite says \(error.resultCode.rawValue)"
            }
    }
}
