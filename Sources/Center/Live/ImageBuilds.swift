package import API
package import Fleet
import Logging
import NetworkErrors

/// An order to the worker: build, boot a version, or stop.
package struct ImageBuildOrder: Codable, Sendable, Equatable {
    package var build: Int
    package var image: String
    package var suite: String
    package var packages: [String]
    /// Boots a version of the image instead of building one.
    package var test: BootTestAnswer?
    package var isCancelled = false

    package init(build: Int, image: String, suite: String, packages: [String]) {
        self.build = build
        self.image = image
        self.suite = suite
        self.packages = packages
    }

    /// The order, if it contains nothing but valid names. Both sides check: the worker is root and trusts no input.
    package func checked() throws -> Self {
        _ = try ImageName(image)
        if let test {
            guard test.commandLine.allSatisfy({ $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } }) else {
                throw Problem(422, "Invalid word", "the kernel command line is not a list of words")
            }
            return self
        }
        for word in [suite] + packages {
            // Debian policy §5.6.1; suites such as bookworm-backports follow it, too.
            guard word.utf8.count <= 100, word.wholeMatch(of: /[a-z0-9][a-z0-9+.\-]+/) != nil else {
                throw Problem(422, "Invalid name", "‘\(word)’ is not the name of a suite or package")
            }
        }
        guard packages.count <= 500 else { throw Problem(422, "Too much", "at most 500 packages") }
        return self
    }
}

/// The worker's report on a build: a line of its log, or its end.
package struct ImageBuildMessage: Codable, Sendable {
    package var build: Int
    package var line: String?
    /// The finished version's digest in the image store.
    package var digest: Digest?
    package var failure: String?
    /// The machine of a boot test was ended, and its console is told to the last line.
    package var isOver: Bool?

    package init(
        build: Int, line: String? = nil, digest: Digest? = nil, failure: String? = nil, isOver: Bool? = nil
    ) {
        self.isOver = isOver
        self.build = build
        self.line = line
        self.digest = digest
        self.failure = failure
    }
}

/// Builds and boot tests of images, requested on a page or by the API. The server itself has no rights to build: it orders them from a
/// worker, one at a time, and publishes the results.
package actor ImageBuilds {
    /// Builds that are kept, and lines of each.
    private static let (buildLimit, lineLimit) = (50, 5_000)
    private static let endMilliseconds = 8_000

    struct Build: Sendable {
        var order: ImageBuildOrder
        var by: String
        /// Whose leave it has; nil: that of the server's host.
        var maker: Maker?
        var state = BuildState.waiting
        /// Seconds since 1970.
        var startedAt: Int
        var endedAt: Int?
        /// The log, without its first `droppedLineCount` lines.
        var lines: [String] = []
        var droppedLineCount = 0
        /// The version that was built, or passed.
        var version: Int?
        /// The boot test, if nothing is built.
        var test: Test?
        var failure: String?

        struct Test: Sendable {
            var version: ImageVersion
            var withinSeconds: Int
            /// The channel that moves to the version when it passes.
            var channel: ChannelName?
            /// It is finished, and being stored.
            var isEnding = false
            /// The worker has told the last line of its machine's console.
            var isOver = false
        }

        var id: Int { order.build }
        var isOver: Bool { state != .waiting && state != .running }
    }

    private let fleet: LiveFleet
    private let shelf: ImageShelf
    private let tests: BootTests
    private let logger: Logger
    private var send: (@Sendable (ImageBuildOrder) -> Void)?
    private var builds: [Int: Build] = [:]
    private var nextID = 1
    /// When listeners were last notified of a line: at most once a second, not for each.
    private var toldAt = 0

    init(fleet: LiveFleet, shelf: ImageShelf, tests: BootTests, logger: Logger) {
        self.fleet = fleet
        self.shelf = shelf
        self.tests = tests
        self.logger = logger
    }

    /// A worker is available through `send`. Nil: it has ended.
    package func use(_ send: (@Sendable (ImageBuildOrder) -> Void)?) {
        self.send = send
        guard send == nil else { return }
        for id in builds.keys where builds[id]?.isOver == false {
            end(id, .failed, "the worker that builds images has stopped")
        }
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

    func start(
        _ image: ImageName, suite: String, packages: [String], by who: String, _ maker: Maker?
    ) throws -> Build {
        // The server has no signing key: the result of a ten-minute build could not be published.
        guard !fleet.trust.isRequired else {
            throw StoreError.conflict(
                "this server takes only signed versions, and has no key: build on a host that has one (roost image build --sign FILE)"
            )
        }
        let order = try ImageBuildOrder(
            build: nextID, image: image.text, suite: suite, packages: packages
        ).checked()
        return try take(Build(order: order, by: who, maker: maker, startedAt: Clock.second))
    }

    /// Boots `version` in a virtual machine on the server's host.
    func test(
        _ version: ImageVersion, within seconds: Int?, thenPromoteTo channel: ChannelName?, by who: String,
        _ maker: Maker?
    ) throws -> Build {
        let order = ImageBuildOrder(build: nextID, image: version.image.text, suite: "", packages: [])
        var build = Build(order: order, by: who, maker: maker, startedAt: Clock.second)
        build.test = Build.Test(
            version: version, withinSeconds: try BootTests.checked(seconds), channel: channel)
        return try take(build)
    }

    private func take(_ build: Build) throws -> Build {
        guard send != nil else {
            throw StoreError.conflict(
                "this server neither builds nor boots images (center.image-builds in roost.yaml); use roost image on its host"
            )
        }
        let order = build.order
        if let other = builds.values.first(where: { !$0.isOver && $0.order.image == order.image }) {
            throw StoreError.conflict("build \(other.id) of \(order.image) is still running")
        }
        nextID += 1
        builds[order.build] = build
        for id in builds.keys.sorted().dropLast(Self.buildLimit) where builds[id]?.isOver == true {
            builds[id] = nil
        }
        tell(order.build)
        startNext()
        return try self.build(order.build)
    }

    func cancel(_ id: Int) throws {
        let build = try build(id)
        guard !build.isOver else { throw StoreError.conflict("build \(id) has already ended") }
        stop(build)
        end(id, .cancelled, nil)
    }

    private func stop(_ build: Build) {
        guard build.state == .running else { return }
        var order = build.order
        order.isCancelled = true
        send?(order)
    }

    private func startNext() {
        guard !builds.values.contains(where: { $0.state == .running }),
            let next = builds.values.filter({ $0.state == .waiting }).min(by: { $0.id < $1.id })
        else { return }
        builds[next.id]?.state = .running
        builds[next.id]?.startedAt = Clock.second
        if let test = next.test {
            Task { await run(test, next.id) }
        } else {
            send?(next.order)
        }
    }

    // MARK: Boot tests

    /// Has the worker start the machine, and waits until it is ready or the worker reports its end.
    private func run(_ test: Build.Test, _ id: Int) async {
        do {
            let machine = try await tests.begin(test.version, within: test.withinSeconds)
            guard builds[id]?.state == .running else { return try await fleet.forget(machine.machine) }
            builds[id]?.order.test = machine
            if let order = builds[id]?.order { send?(order) }
            while builds[id]?.state == .running {
                try await Task.sleep(for: .seconds(1))
                if fleet.boot(of: machine.machine)?.readyAfter != nil { await finish(id, "") }
            }
            // Cancelled, or without a worker: no report will come.
            if fleet.boot(of: machine.machine) != nil { try await fleet.forget(machine.machine) }
        } catch {
            end(id, .failed, ErrorText.of(error))
        }
    }

    /// - Parameter detail: how the machine ended; empty: it is ready.
    private func finish(_ id: Int, _ detail: String) async {
        guard let build = builds[id], build.state == .running, let test = build.test, !test.isEnding,
            let machine = build.order.test
        else { return }
        builds[id]?.test?.isEnding = true
        if !test.isOver { stop(build) }
        // Its last lines are on their way; the worker gives a machine that long to end.
        let patience = Clock.steadyMillisecond + Self.endMilliseconds
        while let test = builds[id]?.test, !test.isOver, builds[id]?.state == .running,
            Clock.steadyMillisecond < patience
        {
            try? await Task.sleep(for: .milliseconds(100))
        }
        // Cancelled meanwhile, or its worker is gone.
        guard let ended = builds[id], ended.state == .running else { return }
        do {
            let report = BootTestReport(
                machine: machine.machine, boot: machine.boot, detail: detail,
                console: ended.lines.joined(separator: "\n"))
            let result = try await tests.end(report, test.version)
            guard result.isPassed else { return end(id, .failed, result.detail) }
            try await promote(test, of: build)
            builds[id]?.version = test.version.number
            end(id, .done, nil)
        } catch {
            end(id, .failed, ErrorText.of(error))
        }
    }

    /// Moves the channel, if any, to the version that has passed.
    func promote(_ test: Build.Test, of build: Build) async throws {
        guard let channel = test.channel else { return }
        try await fleet.change(by: build.by) { current in
            try Self.requireLeave(of: build, in: current)
            return [.channel(test.version.image, channel, test.version.number)]
        }
    }

    /// Throws where those who ordered a build have lost the leave for it meanwhile: it takes minutes, and ends with the account's leave.
    private static func requireLeave(of build: Build, in snapshot: FleetSnapshot) throws {
        guard let maker = build.maker, !maker.may(.publish, in: .site, by: snapshot.contents.access) else {
            return
        }
        throw StoreError.conflict(
            "\(build.by) was disabled, has got a new password or has lost the permission to publish meanwhile; nothing was changed"
        )
    }

    // MARK: Hearing

    package func receive(_ message: ImageBuildMessage) async {
        let id = message.build
        guard let build = builds[id], build.state == .running else { return }
        if let line = message.line { append(line, to: id) }
        if message.isOver == true { builds[id]?.test?.isOver = true }
        if let failure = message.failure {
            if build.test == nil { end(id, .failed, failure) } else { await finish(id, failure) }
        }
        guard let digest = message.digest else { return }
        do {
            let image = try ImageName(build.order.image)
            try Self.requireLeave(of: build, in: fleet.snapshot)
            let version = try await shelf.take(image, digest, signatures: [], by: build.by)
            builds[id]?.version = version.number
            end(id, .done, nil)
        } catch {
            end(id, .failed, "the version cannot be published: \(ErrorText.of(error))")
        }
    }

    private func append(_ line: String, to id: Int) {
        builds[id]?.lines.append(line)
        if let count = builds[id]?.lines.count, count > Self.lineLimit {
            // A tenth at a time: moving all lines for each new one costs more than the lines.
            builds[id]?.lines.removeFirst(Self.lineLimit / 10)
            builds[id]?.droppedLineCount += Self.lineLimit / 10
        }
        let now = Clock.second
        if now != toldAt { tell(id) }
        toldAt = now
    }

    private func end(_ id: Int, _ state: BuildState, _ failure: String?) {
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
