import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

struct NodeApply: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Have running nodes carry out the steps of their configuration that have changed.",
        discussion: """
            Shows first what differs, and what of it waits for the next start.
            roost node apply pc-1 --dry-run                   shows it only
            roost node apply 'lab-[1-40]' --yes --wait 60     says for each node how its steps ended
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var target: NodeTarget
    @Flag(help: "Show what differs, and change nothing.") var dryRun = false
    @Option(help: "Wait for this many seconds at most until the steps have ended.") var wait: Int?
    @OptionGroup(title: "Later") var later: ScheduleOptions

    func run() async throws {
        try await reportingFailure {
            let client = server.client
            if try later.isLater {
                guard !dryRun else {
                    throw ValidationError("--dry-run shows what differs now: leave the time out")
                }
                let nodes = try await target.text(client, toBe: "changed")
                return try await later.schedule(.apply(nodes: nodes), on: client)
            }
            // What is only shown needs no agreement.
            var target = target
            target.yes = target.yes || dryRun
            let nodes = try await target.nodes(client, toBe: "changed")
            guard nodes.count > 1 || wait != nil else { return try await one(nodes[0].name.text, client) }
            var runs: [AppliedNode] = []
            for node in nodes {
                runs.append(
                    try await AppliedNode(node.name.text, client, isDry: dryRun, isOne: nodes.count == 1))
            }
            if let wait, !dryRun { try await waitForAll(&runs, client, seconds: wait) }
            try output.write(runs) { runs in runs.map { "\($0.line)\n" }.joined() }
            let failures = runs.count { !$0.isGood }
            guard failures == 0 else {
                throw Failure(
                    text: "\(failures) of \(counted(runs.count, "node")) did not carry out all", code: 1)
            }
        }
    }

    private func one(_ node: String, _ client: APIClient) async throws {
        let path = "nodes/\(APIClient.escaped(node))/apply"
        let changes = try await client.get(path, StepChangesAnswer.self)
        try output.write(changes) { Self.text($0) }
        guard !dryRun, changes.readyCount > 0 else { return }
        try await client.send(.POST, path, body: try JSONEncoder().encode(ApplyRequest(tag: changes.tag)))
        if output.isForPeople {
            print(
                "\(node) carries out \(counted(changes.readyCount, "step")) within seconds; "
                    + "roost node steps \(node) shows how they end")
        }
    }

    private func waitForAll(_ runs: inout [AppliedNode], _ client: APIClient, seconds: Int) async throws {
        let end = ContinuousClock.now + .seconds(seconds)
        while runs.contains(where: { !$0.running.isEmpty }), ContinuousClock.now < end {
            try await Task.sleep(for: .seconds(1))
            for index in runs.indices where !runs[index].running.isEmpty {
                try await runs[index].look(client)
            }
        }
    }

    private static func text(_ changes: StepChangesAnswer) -> String {
        if changes.steps.isEmpty { return "the node has carried out its configuration as it is now\n" }
        var table = TextTable(["STEP", "PHASE", "SETTING", "CHANGE", "TAKES EFFECT"])
        for step in changes.steps {
            let setting = step.setting.map { name in name + (step.origin.map { " (\($0))" } ?? "") }
            let effect =
                switch step.waits {
                case nil: "at once"
                case .start: "at the next start"
                case .inUse: "at the next start: what it changes may be in use"
                }
            table.add([step.name, step.phase.rawValue, setting ?? "-", step.change.rawValue, effect])
        }
        return table.text
    }
}

/// What has become of an order to one of several nodes.
private struct AppliedNode: Encodable {
    let node: String
    /// Steps by name: those that have ended, and those that have not yet.
    private(set) var done: [String] = []
    private(set) var failed: [String] = []
    private(set) var running: [String] = []
    /// Those that wait for the node's next start.
    private(set) var waiting: [String] = []
    /// Why nothing was ordered.
    private(set) var problem: String?
    private(set) var isDry: Bool
    /// When the node had last told of the steps before the order.
    private var former: [String: Int] = [:]

    private enum CodingKeys: String, CodingKey { case node, done, failed, running, waiting, problem }

    private var path: String { "nodes/\(APIClient.escaped(node))" }
    var isGood: Bool { problem == nil && failed.isEmpty }

    /// - Parameter isOne: there is no other node: what is wrong is the command's own failure.
    init(_ node: String, _ client: APIClient, isDry: Bool, isOne: Bool) async throws {
        (self.node, self.isDry) = (node, isDry)
        do {
            let changes = try await client.get("\(path)/apply", StepChangesAnswer.self)
            running = changes.steps.filter { $0.waits == nil }.map(\.name)
            waiting = changes.steps.filter { $0.waits != nil }.map(\.name)
            guard !isDry, !running.isEmpty else { return }
            former = try await steps(client).compactMapValues(\.appliedAt)
            try await client.send(
                .POST, "\(path)/apply", body: try JSONEncoder().encode(ApplyRequest(tag: changes.tag)))
        } catch let failure as Failure where !isOne {
            running = []
            problem = failure.text
        }
    }

    private func steps(_ client: APIClient) async throws -> [String: StepsAnswer.Step] {
        let steps = try await client.get("\(path)/steps", StepsAnswer.self).steps
        return Dictionary(steps.map { ($0.name, $0) }) { first, _ in first }
    }

    /// What has ended since the last look: a step that no longer differs, and one that the node has told of since the order.
    mutating func look(_ client: APIClient) async throws {
        do {
            let changes = try await client.get("\(path)/apply", StepChangesAnswer.self)
            let left = Swift.Set(changes.steps.map(\.name))
            let results = try await steps(client)
            for name in running {
                let result = results[name]
                let isTold = result?.appliedAt.map { $0 > former[name] ?? 0 } ?? false
                if !left.contains(name) || isTold && result?.outcome == .done {
                    done.append(name)
                } else if isTold {
                    // It may have failed before, in the same words: what it is about differs as before.
                    failed.append(name)
                }
            }
            let ended = Swift.Set(done + failed)
            running.removeAll { ended.contains($0) }
        } catch let failure as Failure {
            // It was switched off meanwhile.
            (problem, running) = (failure.text, [])
        }
    }

    var line: String {
        if let problem { return "\(node) does not: \(problem)" }
        var parts: [String] = []
        func add(_ names: [String], _ word: String) {
            if !names.isEmpty { parts.append("\(word) \(names.joined(separator: ", "))") }
        }
        add(done, "done:")
        add(failed, "failed:")
        add(running, isDry ? "at once:" : done.isEmpty && failed.isEmpty ? "carries out" : "not over yet:")
        add(waiting, "at the next start:")
        return "\(node): " + (parts.isEmpty ? "nothing differs" : parts.joined(separator: "; "))
    }
}
