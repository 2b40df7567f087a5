import ArgumentParser
import Commands
import Fleet
import Foundation
import Linux
import Logging

/// `roost serve`: the server.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Run the server.",
        discussion: """
            Without a configuration file it serves everything on the interface that --interface names. \
            SIGTERM ends it, SIGHUP reads the configuration again (the log says what needs a restart).
            """)

    @Option(
        help: ArgumentHelp(
            "The configuration file (default: \(ServerSettings.defaultFile), where it exists).",
            valueName: "file"))
    var configuration: String?
    @Option(help: ArgumentHelp("Serve on this interface; may be given several times.", valueName: "name"))
    var interface: [String] = []
    @Option(help: ArgumentHelp("Where leases, images and the store are kept.", valueName: "path"))
    var stateDirectory: String?
    @Option(help: ArgumentHelp("The local socket of the API.", valueName: "path")) var socket: String?
    @Option(help: ArgumentHelp("The static roost-node that nodes get.", valueName: "path")) var nodeProgram:
        String?
    @Option(help: ArgumentHelp("The user to become after binding.", valueName: "name")) var user: String?
    @Flag(help: "Check the configuration and the files that it names, change nothing, and exit.") var check =
        false

    func run() async throws {
        try await reportingFailure {
            let settings = try readSettings()
            ServerLog.use(settings.logFormat)
            let interfaces = interface.isEmpty ? settings.interfaces : interface
            if check {
                let problems = try Server.problems(settings, interfaces: interfaces)
                guard problems.isEmpty else {
                    throw Failure(text: problems.joined(separator: "\nroost: "), code: 1)
                }
                return print("the configuration is valid")
            }
            try await Server(settings: settings, interfaces: interfaces) { [self] in try readSettings() }
                .run()
        }
    }

    /// The configuration file, overridden by the command line.
    private func readSettings() throws -> ServerSettings {
        var settings = try readFile()
        settings.stateDirectory = stateDirectory ?? settings.stateDirectory
        settings.socket = try socket.map { try SettingLengths.socketPath($0) ?? $0 } ?? settings.socket
        settings.nodeProgram = nodeProgram ?? settings.nodeProgram
        settings.user = user ?? settings.user
        return settings
    }

    private func readFile() throws -> ServerSettings {
        let file = configuration ?? LocalConfiguration.file
        guard configuration != nil || FileManager.default.fileExists(atPath: file) else {
            return ServerSettings()
        }
        if let loss = FullDisk.cut(of: file, limit: 64 << 20) ?? FullDisk.loss(of: file) {
            throw Failure(text: "\(file): \(loss)", code: 1)
        }
        var settings = try ServerSettings(parsing: InputFile.text(file), file: file)
        settings.stateDirectory = stateDirectory ?? settings.stateDirectory
        let path = URL(fileURLWithPath: file).path
        settings.source = FileEnds.end(of: path).map { (path, $0) }
        let known = KnownEnds.read(in: settings.storeDirectory)
        if let loss = FullDisk.cut(of: path, limit: 64 << 20, known: known) {
            guard known.keepsLines(of: path) else { throw Failure(text: "\(file): \(loss)", code: 1) }
            // Of files that people change, one in thousands ends with a block: a server that does not start is worse.
            ServerLog.logger.warning("\(file): \(loss)")
        }
        return settings
    }
}
