import API
import ArgumentParser
import Center
import Commands
import Fleet
import Foundation
import Images
import NIOHTTP1

/// The common options of building and importing. Both run on the server's host and write into its image store.
struct PackingOptions: ParsableArguments {
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Option(help: ArgumentHelp("The server's state directory.", valueName: "path")) var stateDirectory =
        LocalConfiguration.settings.stateDirectory
    @Option(help: ArgumentHelp("Where packages are kept between builds.", valueName: "path")) var cache =
        LocalConfiguration.settings.imageCache
    @Option(help: "How hard to compress: fast (seconds) or small (minutes).") var compression = "fast"
    @Option(
        help: ArgumentHelp(
            "Findings to allow, with commas: \(ImageLint.Rule.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "findings"))
    var allow: [String] = []
    @Option(
        help: ArgumentHelp(
            "Which of several kernels in the root nodes boot; default: the newest one that is for all machines.",
            valueName: "release"))
    var kernel: String?
    @Option(
        help: ArgumentHelp("Sign the version with the key in this file (roost image key).", valueName: "file")
    )
    var sign: String?

    /// An absolute path, for programs with another working directory.
    var cachePath: String { URL(fileURLWithPath: cache).path }

    /// Makes a version with `make` and publishes it to the server.
    func publish(
        _ name: String, make: (ImageBuilder, ImageName) throws -> (digest: Digest, isNew: Bool)
    ) async throws {
        try await publish(as: try ImageName(name)) { _, packer, progress, image in
            try make(ImageBuilder(packer: packer, cache: cachePath, progress: progress), image)
        }
    }

    /// Makes the next version with `make` and publishes it to the server.
    func publish(
        as image: ImageName,
        make: (ImageStore, ImagePacker, @escaping @Sendable (String) -> Void, ImageName) throws -> (
            digest: Digest, isNew: Bool
        )
    ) async throws {
        guard let effort = ImagePacker.Effort(rawValue: compression) else {
            throw Failure(text: "--compression is fast or small", code: 64)
        }
        let allowed = try Swift.Set(
            allow.flatMap { $0.split(separator: ",").map(String.init) }.map { name in
                guard let rule = ImageLint.Rule(rawValue: name) else {
                    let known = ImageLint.Rule.allCases.map(\.rawValue).joined(separator: ", ")
                    throw Failure(
                        text: "--allow: there is no finding ‘\(name)’; there are \(known)", code: 64)
                }
                return rule
            })
        let key = try sign.map { try ImageSigningKey(readingFrom: $0) }
        // Checked first: ten minutes of building are wasted without a server to take the version.
        let wanted = try await server.client.get("status", StatusAnswer.self).imageKeys
        guard wanted.isEmpty || key.map({ wanted.contains($0.publicKey) }) == true else {
            throw Failure(text: ImageTrust.demand, code: 4)
        }
        Interruption.heed()
        let start = ContinuousClock.now
        let progress: @Sendable (String) -> Void = { line in
            let seconds = (ContinuousClock.now - start).components.seconds
            printError("[\(seconds) s] \(line)")
        }
        let state = StateDirectory(URL(fileURLWithPath: stateDirectory).path)
        try state.prepare()
        let store = state.images
        let packer = ImagePacker(
            store: store, effort: effort, cache: cachePath, allowed: allowed, kernel: kernel,
            progress: progress)
        let (digest, _) = try make(store, packer, progress, image)
        let data = try await server.client.send(
            .POST, "images/\(image)/versions",
            json: PublishRequest(digest: digest, signatures: key.map { [$0.sign(digest)] }))
        let version = try JSONDecoder().decode(VersionAnswer.self, from: data)
        version.showWarnings()
        try output.write(version) {
            "\($0.image)@\($0.number) \($0.digest.short) kernel \($0.manifest.kernelRelease)\n"
        }
    }
}
