import Fleet
import Foundation
import Hummingbird
import Logging
import StoreSQLite
import Testing
import Wire
import Yams

@testable import Center

/// The document and the routes say the same: paths, methods, and the permission that each needs.
@Suite struct OpenAPITests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static func documented() throws -> [String: String] {
        let text = String(decoding: Assets.openAPI, as: UTF8.self)
        let document = try #require(try Yams.load(yaml: text) as? [String: Any])
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        var operations: [String: String] = [:]
        for (path, methods) in paths {
            // Names of parameters differ between the document and the router: their places count.
            let shape = path.replacing(/\{[^}]+\}/, with: "*")
            for (method, operation) in methods {
                let permission = (operation as? [String: Any])?["x-permission"] as? String
                operations["\(method.uppercased()) \(shape)"] = permission ?? "(none)"
            }
        }
        return operations
    }

    /// A control center's services over an empty store.
    private func services() async throws -> CenterServices {
        let fleet = try await LiveFleet(
            store: try SQLiteStore(path: "\(directory.path)/store"), trust: ImageTrust(keys: [])
        ) { _ in }
        let files = VolumeFiles(
            make: { _ in }, export: { _ in }, grow: { _ in }, removeOthers: { _ in }, remove: { _ in },
            usedByteCount: { _ in nil },
            snapshots: { _ in [] }, takeSnapshot: { _, _ in }, restore: { _, _ in 0 },
            removeSnapshot: { _, _ in })
        let volumes = Volumes(
            fleet: fleet, files: files, openVolumes: { [:] }, logger: Logger(label: "test"))
        return CenterServices(
            fleet: fleet, volumes: volumes, logs: try NodeLogs(directory: "\(directory.path)/logs"),
            logger: Logger(label: "test"),
            version: "test", roles: [],
            policy: { BootPolicy(server: IPv4Address(rawValue: 0), loaders: [], nodeArchives: [:]) },
            leases: { [] },
            networks: { [] }, wallSecret: "", openVersions: { [:] }, mountedVersions: { [:] },
            rootActivity: { [:] },
            restart: { _ in }, openBoot: { _, _ in "" },
            manifest: { _, _ in throw StoreError.notFound("") }, verify: { _, _ in [] },
            compare: { _, _ in [] },
            removeFiles: { _, _ in }, filePath: { _, _ in "" }, serverName: "test",
            replicaFiles: ReplicaFiles(
                directory: { _, _ in "" }, discard: { _ in }, adopt: { _, _ in }))
    }

    @Test func `every route is documented with its permission, and nothing else is`() async throws {
        var routes: [String: String] = [:]
        let router = Router(context: CenterContext.self)
        Routes(group: router.group("")) { method, path, permission in
            let shape = "/\(path)".replacing("//", with: "/").replacing(/\{[^}]+\}/, with: "*")
            routes["\(method.rawValue) \(shape)"] = permission.rawValue
        }.addAPI(try await services())
        let documented = try Self.documented()
        for (route, permission) in documented { #expect(routes[route] == permission, "\(route)") }
        for route in routes.keys { #expect(documented[route] != nil, "\(route)") }
    }
}
