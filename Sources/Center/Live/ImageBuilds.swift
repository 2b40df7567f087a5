package import Fleet
import Logging

/// What the worker is told: to build, or to stop building.
package struct ImageBuildOrder: Codable, Sendable, Equatable {
    package var build: Int
    package var image: String
    package var suite: String
    package var packages: [String]
    package var isCancelled = false

    package init(build: Int, image: String, suite: String, packages: [String]) {
        self.build = build
        self.image = image
        self.suite = suite
        self.packages = packages
    }

    /// The order, when nothing in it can be anything but a name. Both sides ask: the worker is root and trusts nobody.
    package func checked() throws -> Self {
        _ = try ImageName(image)
        for word in [suite] + packages {
            // Debian policy §5.6.1; suites such as bookworm-backports keep to it too.
            guard word.utf8.count <= 100, word.wholeMatch(of: /[a-z0-9][a-z0-9+.\-]+/) != nil else {
                throw Problem(422, "Invalid name", "‘\(word)’ is no name of a suite or package")
            }
        }
        guard packages.count <= 500 else { throw Problem(422, "Too much", "at most 500 packages") }
        return self
    }
}

/// What the worker says of a build: a line of its log, or how it ended.
package struct ImageBuildMessage: Codable, Sendable {
    package var build: Int
    package var line: String?
    /// The finished version in the image store.
    package var digest: Digest?
    package var failure: String?

    package init(build: Int, line: String? = nil, digest: Digest? = nil, failure: String? = nil) {
        self.build = build
        self.line = line
        self.digest = digest
        self.failure = failure
    }
}

/// Builds of images that were asked for on a page or by the API. The server has no leave to build: it orders them from a worker,
/// one after the other, and publishes what comes back.
package actor ImageBuilds {
    /// Builds that are remembered, and lines of each.
    private static let (buildLimit, lineLimit) = (50, 5_000)

    package enum State: String, Sendable, Codable { case waiting, running, done, failed, cancelled }

    struct Build: Sendable {
        var order: ImageBuildOrder
        var by: String
        var state = State.waiting
        /// Seconds since 1970.
        var startedAt: Int
        var endedAt: Int?
        /// The log, without `droppedLineCount` lines of its beginning.
        var lines: [String] = []
        var droppedLineCount = 0
        /// The version that came of it.
        var version: Int?
        var failure: String?

        var id: Int { order.build }
        var isOver: Bool { state != .waiting && state != .running }
    }

    private let fleet: LiveFleet
    private let shelf: ImageShelf
    private let logger: Logger
    private var send: (@Sendable (ImageBuildOrder) -> Void)?
    private var builds: [Int: Build] = [:]
    private var nextID = 1
    /// When listeners last heard of a line: they are told once a second, not for each.
    private var toldAt = 0

    init(fleet: LiveFleet, shelf: ImageShelf, logger: Logger) {
        self.fleet = fleet
        self.shelf = shelf
        self.logger = logger
    }

    /// There is a worker: `send` reaches it. Nil: it has ended.
    package func use(_ send: (@Sendable (ImageBuildOrder) -> Void)?) {
        self.send = send
        guard send == nil else { return }
        for id in builds.keys where builds[id]?.isOver == false { end(id, .failed, "the worker has ended") }
    }

    /// Whether builds can be ordered here.
    var isPossible: Bool { send != nil }

    /// Newest first.
    var all: [Build] { builds.values.sorted { $0.id > $1.id } }

    func build(_ id: Int) throws -> Build {
        guard let build = builds[id] else { throw StoreError.notFound("there is no build \(id)") }
        return build
    }

    // MARK: Ordering

    func start(_ image: ImageName, suite: String, packages: [String], by who: String) throws -> Build {
        guard send != nil else {
            throw StoreError.conflict(
                "this server builds no images (center.image-builds in roost.yaml); use roost image build on its host"
            )
        }
        let order = try ImageBuildOrder(
            build: nextID, image: image.text, suite: suite, packages: packages
        ).checked()
        if let other = builds.values.first(where: { !$0.isOver && $0.order.image == image.text }) {
            throw StoreError.conflict("build \(other.id) of \(image) is not over yet")
        }
        nextID += 1
        builds[order.build] = Build(order: order, by: who, startedAt: Clock.second)
        for id in builds.keys.sorted().dropLast(Self.buildLimit) where builds[id]?.isOver == true {
            builds[id] = nil
        }
        tell(order.build)
        startNext()
        return try build(order.build)
    }

    func cancel(_ id: Int) throws {
        let build = try build(id)
        guard !build.isOver else { throw StoreError.conflict("build \(id) is over") }
        if build.state == .running {
            var order = build.order
            order.isCancelled = true
            send?(order)
        }
        end(id, .cancelled, nil)
    }

    private func startNext() {
        guard !builds.values.contains(where: { $0.state == .running }),
            let next = builds.values.filter({ $0.state == .waiting }).min(by: { $0.id < $1.id })
        else { return }
        builds[next.id]?.state = .running
        builds[next.id]?.startedAt = Clock.second
        send?(next.order)
    }

    // MARK: Hearing

    package func receive(_ message: ImageBuildMessage) async {
        let id = message.build
        guard let build = builds[id], build.state == .running else { return }
        if let line = message.line { append(line, to: id) }
        if let failure = message.failure { end(id, .failed, failure) }
        guard let digest = message.digest else { return }
        do {
            let image = try ImageName(build.order.image)
            let version = try await shelf.take(image, digest, signatures: [], by: build.by)
            builds[id]?.version = version.number
            end(id, .done, nil)
        } catch {
            end(id, .failed, "the version cannot be published: \(error)")
        }
    }

    private func append(_ line: String, to id: Int) {
        builds[id]?.lines.append(line)
        if let count = builds[id]?.lines.count, count > Self.lineLimit {
            // A tenth at a time: to move all lines for each that comes costs more than the lines.
            builds[id]?.lines.removeFirst(Self.lineLimit / 10)
            builds[id]?.droppedLineCount += Self.lineLimit / 10
        }
        let now = Clock.second
        if now != toldAt { tell(id) }
        toldAt = now
    }

    private func end(_ id: Int, _ state: State, _ failure: String?) {
        builds[id]?.state = state
        builds[id]?.endedAt = Clock.second
        builds[id]?.failure = failure
        logger.info("build \(id) \(state.rawValue)\(failure.map { ": \($0)" } ?? "")")
        tell(id)
        startNext()
    }

    private func tell(_ id: Int) {
        guard let build = builds[id] else { return }
        fleet.events.publish(
            ServerEvent(
                kind: .build,
                text: "build \(id) of \(build.order.image): \(build.lines.last ?? build.state.rawValue)"))
    }
}
