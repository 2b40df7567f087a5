import Foundation

/// A user at a terminal.
enum Terminal {
    static let interrupt = "\u{3}"
    /// Typing it closes the terminal.
    static let hangUp = "(hangs up)"

    /// Runs a command at its own terminal: waits for each text, and types the reply.
    ///
    /// - Returns: the output up to the command's end, and `ended with` its status.
    static func run(
        _ words: [String], environment: [String: String], _ dialogue: [(awaited: String, typed: String)]
    ) throws -> String {
        let script = """
            import os, pty, select, signal, sys, time
            words = sys.argv[1:]
            middle = words.index("--dialogue")
            child, terminal = pty.fork()
            if child == 0:
                # Background jobs of scripts ignore it and pass that on; at a terminal that is not so.
                for number in signal.SIGINT, signal.SIGHUP:
                    signal.signal(number, signal.SIG_DFL)
                os.execv(words[0], words[:middle])
            shown, seen, deadline = "", 0, time.monotonic() + \(Pace.seconds(300))
            def read():
                global shown
                if not select.select([terminal], [], [], max(0, deadline - time.monotonic()))[0]:
                    os.kill(child, 9)
                    sys.exit("waited too long; it showed: " + shown)
                try:
                    data = os.read(terminal, 4096)
                except OSError:
                    data = b""
                shown += data.decode(errors="replace")
                return data != b""
            for awaited, typed in zip(*[iter(words[middle + 1:])] * 2):
                while awaited not in shown[seen:]:
                    if not read():
                        sys.exit("it ended before " + repr(awaited) + "; it showed: " + shown)
                seen = len(shown)
                if typed == "(hangs up)":
                    os.close(terminal)
                    terminal = None
                else:
                    os.write(terminal, typed.encode())
            while terminal is not None and read():
                pass
            print(shown, "ended with", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """
        return try BootLab.run(
            "python3",
            ["-c", script] + words + ["--dialogue"] + dialogue.flatMap { [$0.awaited, $0.typed] },
            environment: environment)
    }
}
