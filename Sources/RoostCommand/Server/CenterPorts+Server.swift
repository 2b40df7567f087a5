import API
import Center
import Fleet
import Images
import Linux
import Sealing
import Wire

/// The data planes have these functions under the same names.
extension DataPlanes: DataPlaneView, MachineOrders, OpenFiles {}

/// The control center has this function under the same name.
extension LogIns: NodeLogIns {}

/// The networks of the last configuration read, with their leased addresses.
struct ServedNetworkView: NetworkView {
    let policy: CurrentPolicy
    let planes: DataPlanes

    func networks() async -> [NetworkAnswer] {
        policy.value.networks.answers(leases: await planes.leases(), now: SystemClock.wall / 1_000)
    }
}

/// The image store, including comparisons of its versions.
struct StoredImages: ImageFiles, PulledFiles {
    let store: ImageStore
    let comparison: RootComparison

    init(_ store: ImageStore) {
        self.store = store
        comparison = RootComparison(store: store)
    }

    func manifest(of image: ImageName, _ digest: Digest) throws -> ImageManifest {
        try store.manifest(of: image, digest)
    }

    func verify(_ image: ImageName, _ digest: Digest) async throws -> [String] {
        try await store.verify(image, digest)
    }

    func changes(from before: ImageVersion, to after: ImageVersion) async throws -> [ImageDifference.Change] {
        try await comparison.changes(from: before, to: after)
    }

    func remove(_ image: ImageName, _ digest: Digest) throws { try store.remove(image, digest) }

    func path(of version: ImageVersion, _ file: String) -> String { "\(store.path(of: version))/\(file)" }

    func directory(for image: ImageName, _ digest: Digest) throws -> String {
        try store.pullDirectory(for: image, digest)
    }

    func discard(except wanted: Swift.Set<Digest>) throws { try store.discardPulls(except: wanted) }

    func adopt(_ image: ImageName, _ digest: Digest) throws { try store.adopt(image, digest) }
}

/// Host keys derived from the server's secret.
struct NodeHostKeys: HostKeys {
    let secrets: NodeSecrets

    func publicLine(of node: NodeName, number: Int) -> String {
        secrets.hostKey(of: node.text, number: number).publicLine
    }
}
