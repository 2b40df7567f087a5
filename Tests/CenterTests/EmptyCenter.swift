import API
import Fleet
import Foundation
import Logging
import StoreSQLite
import Testing
import Wire

@testable import Center

extension CenterServices {
    /// A control center's services over the store in `directory`, which is created if missing, without data planes.
    ///
    /// - Parameters:
    ///   - snapshots: the snapshots of every volume.
    ///   - keys: the keys whose signatures are required.
    static func alone(
        in directory: TemporaryDirectory, snapshots: [SnapshotAnswer] = [], keys: [String] = [],
        planes: QuietPlanes = QuietPlanes(), networks: ListedNetworks = ListedNetworks(),
        images: NoImages = NoImages()
    ) async throws -> Self {
        try NewStore.contents.get().write(to: URL(fileURLWithPath: "\(directory.path)/store"))
        let fleet = try await LiveFleet(
            store: try SQLiteStore(path: "\(directory.path)/store"), trust: ImageTrust(keys: keys)
        ) { _ in }
        let volumes = Volumes(
            fleet: fleet, files: NoVolumeFiles(copies: snapshots), openFiles: planes, logger: .silent)
        return CenterServices(
            fleet: fleet, volumes: volumes, logs: try NodeLogs(directory: "\(directory.path)/logs"),
            ports: CenterPorts(
                planes: planes, networks: networks, images: images, pulls: PullsInto(),
                hostKeys: NamedHostKeys()),
            logger: .silent, version: "test", roles: [], serverName: "test")
    }
}

/// A store that nothing was written to, with the present schema. Hundreds of tests begin with one, and all steps of the schema would be a
/// tenth of their time.
private enum NewStore {
    static let contents = Result {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/store"
        // Closed at once, so that all is in this file.
        do { _ = try SQLiteStore(path: path) }
        try #require(!FileManager.default.fileExists(atPath: "\(path)-wal"))
        return try Data(contentsOf: URL(fileURLWithPath: path))
    }
}

extension Logger {
    /// Errors are visible in the answers.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
