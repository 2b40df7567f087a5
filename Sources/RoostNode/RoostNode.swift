import Glibc
import Linux

/// `roost-node`: what a node does that shell should not. One static program inside the initramfs, and later in /run.
@main
enum RoostNode {
    private static let usage = """
        usage: roost-node COMMAND
          attach SERVER:PORT EXPORT CONNECTIONS   make EXPORT /dev/nbd0
          keep SERVER:PORT EXPORT                 mend its connections and the lease, for ever
          report STAGE [DETAIL [UPTIME]]          tell the server; UPTIME in seconds says when it was
          hardware [complete]                     tell the server what this machine is made of
          configuration FILE                      fetch this node's configuration archive
        """

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            try run(arguments)
        } catch {
            fail("\(error)")
        }
    }

    private static func run(_ arguments: [String]) throws {
        switch (arguments.first, arguments.count) {
        case ("attach", 4):
            guard let count = Int(arguments[3]), (1...16).contains(count) else {
                throw UsageError(text: usage)
            }
            try NBDAttachment(endpoint: try Endpoint(arguments[1]), export: arguments[2]).attach(
                connectionCount: count)
        case ("keep", 3):
            try Keeper(attachment: NBDAttachment(endpoint: try Endpoint(arguments[1]), export: arguments[2]))
                .run()
        case ("report", 2...4):
            try ServerTalk(KernelWords.read()).report(
                stage: arguments[1], detail: arguments.count > 2 ? arguments[2] : "",
                uptime: arguments.count > 3 ? arguments[3] : nil)
        case ("hardware", 1...2):
            // Before the image's own system runs, most drivers are not loaded yet: disks, monitors, USB are missing.
            let isComplete = arguments.last == "complete"
            try ServerTalk(KernelWords.read()).sendHardware(HardwareInventory.json(isComplete: isComplete))
        case ("configuration", 2): try ServerTalk(KernelWords.read()).fetchConfiguration(to: arguments[1])
        default: throw UsageError(text: usage)
        }
    }

    private static func fail(_ text: String) -> Never {
        let line = Array("roost-node: \(text)\n".utf8)
        _ = unsafe write(STDERR_FILENO, line, line.count)
        exit(1)
    }
}

struct UsageError: Error, CustomStringConvertible {
    var text: String
    var description: String { text }
}
