import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost image diff`
struct ImageDiff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show what changed between two versions of an image.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(
        help: "NAME, NAME@CHANNEL or NAME@VERSION: the later one; default: the newest.", completion: .versions
    ) var reference: String
    @Option(help: "The earlier version or channel; default: the one before.") var from: String?
    @Flag(help: "Also list which files in the root differ; reading both roots takes seconds.") var contents =
        false

    func run() async throws {
        try await reportingFailure {
            let parts = reference.split(separator: "@", maxSplits: 1).map(String.init)
            let words = [
                ("from", from), ("to", parts.count == 2 ? parts[1] : nil),
                ("contents", contents ? "yes" : nil),
            ].compactMap { name, value in value.map { "\(name)=\(APIClient.escaped($0))" } }
            let path =
                "images/\(APIClient.escaped(parts.first ?? ""))/difference" + (words.isEmpty ? "" : "?")
                + words.joined(separator: "&")
            let data = try await server.client.send(.GET, path, body: nil, patience: APIClient.longPatience)
            let difference = try JSONDecoder().decode(ImageDifference.self, from: data)
            try output.write(difference, table: text)
        }
    }

    private static func table(_ title: String, _ changes: [ImageDifference.Change]) -> String {
        var table = TextTable([title, "BEFORE", "AFTER"])
        for change in changes { table.add([change.name, change.before ?? "-", change.after ?? "-"]) }
        return table.text
    }

    private func text(_ difference: ImageDifference) -> String {
        var text = "\(difference.from) → \(difference.to)\n"
        for (title, changes) in [("", difference.facts), ("PACKAGE", difference.packages)]
        where !changes.isEmpty {
            text += "\n" + Self.table(title.isEmpty ? "WHAT" : title, changes)
        }
        var files = TextTable(["FILE", "BEFORE", "AFTER"])
        for file in difference.files {
            func size(_ text: String?) -> String { text.flatMap { Int($0) }.map { Shown.size($0) } ?? "-" }
            files.add([file.name, size(file.before), size(file.after)])
        }
        guard !difference.files.isEmpty else { return text + "\nthe same content\n" }
        text += "\n" + files.text
        guard let contents = difference.contents else {
            return text + "\nwhich files in the root: --contents\n"
        }
        guard !contents.isEmpty else { return text + "\nthe same files in both roots\n" }
        return text + "\n" + Self.table("IN THE ROOT", contents)
    }
}

/// `roost image verify`
struct ImageVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read all files of versions and compare them with their manifests.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(
        help: "NAME@VERSION or NAME@CHANNEL; NAME: all versions; nothing: all images.", completion: .versions)
    var reference: String?

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let all = try await client.get("images", [VersionAnswer].self)
            var wanted = all
            if let reference {
                wanted =
                    reference.contains("@")
                    ? [try await find(reference, client)] : all.filter { $0.image.text == reference }
                guard !wanted.isEmpty else {
                    throw Failure(
                        text: "there is no image ‘\(reference)’ (roost image list shows all)", code: 3)
                }
            }
            var answers: [VerificationAnswer] = []
            for version in wanted {
                let path = "images/\(version.image)/versions/\(version.number)/verification"
                answers.append(
                    try JSONDecoder().decode(
                        VerificationAnswer.self,
                        from: try await client.send(
                            .POST, path, body: nil, patience: APIClient.longPatience)))
            }
            try output.write(answers) { answers in
                answers.map { answer in
                    "\(answer.image)@\(answer.number) \(answer.isGood ? "is good" : answer.damage.joined(separator: "; "))\n"
                }.joined()
            }
            guard answers.allSatisfy(\.isGood) else {
                throw Failure(text: "damaged versions: build or import them again, or roll back", code: 1)
            }
        }
    }
}

/// `roost image prune`
struct ImagePrune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove versions that no channel, setting or node needs.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Argument(help: "The image's name.", completion: .images) var image: String
    @Option(help: "How many of the newest stay in any case; default: what roost image keep says, or 3.")
    var keep: Int?
    @Flag(name: [.long, .customLong("dry-run")], help: "Only show what would go.") var plan = false

    func run() async throws {
        try await reportingFailure {
            let path = "images/\(APIClient.escaped(image))/pruning"
            let data = try await server.client.send(.POST, path, json: PruneRequest(keep: keep, isPlan: plan))
            try output.write(try JSONDecoder().decode(PruneAnswer.self, from: data)) { answer in
                var table = TextTable(["VERSION", "WHAT"])
                for kept in answer.kept { table.add(["\(image)@\(kept.number)", "stays: \(kept.because)"]) }
                for number in answer.removed {
                    table.add(["\(image)@\(number)", plan ? "would be removed" : "removed"])
                }
                return table.text
            }
        }
    }
}
