// roost-planes: the data planes alone, on loopback, for the benchmarks; the same services as in ‘roost serve’.
//
// roost-planes DIRECTORY NBD-PORT HTTP-PORT TFTP-PORT DHCP-PORT
// roost-planes kept | log-ins | sealed
// DIRECTORY holds images/bench/DIGEST/{root.squashfs,kernel,modules.cpio}, whose digest is 64 times the letter a.

import Fleet
import Foundation
import Linux
import Sealing
import Services
import Wire

let arguments = CommandLine.arguments
if arguments.dropFirst() == ["kept"] {
    try KeptSections.run()
    exit(0)
}
if arguments.dropFirst() == ["log-ins"] {
    try await LogInAnswers.run()
    exit(0)
}
if arguments.dropFirst() == ["sealed"] {
    try SealedConfigurations.run()
    exit(0)
}
let ports = arguments.dropFirst(2).compactMap { UInt16($0) }
guard arguments.count == 6, ports.count == 4, let digest = Digest(String(repeating: "a", count: 64)) else {
    print("usage: roost-planes DIRECTORY NBD-PORT HTTP-PORT TFTP-PORT DHCP-PORT")
    exit(64)
}
let directory = arguments[1]
let image = try ImageName("bench")
let store = "\(directory)/images"
let version = try ImageVersion(
    image: image, number: 1, digest: digest, publishedAt: 0,
    manifest: ImageManifest(
        image: image, architecture: "amd64", kernelRelease: "0", system: "",
        files: ["root.squashfs", "kernel", "modules.cpio"].map { name in
            let path = "\(store)/bench/\(digest)/\(name)"
            return ImageManifest.File(
                name: name, byteCount: try FileDescriptor(opening: path).byteCount(), sha256: digest)
        }, packages: [], origin: ""))
let snapshot = FleetSnapshot(
    revision: 1, nodes: [], groups: [],
    images: [ImageCatalogue(name: image, versions: [version], channels: [.stable: 1])])
guard let network = IPv4Network("127.0.0.0/8"), let first = IPv4Address("127.16.0.0"),
    let last = IPv4Address("127.31.255.255")
else { exit(1) }
let subnet = DHCPSubnet(network: network, server: .loopback, pools: [first...last])
let policy = BootPolicy(server: .loopback, loaders: ["bench.bin"], nodeArchives: [:])
let settings = BootContext.Settings(
    policy: policy, imageStore: store, volumeDirectory: "", nodeArchiveDirectory: "",
    loaders: ["bench.bin": "\(store)/bench/\(digest)/kernel"], key: ServerKey(),
    secrets: NodeSecrets())
let log: @Sendable (String) -> Void = { _ in }

/// Binds everything and serves forever.
func serve() throws {
    let loop = try EventLoop()
    // Here a whole fleet shares one address.
    var limits = PeerLimits.Maxima()
    limits.dhcpStrangersMessages = PeerRates(perSecond: 10_000_000, burst: 10_000_000)
    limits.dhcpStrangerMessages = limits.dhcpStrangersMessages
    limits.dhcpMessages = limits.dhcpStrangersMessages
    let allowances = PeerAllowances([PeerAllowances.Network(network, times: 10_000)])
    let context = try BootContext(
        loop: loop, settings: settings, snapshot: snapshot, tracker: BootTracker(),
        limits: PeerLimits(maxima: limits, allowances: allowances, budget: .raised()), send: { _ in })
    let nbd = try NBDService(
        listener: try Socket.listening(.loopback, port: ports[0]), loop: loop, context: context, log: log)
    let http = try HTTPService(
        listener: try Socket.listening(.loopback, port: ports[1]), loop: loop, context: context, log: log)
    let tftp = try TFTPService(
        socket: try Socket.datagram(.loopback, port: ports[2]), loop: loop, context: context)
    let path = "\(directory)/leases.journal"
    let leases = try LeaseJournal.leases(at: path)
    let dhcp = DHCPService(
        links: [DHCPLink(interface: nil, subnets: [subnet])], reservations: [], leases: leases,
        committer: try LeaseCommitter(journal: try LeaseJournal(path), log: log), context: context, log: log)
    try dhcp.listen(
        on: try Socket.datagram(.loopback, port: ports[3]), frames: nil,
        neighbours: nil, at: DHCPService.Endpoint(interface: nil),
        loop: loop)
    print("ready")
    fflush(nil)
    withExtendedLifetime((nbd, http, tftp, dhcp)) { loop.run() }
}

try serve()
