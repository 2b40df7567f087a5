import AgentWork
import Glibc

/// `roost-agent`: the agent of a terminal server.
@main
enum RoostAgent {
    static func main() async {
        // Those who read our output may have gone.
        signal(SIGPIPE, SIG_IGN)
        let program = AgentProgram { _, _, _ in NoLogIns() }
        exit(await program.run(Array(CommandLine.arguments.dropFirst())))
    }
}
