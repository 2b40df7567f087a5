import API
import ArgumentParser
import Center
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
            ImageBuild.self, ImageBuildList.self, ImageImport.self, ImageList.self, ImageShow.self,
            ImagePromote.self,
            ImageRollback.self, ImageShell.self, ImageUpgrade.self, ImageBootTest.self, ImageDiff.self,
            ImageVerify.self, ImageTag.self, ImageKeep.self, ImageKey.self, ImageSign.self,
            ImageWhere.self, ImagePull.self,
            ImagePrune.self, ImageRemove.self,
        ])
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
                    text: "say what to build from: a directory with a Dockerfile, or --suite", code: 64)
            }
            if onServer { return try await buildOnServer(suite) }
            if getuid() != 0 { try BuildNamespace.enter() }
            let recipe = ImageRecipe(
                suite: suite, packages: include.flatMap { $0.split(separator: ",").map(String.init) },
                mirrors: mirror, architecture: architecture,
                components: components.split(separator: ",").map(String.init), scripts: customize)
            try await packing.publish(name) { try $0.build(recipe, as: $1) }
        }
    }

    private func buildContainer(_ path: String) async throws {
        guard suite == nil, include.isEmpty, mirror.isEmpty, customize.isEmpty, architecture == nil, !onServer
        else {
            throw Failure(
                text:
                    "with a Dockerfile, these options cannot be used: --suite, --include, --mirror, --customize, --architecture, --on-server",
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

    private func buildOnServer(_ suite: String) async throws {
        guard mirror.isEmpty, customize.isEmpty, architecture == nil else {
            throw Failure(
                text: "--mirror, --customize and --architecture are for builds on this host", code: 64)
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

extension APIClient {
    /// Shows the log of a build on the server's host until it is over.
    func follow(_ build: BuildAnswer) async throws -> BuildAnswer {
        var shown = 0
        while true {
            let now = try await get("builds/\(build.id)?after=\(shown)", BuildAnswer.self)
            for line in now.lines ?? [] { printError(line) }
            shown = now.lineCount
            if now.endedAt != nil { return now }
            try await Task.sleep(for: .milliseconds(500))
        }
    }
}

struct ImageBuildList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "builds", abstract: "List the builds that the server was asked for, or cancel one.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Cancel this build.") var cancel: Int?

    func run() async throws {
        try await reportingFailure {
            if let cancel {
                try await server.client.send(.DELETE, "builds/\(cancel)", body: nil)
                return
            }
            try output.write(try await server.client.get("builds", [BuildAnswer].self)) { builds in
                var table = TextTable(["BUILD", "IMAGE", "STATE", "STARTED", "BY", "RESULT"])
                for build in builds {
                    table.add([
                        String(build.id), build.image, build.state.rawValue,
                        Shown.time(second: build.startedAt), build.by,
                        build.version.map { "\(build.image)@\($0)" } ?? build.failure ?? "",
                    ])
                }
                return table.text
            }
        }
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
            // In a directory that is the root itself the owners of the files are what they are.
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

struct ImageList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List images and their versions.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var time: TimeOptions

    func run() async throws {
        try await reportingFailure {
            let path = "images" + time.query
            try output.write(
                try await server.client.get(path, [VersionAnswer].self), table: VersionTable.text)
        }
    }
}

enum VersionTable {
    static func text(_ versions: [VersionAnswer]) -> String {
        guard !versions.isEmpty else { return "no image yet (roost image build NAME --suite bookworm)\n" }
        var table = TextTable([
            "VERSION", "DIGEST", "CHANNELS", "TAGS", "PUBLISHED", "KERNEL", "SIZE", "IN USE", "SYSTEM",
        ])
        for version in versions {
            table.add([
                "\(version.image)@\(version.number)", version.digest.short,
                version.channels.map(\.text).joined(separator: ","),
                version.tags.map(\.text).joined(separator: ","), Shown.time(second: version.publishedAt),
                version.manifest.kernelRelease,
                Shown.size(version.manifest.files.map(\.byteCount).reduce(0, +)),
                String(version.openConnections), version.manifest.system,
            ])
        }
        return table.text
    }
}

struct ImageShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a version: files and packages.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var time: TimeOptions
    @Argument(help: "NAME, NAME@CHANNEL or NAME@VERSION.", completion: .versions) var reference: String

    func run() async throws {
        try await reportingFailure {
            try output.write(try await find(reference, server.client, query: time.query), table: text)
        }
    }

    private func text(_ version: VersionAnswer) -> String {
        var files = TextTable(["FILE", "SIZE", "SHA-256"])
        for file in version.manifest.files {
            files.add([file.name, Shown.size(file.byteCount), file.sha256.text])
        }
        var text =
            VersionTable.text([version])
            + "\norigin: \(version.manifest.origin)"
            + (version.manifest.recipe.map { "\nrecipe: \($0)" } ?? "")
            + "\npublished: \(Shown.time(second: version.publishedAt))\(version.publishedBy.isEmpty ? "" : " by \(version.publishedBy)")\ndigest: \(version.digest)\n"
            + version.signatures.map { "signed by: \($0.key)\n" }.joined()
            + (version.moves ?? []).map {
                "channel \($0.channel) moved here by: \($0.key), counter \($0.counter)\n"
            }.joined()
            + (version.isTrusted ? "" : "not served: no signature by a key of image-keys\n") + "\n"
            + files.text
        text += "\n\(version.manifest.packages.count) packages\n"
        for package in version.manifest.packages { text += "  \(package.name) \(package.version)\n" }
        return text
    }
}

extension VersionAnswer {
    /// To people; programs find them in the answer.
    func showWarnings() {
        for warning in warnings ?? [] {
            printError("warning: \(warning)")
        }
    }
}

/// The version that a reference means now.
func find(_ text: String, _ client: APIClient, query: String = "") async throws -> VersionAnswer {
    guard let reference = ImageReference(text) else {
        throw Failure(text: "‘\(text)’ is not NAME, NAME@CHANNEL or NAME@VERSION", code: 64)
    }
    let versions = try await client.get("images/\(reference.image)" + query, [VersionAnswer].self)
    let found = versions.last { version in
        switch reference.selector {
        case .channel(let name): version.channels.contains(name) || version.tags.contains(name)
        case .number(let number): version.number == number
        case .digest(let prefix): version.digest.text.hasPrefix(prefix)
        }
    }
    guard let found else { throw Failure(text: "there is no version \(reference)", code: 3) }
    return found
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

    func run() async throws {
        try await reportingFailure {
            guard sign == nil || trial.canary == nil else {
                throw Failure(
                    text:
                        "a roll-out moves the channel when it is over: sign that move then, with roost image promote NAME@VERSION --sign FILE",
                    code: 64)
            }
            let version = try await find(reference, server.client)
            if isTested { _ = try await bootTest.run(version, server.client) }
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

struct ImageRollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Point a channel back to where it pointed before.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The image's name.", completion: .images) var image: String
    @Option(help: "The channel.") var channel = "stable"

    func run() async throws {
        try await reportingFailure {
            let path = "images/\(APIClient.escaped(image))/channels/\(APIClient.escaped(channel))/rollback"
            let version = try JSONDecoder().decode(
                VersionAnswer.self, from: try await server.client.send(.POST, path, body: nil))
            version.showWarnings()
            print("\(version.image)@\(channel) is now \(version.image)@\(version.number)")
        }
    }
}

struct ImageRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove a version that nothing needs. Nodes that run it keep it until they restart.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "NAME@VERSION.", completion: .versions) var reference: String

    func run() async throws {
        try await reportingFailure {
            let version = try await find(reference, server.client)
            try await server.client.send(
                .DELETE, "images/\(version.image)/versions/\(version.number)", body: nil)
        }
    }
}
