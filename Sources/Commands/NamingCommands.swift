import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost image tag`
struct ImageTag: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Give a version a fixed name, or remove one.",
        discussion: """
            roost image tag debian@7 exam-2026        now debian@exam-2026 is debian@7, also in the setting image
            roost image tag --remove debian exam-2026
            A version with a tag is not pruned and cannot be removed.
            """)
    @OptionGroup var server: ServerOptions
    @Flag(help: "Remove the tag.") var remove = false
    @Argument(help: "NAME@VERSION or NAME@CHANNEL; with --remove the image's name.", completion: .versions)
    var reference: String
    @Argument(help: "The tag: a lower-case letter, then letters, digits, hyphens and dots.") var tag: String

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            if remove {
                try await client.send(
                    .DELETE, "images/\(APIClient.escaped(reference))/tags/\(APIClient.escaped(tag))",
                    body: nil)
                return
            }
            let version = try await find(reference, client)
            try await client.send(
                .PUT, "images/\(version.image)/tags/\(APIClient.escaped(tag))",
                json: PromoteRequest(version: String(version.number)))
            print("\(version.image)@\(tag) is \(version.image)@\(version.number)")
        }
    }
}

/// `roost image keep`
struct ImageKeep: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep",
        abstract:
            "Set how many of the newest versions stay when a new one comes; others are removed when nothing needs them."
    )
    @OptionGroup var server: ServerOptions
    @Argument(help: "The image's name.", completion: .images) var image: String
    @Argument(help: "A number, or ‘all’.") var number: String

    func run() async throws {
        try await reportingFailure {
            guard number == "all" || Int(number) != nil else {
                throw Failure(text: "name a number, or ‘all’", code: 64)
            }
            try await server.client.send(
                .PUT, "images/\(APIClient.escaped(image))/keep", json: KeepRequest(keep: Int(number)))
            print(
                number == "all"
                    ? "\(image) keeps all versions"
                    : "\(image) keeps its \(number) newest versions, and those that a channel, tag, setting or node needs"
            )
        }
    }
}

/// `roost image key`
struct ImageKey: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Make a key that versions are signed with, or show the public half of one.",
        discussion: "The public half goes into image-keys of roost.yaml on every server that is to trust it.")
    @Argument(help: "The file; it is created when it does not exist.", completion: .file()) var file: String

    func run() async throws {
        try await reportingFailure {
            let key =
                try FileManager.default.fileExists(atPath: file)
                ? ImageSigningKey(readingFrom: file) : ImageSigningKey(creatingAt: file)
            print(key.publicKey)
        }
    }
}

/// `roost image sign`
struct ImageSign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign", abstract: "Sign an existing version.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "NAME@VERSION or NAME@CHANNEL.", completion: .versions) var reference: String
    @Option(help: ArgumentHelp("The file with the key.", valueName: "file")) var key: String

    func run() async throws {
        try await reportingFailure {
            let key = try ImageSigningKey(readingFrom: key)
            let version = try await find(reference, server.client)
            let data = try await server.client.send(
                .POST, "images/\(version.image)/versions/\(version.number)/signatures",
                json: key.sign(version.digest))
            try output.write(try JSONDecoder().decode(VersionAnswer.self, from: data)) {
                "\($0.image)@\($0.number) is signed by \($0.signatures.map(\.key).joined(separator: ", "))\n"
            }
        }
    }
}
