import API
import Fleet
import Foundation
import HTTPTypes
import Testing

@testable import Center

/// What is shown of the addresses of web hooks.
@Suite struct WebHookTests {
    @Test func `lists, answers and history have the host of an address, and not its secret`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        // A name and a password would not be sent.
        let error = await #expect(throws: Problem.self) {
            try await acts.makeWebHook(WebHookRequest(url: "http://ann:sesame1@127.0.0.1:9/"))
        }
        #expect(error?.detail.contains("do not belong") == true && error?.detail.contains("sesame") == false)
        let made = try await acts.makeWebHook(
            WebHookRequest(url: "http://127.0.0.1:9/services/sesame2?key=sesame3"))
        #expect(made.url == "http://127.0.0.1:9")
        let token: HTTPFields = [.authorization: "Bearer \(Person(role: .admin, place: .site).token)"]
        for path in ["/api/v1/hooks", "/hooks", "/api/v1/revisions?limit=5", "/history"] {
            let answer = try await fleet.ask("GET", path, headers: token)
            #expect(answer.status == 200 && answer.body.contains("http://127.0.0.1:9"), "\(path)")
            #expect(!answer.body.contains("sesame"), "\(path)")
        }
        try await acts.removeWebHook(#require(made.id))
    }

    @Test func `failed boots alone can be asked for, and are boots as before`() throws {
        let failed = ServerEvent(kind: .boot, stage: .failed, text: "failed: no root")
        let began = ServerEvent(kind: .boot, stage: .dhcp, text: "dhcp")
        #expect(failed.isOne(of: ["boot-failed"]) && failed.isOne(of: ["boot"]) && failed.isOne(of: []))
        #expect(!began.isOne(of: ["boot-failed"]) && began.isOne(of: ["boot"]))
        #expect(!failed.isOne(of: ["crash"]))
        #expect(EventKind.problems.allSatisfy { failed.isOne(of: [$0.rawValue]) == ($0 == .bootFailed) })
    }

    @Test func `a web hook keeps what it is for, and one of before has nothing`() throws {
        let old = #"{"id":3,"host":"https://a","kinds":[],"group":"/"}"#
        let record = try JSONDecoder().decode(WebHook.Record.self, from: Data(old.utf8))
        let secrets = [WebHook.Record.url: "https://a/x", WebHook.Record.secret: "s"]
        #expect(WebHook(record, secrets: secrets)?.label == "")
        let hook = WebHook(id: 3, label: "chat", url: "https://a/x", secret: "s", kinds: [], group: .site)
        #expect(WebHook(WebHook.Record(hook), secrets: secrets) == hook)
    }

    @Test func `an address that cannot be opened is not used, and its hook says so`() async throws {
        let fleet = try await SmallFleet()
        let hook = WebHook(id: 7, url: "sealed:AAAA", secret: "s", kinds: [], group: .site)
        let answer = WebHookAnswer(hook, nil)
        #expect(answer.url == "(sealed with another key)")
        let sender = WebHookSender(fleet: fleet.services.fleet, logger: .silent)
        sender.begin(HookTarget(hook))
        fleet.services.fleet.events.publish(
            ServerEvent(kind: .configuration, node: nil, group: nil, text: "x"))
        while sender.outcome(of: .number(7)) == nil { try await Task.sleep(for: .milliseconds(5)) }
        sender.end(.number(7))
        #expect(sender.outcome(of: .number(7))?.isGood == false)
        #expect(sender.outcome(of: .number(7))?.text.contains("sealed") == true)
        // A later hook with the same number has delivered nothing.
        sender.begin(HookTarget(hook))
        sender.end(.number(7))
        #expect(sender.outcome(of: .number(7)) == nil)
    }

    @Test func `a hook of a file follows its secrets, and says what they lack`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        let (live, sender) = (fleet.services.fleet, fleet.services.webHooks)
        let receiver = "http://127.0.0.1:9"
        let key = HookTarget.Key.name(try HookName("chat"))
        let request = DeclarationRequest(
            source: try SourceName("git"),
            items: [
                DeclaredItem(
                    "secrets", .object(["name": .text("chat-token"), "receiver": .text(receiver)])),
                DeclaredItem(
                    "hooks",
                    .object([
                        "name": .text("chat"), "url": .text("\(receiver)/events"),
                        "kinds": .list([.text("crash")]), "authorization": .text("chat-token"),
                    ])),
            ])
        func outcome() async throws -> String {
            live.events.publish(ServerEvent(kind: .crash, node: nil, group: nil, text: "x"))
            while true {
                if let outcome = sender.outcome(of: key) { return outcome.text }
                try await Task.sleep(for: .milliseconds(2))
            }
        }
        _ = try await acts.apply(request)
        #expect(try await outcome() == "secret chat-token has no value (roost secret set chat-token)")
        let name = try SecretName("chat-token")
        _ = try await acts.changeSecret(name, SecretRequest(value: "Bearer a\nX: b"))
        await sender.follow()
        #expect(try await outcome().contains("is not one line"))
        // The same hook with a value that can be sent: nothing listens there.
        _ = try await acts.changeSecret(name, SecretRequest(value: "Bearer a\n"))
        await sender.follow()
        let sent = try await outcome()
        #expect(!sent.contains("secret") && !sent.contains("Bearer"))

        // Operators may not change it, and see no address of it.
        let token: HTTPFields = [.authorization: "Bearer \(Person(role: .operator_, place: .site).token)"]
        let export = try await fleet.ask("GET", "/api/v1/export", headers: token)
        #expect(export.status == 200 && !export.body.contains("127.0.0.1:9/events"))
        let operators = Acts(
            services: fleet.services,
            caller: Caller(name: "op", grants: [Grant(.operator_)], proof: .token(1)))
        await #expect(throws: Problem.self) { try await operators.apply(request) }
        await #expect(throws: (any Error).self) {
            try await operators.changeSecret(name, SecretRequest(value: "Bearer mine"))
        }
        try await acts.removeWebHook(named: "chat")
        #expect(try await acts.webHooks().allSatisfy { $0.name == nil })
    }
}
