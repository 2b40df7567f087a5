import API
import Testing

@testable import AgentWork

/// Tokens as people copy them.
@Suite struct JoiningTests {
    @Test(arguments: ["token.00", "token.xyz", "token." + String(repeating: "a", count: 63)])
    func `a token that was cut off is said to be one`(token: String) async throws {
        let root = try TemporaryRoot()
        // Nothing is asked: the token tells.
        let joining = Joining(url: "https://192.0.2.1:8443", token: token)
        let error = await #expect(throws: AgentProblem.self) { _ = try await joining.run(root.places) }
        #expect(error.map { "\($0)" }?.contains("is this the whole token") == true)
    }

    @Test func `an answer of another server or version is said in words`() {
        for text in ["", "<html>", "{}", #"{"server": 1}"#] {
            let error = #expect(throws: AgentProblem.self) {
                try CenterLine.decoded(AgentJoinAnswer.self, from: Array(text.utf8))
            }
            #expect(error?.description.hasPrefix("the center's answer cannot be read: ") == true)
        }
    }
}
