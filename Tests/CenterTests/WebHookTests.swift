import API
import Fleet
import HTTPTypes
import Testing

@testable import Center

/// What is shown of the addresses of web hooks.
@Suite struct WebHookTests {
    @Test func `lists, answers and history have the host of an address, and not its secret`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(services: fleet.services, caller: .local)
        let made = try await acts.makeWebHook(
            WebHookRequest(url: "http://ann:sesame1@127.0.0.1:9/services/sesame2?key=sesame3"))
        #expect(made.url == "http://127.0.0.1:9")
        let token: HTTPFields = [.authorization: "Bearer \(Person(role: .admin, place: .site).token)"]
        for path in ["/api/v1/hooks", "/hooks", "/api/v1/revisions?limit=5", "/history"] {
            let answer = try await fleet.ask("GET", path, headers: token)
            #expect(answer.status == 200 && answer.body.contains("http://127.0.0.1:9"), "\(path)")
            #expect(!answer.body.contains("sesame"), "\(path)")
        }
        try await acts.removeWebHook(made.id)
    }

    @Test func `an address that cannot be opened is not used, and its hook says so`() async throws {
        let fleet = try await SmallFleet()
        let hook = WebHook(id: 7, url: "sealed:AAAA", secret: "s", kinds: [], group: .site)
        let answer = WebHookAnswer(hook, nil)
        #expect(answer.url == "(sealed with another key)")
        let sender = WebHookSender(fleet: fleet.services.fleet, logger: .silent)
        sender.begin(hook)
        fleet.services.fleet.events.publish(
            ServerEvent(kind: .configuration, node: nil, group: nil, text: "x"))
        while sender.outcome(of: 7) == nil { try await Task.sleep(for: .milliseconds(5)) }
        sender.end(7)
        #expect(sender.outcome(of: 7)?.isGood == false)
        #expect(sender.outcome(of: 7)?.text.contains("sealed") == true)
        // A later hook with the same number has delivered nothing.
        sender.begin(hook)
        sender.end(7)
        #expect(sender.outcome(of: 7) == nil)
    }
}
