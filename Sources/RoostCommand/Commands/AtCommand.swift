import ArgumentParser
import Commands
import Fleet

/// `roost at WHEN COMMAND …`: the command with `--at WHEN`, or `--every WHEN` for days of the week.
struct AtCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "at", abstract: "Do something at a set time, once or again and again.",
        discussion: """
            roost at 22:00 node restart --window 2h --unless-in-use group=/school
            roost at '2026-12-01 22:00' image promote debian@7
            roost at 'sun 04:00' server restart ts-1 ts-2
            The command is one of \(commands.joined(separator: ", ")).
            """)

    /// Those that can wait.
    private static let commands = [
        "node restart", "node power-off", "node wake", "node apply", "server drain", "server maintenance",
        "server resume",
        "server restart", "set", "pool set", "image promote",
    ]

    @Argument(help: "22:00, '2026-12-01 22:00', +2h, 'mon-fri 22:00'.") var time: String
    @Argument(parsing: .captureForPassthrough, help: "The command.") var command: [String]

    func run() async throws {
        let words = command.prefix(2).joined(separator: " ")
        guard Self.commands.contains(where: { words == $0 || words.hasPrefix("\($0) ") }) else {
            throw ValidationError(
                "‘roost \(words)’ is not for later: \(Self.commands.joined(separator: ", ")) are")
        }
        let option = [WeekTime(time) == nil ? "--at" : "--every", time]
        let end = command.firstIndex(of: "--") ?? command.endIndex
        let whole = command[..<end] + option + command[end...]
        await Roost.carryOut(Array(whole))
    }
}
