import API
import Fleet
import Logging
import StoreSQLite
import Wire

@testable import Center

extension CenterServices {
    /// A control center's services over the store in `directory`, which is made where there is none. No data plane stands behind them.
    ///
    /// - Parameters:
    ///   - snapshots: what each volume has.
    ///   - keys: whose signatures are wanted.
    static func alone(
        in directory: TemporaryDirectory, snapshots: [SnapshotAnswer] = [], keys: [String] = []
    ) async throws -> Self {
        let fleet = try await LiveFleet(
            store: try SQLiteStore(path: "\(directory.path)/store"), trust: ImageTrust(keys: keys)
        ) { _ in }
        let files = VolumeFiles(
            make: { _ in }, export: { _ in }, grow: { _ in }, removeOthers: { _ in }, remove: { _ in },
            usedByteCount: { _ in nil }, snapshots: { _ in snapshots }, takeSnapshot: { _, _ in },
            restore: { _, volume in volume }, removeSnapshot: { _, _ in })
        let volumes = Volumes(
            fleet: fleet, files: files, openVolumes: { [:] }, logger: .silent)
        return CenterServices(
            fleet: fleet, volumes: volumes, logs: try NodeLogs(directory: "\(directory.path)/logs"),
            logger: .silent, version: "test", roles: [],
            policy: { BootPolicy(server: IPv4Address(rawValue: 0), loaders: [], nodeArchives: [:]) },
            leases: { [] }, networks: { [] }, wallSecret: "", openVersions: { [:] },
            mountedVersions: { [:] }, rootActivity: { [:] }, restart: { _ in }, openBoot: { _, _ in "" },
            manifest: { _, _ in throw StoreError.notFound("") }, verify: { _, _ in [] },
            compare: { _, _ in [] }, removeFiles: { _, _ in }, filePath: { _, _ in "" }, serverName: "test",
            replicaFiles: ReplicaFiles(
                directory: { _, _ in "" }, discard: { _ in }, adopt: { _, _ in }),
            hostKey: { "ssh-ed25519 key-of-\($0)-\($1)" })
    }
}

extension Logger {
    /// What goes wrong is seen in the answers.
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
