import AgentWork
import Glibc

/// `roost-agent`: the agent of a terminal server.
@main
enum RoostAgent {
    static func main() async {
        // Those who read our output may have gone.
        signal(SIGPIPE, SIG_IGN)
        let program = AgentProgram { places, programs, events in
            try LogInKeeper(places: places, programs: programs, events: events) { Shown.now(places) }
        }
        exit(await program.run(Array(CommandLine.arguments.dropFirst())))
    }
}
