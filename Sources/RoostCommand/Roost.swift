import API
import ArgumentParser
import Commands

/// The program `roost`: the server, and the command line that talks to it.
struct Roost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roost", abstract: "The server for machines without a disk.",
        discussion: """
            ‘roost serve’ boots machines over the network; the other commands talk to it.
            Exit codes: 0 done, 1 failed, 3 not found, 4 conflict, 5 no server, 64 wrong usage.
            """,
        version: Release.version,
        subcommands: [Serve.self] + ClientCommands.all(rule: RuleCommands.self, image: ImageCommands.self) + [
            AtCommand.self, Backup.self, Restore.self, StoreSchema.self, Doctor.self, BuildWorker.self,
            BuildJob.self,
            NFSWorker.self, CertificateWorker.self, ReadStore.self, KillPoints.self,
        ])
}

extension Roost {
    /// Carries out the command in `words`. An error repeats what was typed or pasted: without what would move a terminal's cursor, and no
    /// more than its beginning.
    static func carryOut(_ words: [String]) async {
        do {
            var command = try await asyncParseAsRoot(words)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let code = exitCode(for: error)
            guard !code.isSuccess else { exit(withError: error) }
            let text = fullMessage(for: error)
            if !text.isEmpty { printFailure(text) }
            exit(withError: code)
        }
    }
}

/// The program's main function: in a library, so that tests can import the commands.
package func runRoost() async {
    let words = RemovedTags.marked(Array(CommandLine.arguments.dropFirst()))
    if let message = Misspelling.message(words) {
        printError("roost: \(message)")
        Roost.exit(withError: ExitCode(64))
    }
    ServerSocket.look { LocalConfiguration.settings.socket }
    await Roost.carryOut(words)
    // A file that an export was redirected to must not be half of one without a word.
    guard let loss = lossOfPrinted() else { return }
    printError("roost: \(loss)")
    Roost.exit(withError: ExitCode(1))
}
