import Glibc
import Linux
import NodeWork
import Wire

/// `roost-node`: the node's work that does not suit shell. One static program in the initramfs, and later in /run.
@main
enum RoostNode {
    private static let usage = """
        usage: roost-node COMMAND
          attach SERVER:PORT EXPORT CONNECTIONS [N]  make EXPORT /dev/nbdN, /dev/nbd0 without N
          keep SERVER:PORT EXPORT [N]             keep its connections alive and, for /dev/nbd0, renew the lease; does not return
          renew                                   renew the address's lease, on nodes without keep; does not return
          encrypt DEVICE NAME [FILE]              make an encrypted device over DEVICE; prints it. FILE has 64 bytes of key; random without
          grow DIRECTORY DEVICE                   enlarge the ext4 at DIRECTORY to the size of DEVICE, which it is on
          swap DEVICE PRIORITY                    swap to DEVICE
          deadline SECONDS                        restart the machine unless it is ready by then, after its start
          attend                                  carry out the server's requests to a running node; does not return
          report STAGE [DETAIL [UPTIME]]          tell the server; UPTIME in seconds says when it was
          hardware [complete]                     tell the server what this machine is made of
          steps PHASE [ROOT]                      carry out this node's steps: before-init, init, late, shutdown
          log-in [--user NAME] [--pool POOL] ...  ask for a session on a terminal server
          configuration FILE                      fetch this node's configuration archive, sealed on its way
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
        case ("attach", 4...5):
            guard let count = Int(arguments[3]), (1...16).contains(count) else {
                throw UsageError(text: usage)
            }
            try attachment(arguments, index: 4).attach(connectionCount: count)
        case ("keep", 3...4): try Keeper(attachment: attachment(arguments, index: 3)).run()
        case ("renew", 1): try Keeper.renewOnly()
        case ("encrypt", 3...4):
            let key = arguments.count == 4 ? try WholeFile.read(arguments[3]) : nil
            print(try EncryptedDevice.make(over: arguments[1], named: arguments[2], key: key))
        case ("grow", 3): try EncryptedDevice.growFileSystem(at: arguments[1], on: arguments[2])
        case ("swap", 3):
            guard let priority = Int32(arguments[2]), (0...32_767).contains(priority) else {
                throw UsageError(text: usage)
            }
            try SwapDevice.use(arguments[1], priority: priority)
        case ("deadline", 2):
            guard let seconds = Int(arguments[1]), seconds > 0 else { throw UsageError(text: usage) }
            try Deadline(seconds: seconds).run()
        case ("attend", 1):
            var attendance = Attendance()
            try attendance.run()
        case ("report", 2...4):
            // The deadline looks for it, whether or not the server can be reached.
            if arguments[1] == "ready" { try Deadline.met() }
            try ServerTalk(KernelWords.read()).report(
                stage: arguments[1], detail: arguments.count > 2 ? arguments[2] : "",
                uptime: arguments.count > 3 ? arguments[3] : nil)
        case ("hardware", 1...2):
            // Before the image's own system runs, most drivers are not loaded yet: disks, monitors and USB devices are missing.
            let isComplete = arguments.last == "complete"
            try ServerTalk(KernelWords.read()).sendHardware(
                HardwareInventory.ofThisMachine().json(isComplete: isComplete))
        case ("steps", 2...3):
            guard let phase = StepPhase(rawValue: arguments[1]) else { throw UsageError(text: usage) }
            try phase.run(in: arguments.count > 2 ? arguments[2] : nil)
        case ("log-in", _):
            let (end, sentence) = try LogIn(LogInOptions(arguments.dropFirst())).run()
            if !sentence.isEmpty { say(sentence) }
            exit(end.rawValue)
        case ("configuration", 2): try ServerTalk(KernelWords.read()).fetchConfiguration(to: arguments[1])
        default: throw UsageError(text: usage)
        }
    }

    /// - Parameter index: the device number, if the command has one.
    private static func attachment(_ arguments: [String], index: Int) throws -> NBDAttachment {
        guard let device = arguments.count > index ? UInt32(arguments[index]) : 0, device < 16 else {
            throw UsageError(text: usage)
        }
        return NBDAttachment(endpoint: try Endpoint(arguments[1]), export: arguments[2], device: device)
    }

    private static func fail(_ text: String) -> Never {
        say("roost-node: \(text)")
        exit(1)
    }

    private static func say(_ text: String) {
        let line = Array("\(text)\n".utf8)
        _ = unsafe write(STDERR_FILENO, line, line.count)
    }
}
