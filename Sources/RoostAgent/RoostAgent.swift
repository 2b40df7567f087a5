import AgentWork
import Glibc

/// `roost-agent`: the agent of a terminal server.
@main
enum RoostAgent {
    static func main() async {
        // Dispatch complains on standard error that this process may not raise a thread's priority, which does no harm.
        unsafe setenv("LIBDISPATCH_LOG", "NO", 0)
        // Those who read our output may have gone.
        signal(SIGPIPE, SIG_IGN)
        let program = AgentProgram { places, programs, events in
            try LogInKeeper(places: places, programs: programs, events: events) { Shown.now(places) }
        }
        exit(await program.run(Array(CommandLine.arguments.dropFirst())))
    }
}
