import API
import ArgumentParser
import Commands
import Fleet
import Foundation
import Images
import Linux
import NIOHTTP1

/// `roost image …`
struct ImageCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Build, import, list and publish images.",
        subcommands: [
            ImageBuild.self, ImageImport.self, ImagePromote.self, ImageShell.self, ImageUpgrade.self,
            ImageBootTest.self,
        ] + ClientCommands.ofImages)
}

struct ImageBuild: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a version of an image from a Dockerfile or a Debian mirror.",
        discussion: """
            With a path, buildah builds the Dockerfile or Containerfile in it (or the file itself) and its last stage becomes the
            root; FROM \(ContainerImages.localBase):SUITE is a base that is made here, without a registry.
            With --suite, mmdebstrap builds from this host's own apt sources.
            """)
    @OptionGroup var packing: PackingOptions
    @Argument(help: "The image's name.", completion: .images) var name: String
    @Argument(help: "A directory with a Dockerfile or Containerfile, or the file.", completion: .file())
    var path: String?
    @Option(help: "The distribution's suite, instead of a path.") var suite: String?
    @Option(help: ArgumentHelp("For ARG in the Dockerfile.", valueName: "NAME=VALUE")) var buildArg:
        [String] = []
    @Option(help: "The stage that becomes the root; default: the last.") var target: String?
    @Flag(help: "Repeat every step of the Dockerfile, without the cache.") var noCache = false
    @Flag(help: "Make ‘FROM debian:SUITE’ from this host's mirror instead of asking a registry.")
    var localBases = false
    @Option(help: ArgumentHelp("Packages beyond the base, with commas.", valueName: "packages")) var include:
        [String] = []
    @Option(
        help: ArgumentHelp(
            "A mirror or a deb line; may be given several times. Default: this host's own sources.",
            valueName: "mirror"))
    var mirror: [String] = []
    @Option(help: "Components, with commas.") var components = "main"
    @Option(
        help: ArgumentHelp(
            "The keys that sign the mirrors. Default: those that apt trusts on this host.", valueName: "file"),
        completion: .file())
    var keyring: String?
    @Option(
        help: ArgumentHelp(
            "The package with the kernel. Default: Debian's; Ubuntu's is linux-image-generic.",
            valueName: "package"))
    var kernel: String?
    @Option(
        help:
            "The nodes' architecture, as Debian calls it; default: this host's. Another one needs qemu-user-static, binfmt-support and arch-test."
    )
    var architecture: String?
    @Option(
        help: ArgumentHelp("A shell command run before packing, with the root as $1.", valueName: "command"))
    var customize: [String] = []
    @Flag(help: "Let the server build, on its host, and follow its log.") var onServer = false

    func run() async throws {
        try await reportingFailure {
            if let path { return try await buildContainer(path) }
            guard let suite else {
                throw Failure(
                    text: "name what to build from: a directory with a Dockerfile, or --suite", code: 64)
            }
            guard Self.isSuite(suite) else {
                throw Failure(
                    text: "--suite: ‘\(suite)’ is not the name of a suite, such as bookworm", code: 64)
            }
            if onServer { return try await buildOnServer(suite) }
            if getuid() != 0 { try BuildNamespace.enter() }
            let recipe = ImageRecipe(
                suite: suite, packages: include.flatMap { $0.split(separator: ",").map(String.init) },
                mirrors: mirror, architecture: architecture,
                components: components.split(separator: ",").map(String.init), scripts: customize,
                keyring: keyring, kernel: kernel)
            try await packing.publish(name) { try $0.build(recipe, as: $1) }
        }
    }

    private func buildContainer(_ path: String) async throws {
        guard suite == nil, include.isEmpty, mirror.isEmpty, customize.isEmpty, architecture == nil,
            keyring == nil, kernel == nil, !onServer
        else {
            throw Failure(
                text:
                    "with a Dockerfile, these options cannot be used: --suite, --include, --mirror, --keyring, --kernel, --customize, --architecture, --on-server",
                code: 64)
        }
        try BuildNamespace.enter()
        var isDirectory: ObjCBool = false
        let isThere = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
        guard isThere else { throw Failure(text: "there is no \(path)", code: 1) }
        let url = URL(fileURLWithPath: path)
        var recipe = ContainerRecipe(
            context: isDirectory.boolValue ? url.path : url.deletingLastPathComponent().path,
            file: isDirectory.boolValue ? nil : url.path, arguments: buildArg, stage: target)
        recipe.usesCache = !noCache
        recipe.makesDebianBases = localBases
        let finished = recipe
        try await packing.publish(name) { try $0.build(finished, as: $1) }
    }

    /// Whether it can be the name of a suite: nothing that mmdebstrap or apt would take for an option, or for another line of their
    /// sources.
    static func isSuite(_ text: String) -> Bool {
        text.wholeMatch(of: /[A-Za-z0-9][A-Za-z0-9.+_\/-]*/) != nil
    }

    private func buildOnServer(_ suite: String) async throws {
        guard mirror.isEmpty, customize.isEmpty, architecture == nil, keyring == nil, kernel == nil else {
            throw Failure(
                text:
                    "--mirror, --keyring, --kernel, --customize and --architecture are for builds on this host",
                code: 64)
        }
        let client = packing.server.client
        let wish = BuildRequest(
            suite: suite, packages: include.flatMap { $0.split(separator: ",").map(String.init) })
        let data = try await client.send(.POST, "images/\(APIClient.escaped(name))/builds", json: wish)
        let build = try await client.follow(JSONDecoder().decode(BuildAnswer.self, from: data))
        guard let version = build.version else {
            throw Failure(
                text: "build \(build.id) \(build.state.rawValue)" + (build.failure.map { ": \($0)" } ?? ""),
                code: 1)
        }
        try packing.output.write(build) { "\($0.image)@\(version)\n" }
    }
}

struct ImageImport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Make a version of an image from an existing root.",
        discussion: """
            A directory, a tar archive, a squashfs, an OCI layout or archive, what ‘docker save’ writes, or a disk with a system on
            it: raw, qcow2, VMDK, VDI, VHDX. Each may be compressed with gzip, xz, zstd, lz4 or bzip2.
            --reference and --platform choose from several images in one archive; without them, these are listed.
            """)
    @OptionGroup var packing: PackingOptions
    @Argument(help: "The image's name.", completion: .images) var name: String
    @Argument(help: "The directory or file.", completion: .file()) var source: String
    @Option(
        help: ArgumentHelp(
            "The image to take of several in an archive: its name, its tag, or the beginning of its digest.",
            valueName: "name"))
    var reference: String?
    @Option(
        help: ArgumentHelp(
            "The platform to take of several in an archive, such as linux/arm64; default: this host's.",
            valueName: "platform"))
    var platform: String?

    func run() async throws {
        try await reportingFailure {
            let choice = ContainerChoice(reference: reference, platform: try chosenPlatform())
            _ = try ImageName(name)
            // In a directory that is the root itself the files already have their owners.
            if getuid() != 0 || ImageSource.needsMounts(source) { try BuildNamespace.enter() }
            let source = try ImageSource(source)
            if BuildNamespace.isUnprivileged, source.isDisk {
                try BuildNamespace.requireRoot(to: "import a disk")
            }
            try await packing.publish(name) { try $0.importRoot(source, as: $1, choice: choice) }
        }
    }

    private func chosenPlatform() throws -> ContainerPlatform? {
        guard let platform else { return nil }
        guard let chosen = ContainerPlatform(platform) else {
            throw Failure(text: "--platform is SYSTEM/ARCHITECTURE, such as linux/arm64", code: 64)
        }
        return chosen
    }
}

struct ImagePromote: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote", abstract: "Point a channel at a version; nodes take it at their next boot.",
        discussion: """
            roost image promote debian@7 --canary 5% --success 'ready within 5m' --for 30m
            roost image promote debian@6 --sign /root/image.key      for servers that follow the channel and have image-keys
            With --canary a share of the nodes tries it first, and the channel moves only when their boots went well.
            """)
    @OptionGroup var server: ServerOptions
    @Argument(help: "NAME@VERSION or NAME@CHANNEL.", completion: .versions) var reference: String
    @Option(name: .customLong("to"), help: "The channel.") var channel = "stable"
    @Option(
        help: ArgumentHelp(
            "Sign the move with this key, for servers that follow the channel; also back to an older version.",
            valueName: "file"))
    var sign: String?
    @OptionGroup(title: "Trial") var trial: CanaryOptions
    @OptionGroup(title: "Boot test") var bootTest: BootTestOptions
    @Flag(
        name: .customLong("boot-test"),
        help: "Boot it in a virtual machine first, on the server's host, and only then promote it.")
    var isTested = false
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            let isLater = try later.isLater
            guard sign == nil || !isLater else {
                throw Failure(
                    text:
                        "a signed move has its own time: sign and promote it at once, or schedule it unsigned",
                    code: 64)
            }
            guard sign == nil || trial.canary == nil else {
                throw Failure(
                    text:
                        "a roll-out moves the channel when it is over: sign that move then, with roost image promote NAME@VERSION --sign FILE",
                    code: 64)
            }
            let version = try await find(reference, server.client)
            if isTested { _ = try await bootTest.run(version, server.client) }
            if isLater { return try await schedule(version) }
            if let share = trial.canary {
                let path = "images/\(version.image)/channels/\(APIClient.escaped(channel))/rollouts"
                let data = try await server.client.send(
                    .POST, path, json: trial.request(for: version.number, share: share))
                let rollout = try JSONDecoder().decode(RolloutAnswer.self, from: data)
                print(
                    "roll-out \(rollout.id): \(counted(rollout.canaryCount, "node")) to try \(version.image)@\(version.number) from their next boot on (roost rollout show \(rollout.id))"
                )
                return
            }
            let data = try await server.client.send(
                .PUT, "images/\(version.image)/channels/\(APIClient.escaped(channel))",
                json: PromoteRequest(
                    version: String(version.number), move: try await signedMove(to: version)))
            try JSONDecoder().decode(VersionAnswer.self, from: data).showWarnings()
            print("\(version.image)@\(channel) is now \(version.image)@\(version.number)")
        }
    }

    private func schedule(_ version: VersionAnswer) async throws {
        guard let channel = ChannelName(channel) else {
            throw Failure(text: "‘\(channel)’ is not a channel name", code: 64)
        }
        let number = String(version.number)
        guard let share = trial.canary else {
            return try await later.schedule(
                .promote(version.image, version: number, to: channel), on: server.client)
        }
        let wish = try trial.request(for: version.number, share: share)
        var terms = Rollout.Terms()
        terms.readyWithin = wish.readyWithinSeconds ?? terms.readyWithin
        terms.trialSeconds = wish.trialSeconds ?? terms.trialSeconds
        terms.allowedFailures = wish.allowedFailures ?? terms.allowedFailures
        try await later.schedule(
            .trial(version.image, version: number, to: channel, share: share, terms), on: server.client)
    }

    private func signedMove(to version: VersionAnswer) async throws -> ChannelMove? {
        guard let sign else { return nil }
        guard let name = ChannelName(channel) else {
            throw Failure(text: "‘\(channel)’ is not a channel name", code: 64)
        }
        let versions = try await server.client.get("images/\(version.image)", [VersionAnswer].self)
        let last = versions.compactMap(\.moves).joined().first { $0.channel == name }
        return try ImageSigningKey(readingFrom: sign).sign(
            moving: name, of: version.image, to: version.digest, after: last,
            second: SystemClock.wall / 1_000)
    }
}
