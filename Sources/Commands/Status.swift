import API
import ArgumentParser
import Fleet
import Foundation
import Wire

/// `roost status`: the server and its machines at a glance.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the server and what its machines are doing.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("status", StatusAnswer.self)) { status in
                """
                roost \(status.version) at \(status.address): \(status.roles.text)
                \(counted(status.nodeCount, "node")), \(counted(status.imageCount, "image")), \(counted(status.leaseCount, "lease")), \
                \(status.openConnections) open root connections, revision \(status.revision)
                \(status.limited.map { "limited now: \($0.peer) (\($0.limit))\n" }.joined())

                """ + (status.warnings ?? []).map { "warning: \($0)\n\n" }.joined()
                    + MachineTable.text(status.machines)
            }
        }
    }
}

enum MachineTable {
    /// `held, ready` for a machine that runs its rescue image; of a lost one, when it was heard.
    private static func state(of machine: MachineAnswer) -> String {
        let heard = machine.state == .lost ? machine.heardAt.map { Shown.time(second: $0 / 1_000) } : nil
        let words =
            (machine.held == nil ? [] : ["held"]) + (machine.stage == nil ? [] : [machine.stageInWords])
            + (heard.map { ["heard \($0)"] } ?? [])
        return words.isEmpty ? "-" : words.joined(separator: ", ")
    }

    /// `debian@7 → debian@8` for a machine that gets another version at its next boot.
    private static func version(of machine: MachineAnswer) -> String {
        if machine.isOutdated, let booted = machine.booted { return "\(booted) → \(machine.version ?? "-")" }
        return machine.version ?? machine.lack.map { "nothing: \($0)" } ?? "-"
    }

    /// - Parameter query: the search; empty: all nodes.
    static func text(_ machines: [MachineAnswer], of query: [String] = []) -> String {
        guard !machines.isEmpty else {
            return query.isEmpty ? "no machine has been seen yet\n" : "no node matches\n"
        }
        var table = TextTable(["NAME", "GROUP", "MAC", "ADDRESS", "STATE", "READY AFTER", "VERSION"])
        for machine in machines {
            table.add([
                machine.name.text, machine.isKnown ? machine.group?.description ?? "/" : "(unknown)",
                machine.macAddress?.description ?? "-", machine.address?.description ?? "-",
                state(of: machine), machine.readyAfter.map(Shown.seconds) ?? "-",
                version(of: machine),
            ])
        }
        return table.text
    }
}
