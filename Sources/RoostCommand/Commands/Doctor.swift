import API
import ArgumentParser
import Commands
import Fleet
import Foundation
import Linux
import NIOHTTP1
import Wire

/// `roost doctor`: finds problems that keep machines from booting, and says how to fix them.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look for what keeps machines from booting: each finding comes with its fix.")

    @Option(help: ArgumentHelp("The configuration file.", valueName: "file")) var configuration: String?
    @Option(help: ArgumentHelp("Look at this interface; may be given several times.", valueName: "name"))
    var interface: [String] = []
    @Option(help: ArgumentHelp("Where leases, images and the store are kept.", valueName: "path"))
    var stateDirectory: String?
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            var settings = try LocalConfiguration.settings(in: configuration)
            settings.stateDirectory = stateDirectory ?? settings.stateDirectory
            let status = try? await server.client.get("status", StatusAnswer.self)
            let networks = try? await server.client.get("networks?limit=1000", [NetworkAnswer].self)
            let findings =
                Examination(
                    settings: settings, interfaces: interfaces(settings, served: networks ?? []),
                    serverRuns: status != nil,
                    proxied: Swift.Set((networks ?? []).filter(\.isProxy).map(\.interface))
                ).findings() + (status?.warnings ?? []).map { Finding(isGood: false, text: $0) }
            try output.write(findings) { findings in
                findings.map {
                    "\($0.isGood ? "ok    " : "PROBLEM") \($0.text)\n"
                        + ($0.fix.map { "        fix: \($0)\n" } ?? "")
                }.joined()
            }
            if findings.contains(where: { !$0.isGood }) { throw ExitCode(1) }
        }
    }

    /// Those of the command line; else those of the configuration; else what a running server was told on its own.
    private func interfaces(_ settings: ServerSettings, served: [NetworkAnswer]) -> [String] {
        if !interface.isEmpty { return interface }
        guard settings.interfaces.isEmpty else { return settings.interfaces }
        return Swift.Set(served.map(\.interface).filter { !$0.isEmpty }).sorted()
    }
}
