import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost file …`
struct FileCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "file", abstract: "Files on the server that nodes get.",
        discussion: """
            roost file put wallpaper.jpg @sunset.jpg
            roost set --group /school files=/usr/share/wallpaper.jpg=stored:wallpaper.jpg
            A file has 4 MiB at most, and one node gets 4 MiB of them: put anything larger into its image.
            """,
        subcommands: [FileList.self, FileShow.self, FilePut.self, FileGet.self, FileRemove.self])
}

extension APIClient {
    fileprivate static func path(ofFile name: String) throws -> String {
        "files/\(escaped(try StoredFileName(name).text))"
    }
}

struct FileList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List files on the server, and what names them.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("files", [StoredFileAnswer].self)) { files in
                var table = TextTable(["NAME", "BYTES", "CHANGED", "USED BY"])
                for file in files {
                    table.add([
                        file.name.text, String(file.byteCount), Shown.time(second: file.changedAt),
                        file.uses.isEmpty ? "-" : file.uses.map(\.english).joined(separator: ", "),
                    ])
                }
                return table.text
            }
        }
    }
}

struct FileShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a file's size and digest, and what names it.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The file's name.", completion: .storedFiles) var name: String

    func run() async throws {
        try await reportingFailure {
            let path = try APIClient.path(ofFile: name)
            try output.write(try await server.client.get(path, StoredFileAnswer.self)) { file in
                """
                \(file.name): \(file.byteCount) bytes, \(Shown.time(second: file.changedAt))
                sha256 \(file.digest)
                used by \(file.uses.isEmpty ? "nothing" : file.uses.map(\.english).joined(separator: ", "))

                """
            }
        }
    }
}

struct FilePut: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Put a file on the server, replacing one of the same name.",
        discussion: "Nodes get the new content at their next start, or by roost node apply.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The name that settings use.") var name: String
    @Argument(help: "@FILE; - or nothing: standard input.") var source = "-"
    @Flag(help: "Refuse to replace a file.") var new = false

    func run() async throws {
        try await reportingFailure {
            guard source == "-" || source.hasPrefix("@") else {
                throw ValidationError("‘\(source)’ is not @FILE: the content comes from a file")
            }
            let content = try InputFile.bytes(source == "-" ? source : String(source.dropFirst()))
            guard content.count <= StoredFile.byteLimit else {
                throw Failure(
                    text:
                        "a file has \(StoredFile.byteLimit >> 20) MiB at most: put a larger one into an image",
                    code: 1)
            }
            try await server.client.send(
                .PUT, try APIClient.path(ofFile: name), body: content,
                contentType: "application/octet-stream", isNew: new)
        }
    }
}

struct FileGet: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Write the content of a file on the server.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The file's name.", completion: .storedFiles) var name: String
    @Option(name: .shortAndLong, help: "Where to; else standard output.") var output: String?

    func run() async throws {
        try await reportingFailure {
            let path = try APIClient.path(ofFile: name)
            let content = try await server.client.send(.GET, "\(path)/content", body: nil)
            if let output {
                try content.write(to: URL(fileURLWithPath: output))
            } else {
                try write(content)
            }
        }
    }
}

struct FileRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove a file from the server; one that settings name stays.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The file's name.", completion: .storedFiles) var name: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.DELETE, try APIClient.path(ofFile: name), body: nil)
        }
    }
}
