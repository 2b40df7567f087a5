import API
import ArgumentParser
import Fleet
import Foundation
import NIOHTTP1

/// `roost hook …`
struct WebHookCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hook", abstract: "Manage web hooks: addresses that events are posted to.",
        subcommands: [WebHookList.self, WebHookAdd.self, WebHookTest.self, WebHookRemove.self])
}

struct WebHookList: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List web hooks and how their last delivery went.")
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await reportingFailure {
            try output.write(try await server.client.get("hooks", [WebHookAnswer].self)) { hooks in
                var table = TextTable(["ID", "FOR", "ADDRESS", "KINDS", "GROUP", "LAST DELIVERY"])
                for hook in hooks {
                    let last = hook.lastAt.map { "\(Shown.time(second: $0)) \(hook.lastResult ?? "")" }
                    table.add([
                        hook.reference, hook.label ?? "-", hook.url,
                        hook.kinds.isEmpty ? "all" : hook.kinds.joined(separator: " "),
                        hook.group.description, last ?? "-",
                    ])
                }
                return table.text
            }
        }
    }
}

struct WebHookAdd: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a web hook; its secret is printed once.",
        discussion: """
            Each event is posted as JSON. X-Roost-Signature is sha256= and the HMAC-SHA256, with the secret, of X-Roost-Time, a
            full stop and the body. What is not answered with 2xx is tried again five times within a quarter of an hour.
            """)
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Argument(help: "http or https URL.") var url: String
    @Option(help: "What it is for, such as the chat of the help desk.") var label: String?
    @Option(
        name: .customLong("kind"),
        help:
            "Only events of this kind; may be given several times. boot-failed are failed boots alone; trouble and trouble-over are what else is wrong."
    )
    var kinds: [String] = []
    @Option(help: "Only events of this group and below it.") var group = "/"

    func run() async throws {
        try await reportingFailure {
            let wish = WebHookRequest(label: label, url: url, kinds: kinds, group: try GroupPath(group))
            let data = try await server.client.send(.POST, "hooks", json: wish)
            try output.write(JSONDecoder().decode(WebHookAnswer.self, from: data)) { "\($0.secret ?? "")\n" }
        }
    }
}

struct WebHookTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test", abstract: "Send a test to a web hook, signed as events are."
    )
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: AnswerOptions
    @Argument(help: "Its number or name.") var id: String

    func run() async throws {
        try await reportingFailure {
            let data = try await server.client.send(.POST, "hooks/\(APIClient.escaped(id))/test", body: nil)
            let hook = try JSONDecoder().decode(WebHookAnswer.self, from: data)
            let result = hook.lastResult ?? ""
            guard hook.isHealthy == true else {
                throw Failure(text: "the test of web hook \(id) did not get through: \(result)", code: 1)
            }
            try output.write(hook) { "\($0.url) answered: \(result)\n" }
        }
    }
}

struct WebHookRemove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "rm", abstract: "Remove a web hook.")
    @OptionGroup var server: ServerOptions
    @Argument(help: "Its number or name.") var id: String

    func run() async throws {
        try await reportingFailure {
            try await server.client.send(.DELETE, "hooks/\(APIClient.escaped(id))", body: nil)
        }
    }
}
