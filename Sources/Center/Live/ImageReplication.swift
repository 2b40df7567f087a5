package import API
package import Fleet
import Foundation
import HTTPClient
import Logging
import NIOCore
import NetworkErrors

/// Another server that versions are copied from.
package struct ReplicationSource: Sendable, Equatable {
    /// `https://HOST:PORT`
    package var url: String
    /// The file with a token for that server.
    package var tokenPath: String
    /// The file with the trusted certificate; nil: this host's certificate authorities.
    package var certificatePath: String?
    /// Empty: all.
    package var images: [ImageName]
    /// Channels that follow the source's.
    package var channels: [ChannelName]
    /// Nil: no limit.
    package var bytesPerSecond: Int?
    /// Seconds between polls.
    package var period: Int

    package init(
        url: String, tokenPath: String, certificatePath: String? = nil, images: [ImageName] = [],
        channels: [ChannelName] = [], bytesPerSecond: Int? = nil, period: Int = 60
    ) {
        self.url = url
        self.tokenPath = tokenPath
        self.certificatePath = certificatePath
        self.images = images
        self.channels = channels
        self.bytesPerSecond = bytesPerSecond
        self.period = period
    }
}

/// Copies versions from other servers, and tracks the servers that copy from this one.
package actor ImageReplication {
    /// Replicas that are remembered.
    private static let replicaLimit = 1_000
    /// Seconds after its last report when a replica is forgotten.
    private static let replicaAge = 7 * 86_400
    /// Attempts to resume a file that stopped coming.
    private static let attemptLimit = 5
    /// A manifest lists packages: ten thousand are one MiB.
    private static let manifestByteLimit = 8 << 20
    /// The maximum stated size of a file.
    private static let fileByteLimit = 1 << 40
    /// Reserved on the disk for leases and the store.
    private static let reservedByteCount = 2 << 30
    private static let fileNames = ["kernel", "modules.cpio", "root.squashfs"]

    private let sources: [ReplicationSource]
    /// This server's name.
    private let name: String
    let fleet: LiveFleet
    private let shelf: ImageShelf
    private let files: any PulledFiles
    private let logger: Logger
    private var states: [String: SourceAnswer]
    private var elsewhere: [String: [PlaceAnswer]] = [:]
    /// Only for this server's own versions: other servers' reports take no more room than there are versions.
    private var replicas: [String: (seenAt: Int, shares: [Digest: Double])] = [:]
    /// The number of polls of all sources, including one in progress.
    private var round = 0
    private let wake = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    init(
        sources: [ReplicationSource], name: String, fleet: LiveFleet, shelf: ImageShelf,
        files: any PulledFiles,
        logger: Logger
    ) {
        self.sources = sources
        self.name = name
        self.fleet = fleet
        self.shelf = shelf
        self.files = files
        self.logger = logger
        states = Dictionary(sources.map { ($0.url, SourceAnswer(url: $0.url)) }) { first, _ in first }
    }

    // MARK: Looking

    package var sourceAnswers: [SourceAnswer] { sources.compactMap { states[$0.url] } }

    /// The servers known to have versions of an image.
    package func places(of image: ImageCatalogue?, _ name: ImageName) -> [PlaceAnswer] {
        var places = (image?.versions ?? []).map {
            PlaceAnswer(
                server: self.name, isHere: true, image: name, number: $0.number, digest: $0.digest, share: 1,
                seenAt: Clock.second)
        }
        for known in elsewhere.values { places += known.filter { $0.image == name } }
        for (server, replica) in replicas {
            places += (image?.versions ?? []).compactMap { version in
                replica.shares[version.digest].map { share in
                    PlaceAnswer(
                        server: server, isHere: false, image: name, number: nil, digest: version.digest,
                        share: share, seenAt: replica.seenAt)
                }
            }
        }
        return places.sorted {
            ($0.isHere ? 0 : 1, $0.server, $0.number ?? 0) < ($1.isHere ? 0 : 1, $1.server, $1.number ?? 0)
        }
    }

    /// How much is remembered of the replicas' reports.
    var rememberedShares: Int { replicas.values.reduce(0) { $0 + $1.shares.count } }

    /// Records what a replica has of this server's versions; others are ignored.
    package func note(_ report: ReplicaReport, of server: String) throws {
        let now = Clock.second
        replicas = replicas.filter { now - $0.value.seenAt < Self.replicaAge }
        guard replicas[server] != nil || replicas.count < Self.replicaLimit else {
            throw StoreError.conflict("there are already \(replicas.count) servers that report copies")
        }
        var shares: [Digest: Double] = [:]
        for copy in report.copies {
            guard let version = fleet.snapshot.version(copy.digest) else { continue }
            shares[version.digest] = copy.share
        }
        replicas[server] = (now, shares)
    }

    /// Polls the sources at once.
    ///
    /// - Returns: the round that is certain to see everything present now; sources report their last finished round.
    package func lookNow() throws -> Int {
        guard !sources.isEmpty else {
            throw StoreError.conflict("this server copies from no other server (image-sources in roost.yaml)")
        }
        wake.continuation.yield()
        return round + 1
    }

    // MARK: Copying

    /// Copies until cancelled.
    func run() async throws {
        guard !sources.isEmpty else {
            while true { try await Task.sleep(for: .seconds(3_600)) }
        }
        let period = sources.map(\.period).min() ?? 60
        let ticks = Task { [wake] in
            while !Task.isCancelled {
                wake.continuation.yield()
                try? await Task.sleep(for: .seconds(period))
            }
        }
        defer { ticks.cancel() }
        for await _ in wake.stream {
            round += 1
            var incomplete: Set<Digest>? = []
            for source in sources {
                do {
                    incomplete?.formUnion(try await copy(from: source))
                    states[source.url]?.problem = nil
                    states[source.url]?.checkedAt = Clock.second
                } catch {
                    // Files received from there so far are still needed.
                    incomplete = nil
                    let text = ErrorText.of(error)
                    if states[source.url]?.problem != text {
                        logger.error("copies from \(source.url): \(text)")
                    }
                    states[source.url]?.problem = text
                }
                states[source.url]?.current = nil
                states[source.url]?.round = round
            }
            if let incomplete { try? files.discard(except: incomplete) }
        }
    }

    /// - Returns: versions that are still to be copied from there.
    private func copy(from source: ReplicationSource) async throws -> Set<Digest> {
        let distant = try DistantServer(source)
        let all = try await distant.get("images", [VersionAnswer].self)
        let offered = all.filter { source.images.isEmpty || source.images.contains($0.image) }
        elsewhere[source.url] = offered.map {
            PlaceAnswer(
                server: source.url, isHere: false, image: $0.image, number: $0.number, digest: $0.digest,
                share: 1, seenAt: Clock.second)
        }
        states[source.url]?.seenAt = Clock.second
        // Skip versions that no channel or tag points to: no node would boot them.
        let wanted = offered.filter { !$0.channels.isEmpty || !$0.tags.isEmpty }
        var problem: (any Error)?
        for version in wanted where fleet.snapshot.version(version.digest) == nil {
            // A failed version does not hold up the others.
            do { try await pull(version, from: source, distant) } catch { problem = problem ?? error }
            do { try await report(to: distant) } catch { problem = problem ?? error }
        }
        for version in wanted {
            // First: a node that gets the version by its channel has its settings.
            do { try await takeSettings(of: version, source) } catch { problem = problem ?? error }
            if let refusal = try await follow(version, source) {
                problem = problem ?? StoreError.conflict(Sentence(phrase: refusal))
            }
        }
        do { try await report(to: distant) } catch { problem = problem ?? error }
        if let problem { throw problem }
        return Set(wanted.map(\.digest).filter { fleet.snapshot.version($0) == nil })
    }

    private func pull(_ version: VersionAnswer, from source: ReplicationSource, _ distant: DistantServer)
        async throws
    {
        // Checked first: half a gigabyte that is refused in the end would be copied again and again.
        guard fleet.trust.isTrusted(version.digest, version.signatures) else {
            throw StoreError.conflict(
                "\(version.image)@\(version.number) is not signed by a key of this server's image-keys")
        }
        // File names become paths here.
        let named = version.manifest.files
        guard named.allSatisfy({ Self.fileNames.contains($0.name) }),
            Set(named.map(\.name)).count == named.count,
            named.allSatisfy({ (0...Self.fileByteLimit).contains($0.byteCount) })
        else {
            throw StoreError.conflict(
                "\(version.image)@\(version.number) has files that do not belong to a version")
        }
        let directory = try files.directory(for: version.image, version.digest)
        try Self.requireRoom(for: version, in: directory)
        logger.info("copying \(version.image) \(version.digest.short) from \(source.url)")
        let total = version.manifest.files.reduce(0) { $0 + $1.byteCount }
        var done = 0
        var brake = Brake(bytesPerSecond: source.bytesPerSecond)
        for name in ["manifest.json"] + version.manifest.files.map(\.name) {
            let byteCount = version.manifest.file(name)?.byteCount
            var attempts = 0
            while true {
                let file = try ReplicaFile("\(directory)/\(name)", byteCount: byteCount)
                if byteCount == file.received { break }
                do {
                    let path = "images/\(version.image)/versions/\(version.digest)/files/\(name)"
                    for try await bytes in try await distant.body(of: path, from: file.received) {
                        try file.append(bytes, upTo: byteCount ?? Self.manifestByteLimit)
                        states[source.url]?.current = SourceAnswer.Current(
                            image: version.image, digest: version.digest,
                            receivedByteCount: done + file.received,
                            byteCount: total)
                        try await brake.wait(after: bytes.readableBytes)
                    }
                    guard byteCount == nil || file.received == byteCount else {
                        throw StoreError.conflict("\(name) ended after \(file.received) bytes")
                    }
                    break
                } catch {
                    attempts += 1
                    // The manifest is fetched whole, never resumed.
                    if byteCount == nil { try file.clear() }
                    guard attempts < Self.attemptLimit, !Task.isCancelled, !(error is ReplicaFile.TooLong)
                    else { throw error }
                    try await Task.sleep(for: .seconds(1 << attempts))
                }
            }
            done += byteCount ?? 0
        }
        let files = files
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            Thread.detachNewThread {
                continuation.resume(with: Result { try files.adopt(version.image, version.digest) })
            }
        }
        let taken = try await shelf.take(
            version.image, version.digest, signatures: version.signatures, by: "copy from \(source.url)")
        logger.info("\(taken.image)@\(taken.number) is copied from \(source.url)")
    }

    /// A full disk would stop leases: machines get no addresses.
    private static func requireRoom(for version: VersionAnswer, in directory: String) throws {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: directory)
        guard let free = (attributes?[.systemFreeSize] as? NSNumber)?.intValue else { return }
        let present = version.manifest.files.reduce(0) { sum, file in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(directory)/\(file.name)")
            return sum + min(file.byteCount, attributes?[.size] as? Int ?? 0)
        }
        let missing = version.manifest.files.reduce(0) { $0 + $1.byteCount } - present
        guard missing <= free - reservedByteCount else {
            throw StoreError.conflict(
                "\(version.image)@\(version.number) needs \(missing >> 20) MiB more, and \(free >> 20) MiB are free: 2 GiB stay free for leases and the store"
            )
        }
    }

    /// Names that a version has at the source, it gets here, too; channels only if they are followed.
    ///
    /// - Returns: why a followed channel stays where it is; nil when none does.
    private func follow(_ version: VersionAnswer, _ source: ReplicationSource) async throws -> String? {
        guard let here = fleet.snapshot.version(version.digest),
            let image = fleet.snapshot.images[version.image]
        else { return nil }
        var (edits, refusal): ([FleetEdit], String?) = ([], nil)
        for channel in version.channels where source.channels.contains(channel) {
            let move = version.moves?.first { $0.channel == channel }
            if let reason = fleet.trust.refusal(of: move, moving: channel, of: image, to: here) {
                refusal = refusal ?? reason
                continue
            }
            if image.channels[channel] != here.number {
                edits.append(.channel(image.name, channel, here.number))
            }
            // Replicas of this server need it, too; and the newest move stays known.
            if let move, move.digest == here.digest, image.moves[channel] != move,
                ImageTrust.isValid(move, of: image.name)
            {
                edits.append(.move(image.name, move))
            }
        }
        edits += version.tags.filter { image.tags[$0] == nil && image.channels[$0] == nil }
            .map { .tag(image.name, $0, here.number) }
        if !edits.isEmpty {
            let made = edits
            try await fleet.change(by: "copy from \(source.url)") { _ in made }
        }
        return refusal
    }

    /// Reports to the source that the versions are here.
    private func report(to distant: DistantServer) async throws {
        let copies = fleet.snapshot.images.values.flatMap(\.versions).map {
            ReplicaReport.Copy(image: $0.image, digest: $0.digest, share: 1)
        }
        try await distant.put("replicas/\(name)", ReplicaReport(copies: copies))
    }

    /// Limits the mean rate.
    private struct Brake {
        let bytesPerSecond: Int?
        private let start = ContinuousClock.now
        private var byteCount = 0

        init(bytesPerSecond: Int?) { self.bytesPerSecond = bytesPerSecond }

        mutating func wait(after bytes: Int) async throws {
            guard let bytesPerSecond else { return }
            byteCount += bytes
            let due = start + .seconds(Double(byteCount) / Double(bytesPerSecond))
            if due > .now { try await Task.sleep(until: due, clock: .continuous) }
        }
    }
}
