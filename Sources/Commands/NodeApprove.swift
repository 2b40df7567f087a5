import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

struct NodeApprove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "approve", abstract: "Approve unknown machines: give them names and a group.",
        usage: """
            roost node approve MACHINE NAME [--group GROUP] [--address ADDRESS]
            roost node approve --pattern 'lab-[01-20]' (MACHINE ... | --all) [--group GROUP]
            """,
        discussion: """
            With a pattern, machines get its names in the order in which they are named here, in one revision; names of other nodes are
            left out.
            """)
    @OptionGroup var server: ServerOptions
    @Argument(
        help:
            "Its hardware address, or the code on its screen, and the node's name; with a pattern, machines.")
    var words: [String] = []
    @Option(help: "Names for several machines: lab-[01-20].") var pattern: String?
    @Flag(help: "With a pattern: all unknown machines, in the order of their hardware addresses.")
    var all = false
    @Option(help: "The group they are in.", completion: .groups) var group = "/"
    @Option(help: "A fixed address.") var address: String?

    func validate() throws {
        if pattern == nil {
            guard words.count == 2, !all else {
                throw ValidationError("name a machine and its name, or give a pattern")
            }
        } else if words.isEmpty != all || address != nil {
            throw ValidationError("with a pattern, name the machines, or all of them, and no address")
        }
    }

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            let waiting = try await client.get("machines", [MachineAnswer].self)
            let group = try GroupPath(group)
            guard let pattern else {
                let machine = try Self.machine(words[0], in: waiting)
                let approval = ApprovalRequest(
                    name: try NodeName(words[1]), group: group,
                    address: try address.map {
                        try parsed($0, "IPv4 address (10.77.0.7)", { IPv4Address($0) })
                    })
                try await client.send(
                    .POST, "machines/\(APIClient.escaped(machine.description))/approve", json: approval)
                return
            }
            let machines =
                all
                ? waiting.compactMap(\.macAddress).sorted { $0.rawValue < $1.rawValue }
                : try words.map { try Self.machine($0, in: waiting) }
            guard !machines.isEmpty else { throw Failure(text: "no unknown machine was seen", code: 3) }
            let answer = try await client.send(
                .POST, "machines/approve",
                json: ApprovalsRequest(machines: machines, pattern: pattern, group: group))
            let nodes = try JSONDecoder().decode([Node].self, from: answer)
            for node in nodes { print("\(node.macAddresses.first?.description ?? "") is \(node.name)") }
        }
    }

    /// The machine with a hardware address, or with a code on its screen.
    private static func machine(_ text: String, in waiting: [MachineAnswer]) throws -> MACAddress {
        if let mac = MACAddress(text) { return mac }
        let fitting = waiting.filter { $0.code == text.uppercased() }
        guard fitting.count < 2 else {
            throw Failure(text: "two machines have the code ‘\(text)’; name the hardware address", code: 4)
        }
        guard let mac = fitting.first?.macAddress else {
            throw Failure(text: "no machine with the code ‘\(text)’ was seen (roost node list)", code: 3)
        }
        return mac
    }
}
