package import API
package import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1
import Wire

/// `roost rollout …`
struct RolloutCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollout", abstract: "Show, pause, resume and abort roll-outs of versions.",
        discussion: "‘roost image promote NAME@VERSION --canary 5%’ begins one.",
        subcommands: [
            RolloutList.self, RolloutShow.self, RolloutPause.self, RolloutResume.self, RolloutAbort.self,
        ])
}

struct RolloutList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the last hundred roll-outs, newest first.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("rollouts", [RolloutAnswer].self)) { rollouts in
                var table = TextTable([
                    "ID", "VERSION", "CHANNEL", "SHARE", "STATE", "READY", "FAILED", "WHY",
                ])
                for rollout in rollouts {
                    table.add([
                        String(rollout.id), "\(rollout.image)@\(rollout.candidate)", rollout.channel,
                        rollout.share, rollout.state.rawValue,
                        "\(rollout.counts["ready"] ?? 0) of \(rollout.canaryCount)",
                        String(rollout.counts["failed"] ?? 0), rollout.reason.isEmpty ? "-" : rollout.reason,
                    ])
                }
                return table.text
            }
        }
    }
}

struct RolloutShow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show what each canary of a roll-out did.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The roll-out's number.") var id: Int
    @Flag(help: "Wait until it is over; a roll-out that did not succeed is a failure.") var wait = false

    func run() async throws {
        try await reportingFailure {
            var rollout = try await server.client.get("rollouts/\(id)", RolloutAnswer.self)
            while wait, !rollout.state.isOver {
                try await Task.sleep(for: .seconds(2))
                rollout = try await server.client.get("rollouts/\(id)", RolloutAnswer.self)
            }
            try output.write(rollout, table: RolloutText.of)
            if wait, rollout.state != .succeeded {
                throw Failure(text: "roll-out \(id) \(rollout.state.rawValue): \(rollout.reason)", code: 1)
            }
        }
    }
}

/// A roll-out's history, for people.
enum RolloutText {
    static func of(_ rollout: RolloutAnswer) -> String {
        var text = """
            roll-out   \(rollout.id): \(rollout.image)@\(rollout.candidate) to \(rollout.channel), which means \(rollout.image)@\(rollout.former) until then
            state      \(rollout.state.rawValue)\(rollout.reason.isEmpty ? "" : ": \(rollout.reason)")
            canaries   \(rollout.canaryCount) (\(rollout.share)): \(["waiting", "booting", "ready", "failed"].map { "\(rollout.counts[$0] ?? 0) \($0)" }.joined(separator: ", "))
            success    ready within \(rollout.readyWithinSeconds) s, at most \(rollout.allowedFailures) failures, for \(rollout.trialSeconds) s
            began      \(Shown.time(second: rollout.startedAt)) by \(rollout.startedBy)
            ended      \(rollout.endedAt.map { Shown.time(second: $0) } ?? "-")


            """
        var table = TextTable(["CANARY", "STATE", "LAST BOOT", "READY AFTER", "WHY"])
        for canary in rollout.canaries ?? [] {
            table.add([
                canary.node.text, canary.outcome.rawValue,
                canary.startedAt.map { Shown.time(second: $0 / 1_000) } ?? "-",
                canary.readyAfter.map { String(format: "%.1f s", Double($0) / 1_000) } ?? "-",
                canary.detail.isEmpty ? "-" : canary.detail,
            ])
        }
        text += table.text
        return text
    }
}

struct RolloutPause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Pause a roll-out: no further node gets the version.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The roll-out's number.") var id: Int

    func run() async throws { try await steer(id, "pause", server) }
}

struct RolloutResume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Resume a paused roll-out.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The roll-out's number.") var id: Int

    func run() async throws { try await steer(id, "resume", server) }
}

struct RolloutAbort: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "abort",
        abstract: "End a roll-out: the channel does not move, and canaries return to its version.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "The roll-out's number.") var id: Int

    func run() async throws { try await steer(id, "abort", server) }
}

private func steer(_ id: Int, _ act: String, _ server: ServerOptions) async throws {
    try await reportingFailure {
        let data = try await server.client.send(.POST, "rollouts/\(id)/\(act)", body: nil)
        let rollout = try JSONDecoder().decode(RolloutAnswer.self, from: data)
        print("roll-out \(id) is \(rollout.state.rawValue)")
    }
}

/// `roost image promote --canary`
package struct CanaryOptions: ParsableArguments {
    @Option(help: "Let these nodes try it first: a share such as 5%, or a group.") package var canary: String?
    @Option(help: "What counts as success of a boot: ‘ready within DURATION’.") var success =
        "ready within 5m"
    @Option(name: .customLong("for"), help: "How long the trial lasts: 90s, 30m, 12h, 2d.") var trial = "30m"
    @Option(help: "Canaries that may fail without ending the trial.") var allowFailures = 0

    package init() {}

    package func request(for version: Int, share: String) throws -> RolloutRequest {
        let words = success.split(separator: " ")
        guard words.count == 3, words[0] == "ready", words[1] == "within",
            let readyWithin = Duration.seconds(written: words[2])
        else {
            throw Failure(text: "--success: ‘\(success)’ is not ‘ready within DURATION’ (5m, 90s)", code: 64)
        }
        guard let trialSeconds = Duration.seconds(written: trial) else {
            throw Failure(text: "--for: ‘\(trial)’ is not a duration (90s, 30m, 12h, 2d)", code: 64)
        }
        return RolloutRequest(
            version: String(version), share: share, readyWithinSeconds: readyWithin,
            trialSeconds: trialSeconds, allowedFailures: allowFailures)
    }
}
