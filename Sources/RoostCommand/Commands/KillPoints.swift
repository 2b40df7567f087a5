import ArgumentParser
import Commands
import Linux

/// `roost kill-points`: for the test that kills the program at each of them.
struct KillPoints: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill-points",
        abstract: "List where the environment variable ROOST_KILL_AT may end this program.",
        shouldDisplay: false)

    func run() { for name in KillPoint.names + LogInMoment.allCases.map(\.rawValue) { print(name) } }
}
