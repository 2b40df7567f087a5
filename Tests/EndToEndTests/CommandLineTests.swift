import Foundation
import Testing

extension EndToEnd.Servers {
    /// The command line in a real shell.
    @Suite struct CommandLineTests {
        /// bash's completions for an unfinished line.
        private func offers(for line: String, _ server: String) throws -> Set<String> {
            let said = try BootLab.run(
                "bash",
                [
                    "-euc",
                    """
                    PATH=${1%/*}:$PATH
                    source <(roost --generate-completion-script bash)
                    COMP_LINE=$2 COMP_POINT=${#2} COMPREPLY=()
                    read -ra COMP_WORDS <<<"$2"
                    [[ $2 != *' ' ]] || COMP_WORDS+=('')
                    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                    _roost roost "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}" || true
                    printf '%s\\n' "${COMPREPLY[@]}"
                    """, "bash", BootLab.roost, line,
                ], environment: ["ROOST_SOCKET": server])
            return Set(said.split(separator: "\n").map(String.init))
        }

        @Test func `bash completes commands, settings and names, and a pattern names several nodes`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            try server.roost("group", "add", "/school")
            try server.roost("node", "add", "pc-1", "--mac", "52:54:00:00:01:01")
            try server.roost("node", "add", "pc-2", "--mac", "52:54:00:00:01:02")
            try server.roost("node", "add", "other", "--mac", "52:54:00:00:01:03")
            let socket = "\(server.directory)/socket/api.sock"
            #expect(try offers(for: "roost nod", socket) == ["node"])
            #expect(try offers(for: "roost node sh", socket) == ["show"])
            #expect(try offers(for: "roost node show pc", socket) == ["pc-1", "pc-2"])
            #expect(try offers(for: "roost set --group /", socket) == ["/school"])
            #expect(try offers(for: "roost get pc-1 overlay", socket) == ["overlay-size"])
            // Without a server the shell does not wait, and completions that need none still work.
            #expect(try offers(for: "roost node show pc", "/nowhere/api.sock") == [])
            #expect(try offers(for: "roost get pc-1 overlay", "/nowhere/api.sock") == ["overlay-size"])
            #expect(try offers(for: "roost set overlay", "/nowhere/api.sock") == ["overlay-size="])

            // What goes to a full disk is lost, and said.
            let lost = #expect(throws: CommandFailed.self) {
                try BootLab.run(
                    "bash", ["-euc", #""$1" set --list 2>&1 >/dev/full"#, "bash", BootLab.roost])
            }
            #expect(lost.map { "\($0)" }?.contains("what was printed is not whole") == true)

            // What is watched comes at once, through a pipe, too.
            let script = """
                exec 3< <(exec timeout 20 "$1" node list --watch -o name)
                watching=$!
                IFS= read -r -u 3 line
                kill "$watching"
                printf '%s' "$line"
                """
            #expect(
                try BootLab.run(
                    "bash", ["-euc", script, "bash", BootLab.roost], environment: ["ROOST_SOCKET": socket])
                    == "other")

            // Their number is agreed to, and they are one change.
            #expect(throws: CommandFailed.self) { try server.roost("node", "tag", "pc-*", "lab") }
            #expect(throws: CommandFailed.self) { try server.roost("node", "move", "--yes", "", "/school") }
            try server.roost("node", "tag", "--yes", "pc-*", "lab")
            #expect(try server.roost("node", "list", "tag=lab", "-o", "name") == "pc-1\npc-2\n")
            try server.roost("node", "move", "pc-?", "/school", "--yes")
            #expect(try server.roost("node", "list", "group=/school", "-o", "name") == "pc-1\npc-2\n")
            // What cannot be printed is refused before it is done.
            #expect(throws: CommandFailed.self) { try server.roost("undo", "-o", "name") }
            try server.roost("undo")
            #expect(try server.roost("node", "list", "group=/school", "-o", "name") == "")
            try server.roost("node", "tag", "pc-1", "-lab")
            #expect(try server.roost("node", "list", "tag=lab", "-o", "name") == "pc-2\n")
        }

        @Test func `what is scheduled runs once, also when the server was killed before its time`() throws {
            let server = try CenterServer()
            defer { server.stop() }
            try server.roost("group", "add", "/room")
            let seconds = Pace.seconds(6)
            let made = try server.roost("at", "+\(seconds)s", "set", "--group", "/room", "loader=ipxe")
            #expect(made.hasPrefix("set-1: set /room: loader=ipxe at "))
            try server.roost(
                "set", "--group", "/room", "--every", "sun 04:00", "--schedule", "weekly", "loader=grub")
            server.kill()
            try server.startAgain()
            try Pace.wait(30, until: "the schedule has run") {
                try server.roost("schedule", "show", "set-1").contains("1 done")
            }
            #expect(try server.roost("schedule", "list", "over").contains("set-1"))
            let history = try server.roost("history")
            // It was made, and it ran.
            #expect(history.split(separator: "\n").count { $0.contains("schedule set-1") } == 2)
            #expect(try server.roost("schedule", "list").contains("weekly"))
            try server.roost("schedule", "pause", "weekly")
            #expect(try server.roost("schedule", "list", "-o", "json").contains("\"paused\""))
            try server.roost("schedule", "rm", "weekly", "set-1")
            #expect(try server.roost("schedule", "list", "-o", "name") == "")
            // A secret would stand in the schedule, and what is past cannot come.
            #expect(throws: CommandFailed.self) {
                try server.roost("set", "--at", "+1h", "root-password=word")
            }
            #expect(throws: CommandFailed.self) {
                try server.roost("at", "2026-01-02", "set", "loader=ipxe")
            }
        }
    }
}
