package import Fleet
import Wire

/// What the control center needs of the rest of the server.
package struct CenterServices: Sendable {
    package var store: any FleetStore
    package var version: String
    package var roles: [String]
    /// As the data planes have it now.
    package var policy: @Sendable () async -> BootPolicy
    /// Reads the configuration anew and gives it to the data planes; called after each change.
    package var refresh: @Sendable () async throws -> Void
    package var leases: @Sendable () async -> [Lease]
    /// Open NBD connections of each version.
    package var openVersions: @Sendable () async -> [Digest: Int]
    /// The manifest of a version in the image store, checked.
    package var manifest: @Sendable (ImageName, Digest) throws -> ImageManifest
    /// Deletes a version's files.
    package var removeFiles: @Sendable (ImageName, Digest) throws -> Void

    package init(
        store: any FleetStore, version: String, roles: [String],
        policy: @escaping @Sendable () async -> BootPolicy,
        refresh: @escaping @Sendable () async throws -> Void, leases: @escaping @Sendable () async -> [Lease],
        openVersions: @escaping @Sendable () async -> [Digest: Int],
        manifest: @escaping @Sendable (ImageName, Digest) throws -> ImageManifest,
        removeFiles: @escaping @Sendable (ImageName, Digest) throws -> Void
    ) {
        self.store = store
        self.version = version
        self.roles = roles
        self.policy = policy
        self.refresh = refresh
        self.leases = leases
        self.openVersions = openVersions
        self.manifest = manifest
        self.removeFiles = removeFiles
    }
}
