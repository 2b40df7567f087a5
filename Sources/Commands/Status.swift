import API
import ArgumentParser
import Fleet
import Foundation
import Wire

/// `roost status`: the server and its machines at a glance.
struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the server and what its machines are doing.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var again: WatchOptions
    @Flag(help: "List the machines, too.") var nodes = false

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            try await again.run {
                let status = try await client.get("status", StatusAnswer.self)
                let figures = try await client.get("figures", FiguresAnswer.self)
                try output.write(status) { Self.text($0, figures, withMachines: nodes) }
            }
        }
    }

    /// What is wrong, after how much there is of everything.
    static func text(_ status: StatusAnswer, _ figures: FiguresAnswer, withMachines: Bool) -> String {
        let states = MachineState.allCases.compactMap { state in
            figures.states[state].flatMap { $0 == 0 ? nil : "\($0) \(state.rawValue)" }
        }
        var text = """
            roost \(status.version) at \(status.address): \(status.roles.text)
            \(counted(status.nodeCount, "node")), \(counted(status.imageCount, "image")), \(counted(status.leaseCount, "lease")), \
            \(status.openConnections) open root connections, revision \(status.revision)
            \(states.isEmpty ? "no machine has been seen yet" : "machines: \(states.joined(separator: ", "))")\
            \(figures.unknownCount == 0 ? "" : "; \(figures.unknownCount) unknown (roost node approve)")

            """
        text += status.limited.map { "limited now: \($0.peer) (\($0.limit))\n" }.joined()
        text += (status.warnings ?? []).map { "warning: \($0)\n" }.joined()
        if !figures.troubles.isEmpty {
            var table = TextTable(["SINCE", "GROUP", "MACHINE", "TROUBLE", "WHAT TO DO"])
            for trouble in figures.troubles {
                let more = trouble.count > 1 ? ", and \(trouble.count - 1) more" : ""
                table.add([
                    trouble.since.map { Shown.time(second: $0 / 1_000) } ?? "-",
                    trouble.group?.description ?? "-", trouble.machine.text + more, trouble.text, trouble.fix,
                ])
            }
            text += "\n" + table.text
        }
        return withMachines ? text + "\n" + MachineTable.text(status.machines) : text
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

    /// The same with hardware, tags and the time of the last report.
    static func wide(_ machines: [MachineAnswer], of query: [String] = []) -> String {
        guard !machines.isEmpty else { return text(machines, of: query) }
        var table = TextTable([
            "NAME", "GROUP", "MAC", "ADDRESS", "STATE", "READY AFTER", "VERSION", "TAGS", "HARDWARE", "CODE",
            "LAST SEEN",
        ])
        for machine in machines {
            table.add([
                machine.name.text, machine.isKnown ? machine.group?.description ?? "/" : "(unknown)",
                machine.macAddress?.description ?? "-", machine.address?.description ?? "-",
                state(of: machine), machine.readyAfter.map(Shown.seconds) ?? "-", version(of: machine),
                machine.tags.isEmpty ? "-" : machine.tags.joined(separator: ","), machine.hardware ?? "-",
                machine.code ?? "-", machine.seenAt.map { Shown.time(second: $0 / 1_000) } ?? "-",
            ])
        }
        return table.text
    }

    /// A state that there is not fits no node, and looks like an answer.
    private static func nothing(_ query: [String]) -> String {
        guard !query.isEmpty else { return "no machine has been seen yet\n" }
        let states = MachineState.allCases.map(\.rawValue) + ["held"]
        let typed = query.joined(separator: " ").matches(of: /state=([a-z]+)/).map { String($0.output.1) }
        let meant = typed.lazy.filter { !states.contains($0) }.compactMap {
            NearestName.of($0, among: states)
        }
        return "no node matches" + (meant.first.map { "; did you mean state=\($0)?" } ?? "") + "\n"
    }

    /// - Parameter query: the search; empty: all nodes.
    static func text(_ machines: [MachineAnswer], of query: [String] = []) -> String {
        guard !machines.isEmpty else {
            return nothing(query)
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
