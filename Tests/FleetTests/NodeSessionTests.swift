import Fleet
import Foundation
import Testing

@Suite struct NodeSessionTests {
    /// As reported by a node.
    private func told(_ id: Int, user: String = "alice", age: Int = 60) throws -> NodeSessions.TellsSession {
        let json =
            #"{"id":"\#(id)","user":"\#(user)","kind":"x11","place":"tty2","from":"","isActive":true,"age":\#(age)}"#
        return try JSONDecoder().decode(NodeSessions.TellsSession.self, from: Data(json.utf8))
    }

    @Test func `sessions begin by the server's clock, never in the future`() throws {
        let sessions = NodeSessions([try told(1), try told(2, age: -5)], boot: "b", at: 1_000).sessions
        #expect(sessions.map(\.startedAt) == [940, 1_000])
    }

    @Test func `too long a report of a node is cut`() throws {
        let many = try (0..<1_000).map { try told($0, user: String(repeating: "a", count: 10_000)) }
        let sessions = NodeSessions(many, boot: "b", at: 0).sessions
        #expect(sessions.count == 64)
        #expect(sessions.allSatisfy { $0.user.count == 128 })
    }

    @Test func `sessions of a machine that is silent for a quarter of an hour count as ended`() throws {
        let sessions = NodeSessions([try told(1)], boot: "b", at: 1_000)
        #expect(sessions.isFresh(at: 1_900))
        #expect(!sessions.isFresh(at: 1_901))
    }
}
