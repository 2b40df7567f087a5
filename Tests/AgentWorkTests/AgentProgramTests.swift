import Testing

@testable import AgentWork

/// The commands of `roost-agent`: which words are one, and how they end.
@Suite struct AgentProgramTests {
    private static func program(_ root: TemporaryRoot) -> AgentProgram {
        AgentProgram(places: root.places) { _, _, _ in throw AgentProblem("there is no door here") }
    }

    @Test(arguments: [
        [], ["unknown"], ["join"], ["join", "https://center"], ["run", "now"], ["setup", "--all"],
        ["setup", "--check", "twice"], ["status", "--json", "again"], ["ticket", "x"],
        ["key", "ann", "ssh-ed25519"],
    ])
    func `words that are no command are refused with the usage`(words: [String]) async throws {
        #expect(await Self.program(try TemporaryRoot()).run(words) == 64)
    }

    @Test(arguments: [
        // An option without its value, and one that there is not: nothing is asked of the center.
        ["join", "https://center", "token", "--name"], ["join", "https://center", "token", "--group", "/"],
        // Neither the agent runs, nor has it joined.
        ["status"], ["status", "--json"],
        // PAM and sshd would call a program that is not there.
        ["setup"],
        // Without PAM there is no person.
        ["ticket"],
    ])
    func `what cannot be done ends with 1`(words: [String]) async throws {
        #expect(await Self.program(try TemporaryRoot()).run(words) == 1)
    }

    @Test func `a key that belongs to no log-in is no failure`() async throws {
        #expect(await Self.program(try TemporaryRoot()).run(["key", "ann", "ssh-ed25519", "AAAA"]) == 0)
    }

    @Test func `help and version end well`() async throws {
        let program = Self.program(try TemporaryRoot())
        for word in ["help", "--help", "-h", "version", "--version"] {
            #expect(await program.run([word]) == 0, "\(word)")
        }
    }
}
