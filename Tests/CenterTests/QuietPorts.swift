import API
import Fleet
import Foundation
import Wire

@testable import Center

/// Data planes where nothing boots.
struct QuietPlanes: CenterPorts.Planes {
    var server = IPv4Address(rawValue: 0)
    var given: @Sendable () -> [Lease] = { [] }
    var heardOf: @Sendable () -> HeardMachines = { HeardMachines() }
    var mounted: [Digest: Int] = [:]
    var volumesInUse: [NodeName: Int] = [:]
    /// What every running node would get.
    var current: [CurrentStep]? = [
        CurrentStep(NodeStep("host name", .hostName), mark: "a1"),
        CurrentStep(NodeStep("hosts", .hosts), mark: "b2"),
    ]

    func policy() async -> BootPolicy { BootPolicy(server: server, loaders: [], nodeArchives: [:]) }
    func heard() async -> HeardMachines { heardOf() }
    func leases() async -> [Lease] { given() }
    func leaseCount() async -> Int { given().count }
    func clients() async -> [MACAddress: BootClient] { [:] }
    func rootActivity() async -> [IPv4Address: RootActivity] { [:] }
    func limitFigures() async -> LimitFigures { LimitFigures() }
    func openVersions() async -> [Digest: Int] { [:] }
    func mountedVersions() async -> [Digest: Int] { mounted }
    func openVolumes() async -> [NodeName: Int] { volumesInUse }
    func restart(_ machines: [MACAddress]) async {}
    func powerOff(_ machines: [MACAddress]) async {}
    func wake(_ machines: [MACAddress]) async -> Bool { true }
    func currentSteps(of machine: MACAddress) async throws -> [CurrentStep]? { current }
    func apply(_ marks: [String: String], to machine: MACAddress) async {}
    func openBoot(of machine: MACAddress, _ version: Digest) async -> String { "" }
}

/// What a server would serve.
struct ListedNetworks: NetworkView {
    var served: [NetworkAnswer] = []

    func networks() async -> [NetworkAnswer] { served }
}

/// A store without versions, in which every file is the same.
struct NoImages: ImageFiles {
    var file = ""

    func manifest(of image: ImageName, _ digest: Digest) throws -> ImageManifest {
        throw StoreError.notFound("")
    }
    func verify(_ image: ImageName, _ digest: Digest) async throws -> [String] { [] }
    func changes(from before: ImageVersion, to after: ImageVersion) async throws -> [ImageDifference.Change] {
        []
    }
    func remove(_ image: ImageName, _ digest: Digest) throws {}
    func path(of version: ImageVersion, _ file: String) -> String { self.file }
}

/// Accepts files from other servers.
struct PullsInto: PulledFiles {
    var directory = ""

    func directory(for image: ImageName, _ digest: Digest) throws -> String { directory }
    func discard(except wanted: Set<Digest>) throws {}
    func adopt(_ image: ImageName, _ digest: Digest) throws {}
}

/// Volumes without files.
struct NoVolumeFiles: VolumeFiles {
    var copies: [SnapshotAnswer] = []

    func make(_ volume: Volume) throws {}
    func export(_ volumes: [Volume]) throws {}
    func grow(_ volume: Volume) throws {}
    func removeOthers(than volume: Volume) throws {}
    func remove(_ volume: Volume) throws {}
    func usedByteCount(of volume: Volume) -> Int? { nil }
    func snapshots(of place: NodeName) throws -> [SnapshotAnswer] { copies }
    func takeSnapshot(of volume: Volume, _ name: String) throws {}
    func restore(_ snapshot: String, as volume: Volume) throws -> Volume { volume }
    func removeSnapshot(of place: NodeName, _ name: String) throws {}
}

/// Keys that contain their node's name.
struct NamedHostKeys: HostKeys {
    func publicLine(of node: NodeName, number: Int) -> String { "ssh-ed25519 key-of-\(node)-\(number)" }
}
