package import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

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
            + settings(version)
            + (version.isTrusted ? "" : "not served: no signature by a key of image-keys\n") + "\n"
            + files.text
        text += "\n\(version.manifest.packages.count) packages\n"
        for package in version.manifest.packages { text += "  \(package.name) \(package.version)\n" }
        return text
    }

    /// Without secrets, and without what the image sets.
    private func settings(_ version: VersionAnswer) -> String {
        (version.settings ?? [:]).sorted { $0.key < $1.key }.map { name, value in
            "setting: \(name)=\(value.description.replacingOccurrences(of: "\n", with: "⏎"))\n"
        }.joined()
    }
}

extension VersionAnswer {
    /// For people; programs find them in the answer.
    package func showWarnings() {
        for warning in warnings ?? [] {
            printError("warning: \(warning)")
        }
    }
}

/// The version that a reference means now.
package func find(_ text: String, _ client: APIClient, query: String = "") async throws -> VersionAnswer {
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
    guard let found else {
        throw Failure(text: "there is no version \(reference) (roost image list shows all)", code: 3)
    }
    return found
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
