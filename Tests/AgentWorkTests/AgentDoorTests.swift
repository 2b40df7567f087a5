import Foundation
import Glibc
import Synchronization
import Testing

@testable import AgentWork

/// Log-ins of the machine ask at the agent's door.
@Suite struct AgentDoorTests {
    @Test(arguments: [
        DoorRequest.ticket(user: "anna", service: "xrdp-sesman", from: "", secret: Array("wort".utf8)),
        .ticket(user: "anna", service: "sshd", from: "10.0.0.1", secret: [0, 1, 0]),
        .key(user: "anna", publicKey: "ssh-ed25519 AAAA", process: 4_711), .status,
    ])
    func `requests are read as they are written`(request: DoorRequest) {
        #expect(DoorRequest(parsing: request.bytes) == request)
    }

    @Test(arguments: [
        "", "ticket", "ticket\0anna", "ticket\0\0sshd\0\0wort", "key\0anna\0k\0x", "status\0", "\0\0\0\0",
        "other\0a\0b\0c\0d", "key\0anna\0\01",
    ])
    func `other texts are no requests`(text: String) {
        #expect(DoorRequest(parsing: Array(text.utf8)) == nil)
    }

    @Test func `requests that are too long or no text are refused`() {
        let long = DoorRequest.ticket(
            user: String(repeating: "a", count: 1_025), service: "", from: "", secret: [1])
        #expect(DoorRequest(parsing: long.bytes) == nil)
        #expect(DoorRequest(parsing: Array(repeating: 1, count: DoorRequest.limit + 1)) == nil)
        #expect(DoorRequest(parsing: Array("ticket\0".utf8) + [0xFF, 0, 0, 0, 1]) == nil)
    }

    @Test func `root asks for all, others for themselves alone`() {
        let numbers: [String: UInt32] = ["anna": 1_000, "bert": 1_001]
        let ticket = DoorRequest.ticket(user: "anna", service: "vnc", from: "", secret: [1])
        #expect(ticket.isAllowed(to: 0) { numbers[$0] })
        #expect(ticket.isAllowed(to: 1_000) { numbers[$0] })
        #expect(!ticket.isAllowed(to: 1_001) { numbers[$0] })
        let unknown = DoorRequest.ticket(user: "nemo", service: "vnc", from: "", secret: [1])
        #expect(!unknown.isAllowed(to: 1_000) { numbers[$0] })
        for request in [DoorRequest.status, .key(user: "anna", publicKey: "k", process: 1)] {
            #expect(request.isAllowed(to: 0) { numbers[$0] })
            #expect(!request.isAllowed(to: 1_000) { numbers[$0] })
        }
    }

    @Test func `a ticket is claimed over the socket, and a second time refused`() throws {
        let root = try TemporaryRoot()
        let user = try #require(AccountNames.name(of: getuid()))
        let isUsed = Mutex(false)
        let door = Door(at: root.places.door) { request in
            guard case .ticket(user, "sshd", "10.0.0.1", Array("wort".utf8)) = request else { return "0" }
            return isUsed.withLock { used in
                defer { used = true }
                return used ? "0" : "1"
            }
        }
        try door.start()
        let right = DoorRequest.ticket(
            user: user, service: "sshd", from: "10.0.0.1", secret: Array("wort".utf8))
        let wrong = DoorRequest.ticket(user: user, service: "sshd", from: "", secret: Array("wort".utf8))
        #expect(DoorClient.ask(wrong, at: root.places.door) == "0")
        #expect(DoorClient.ask(right, at: root.places.door) == "1")
        #expect(DoorClient.ask(right, at: root.places.door) == "0")
    }

    @Test func `without an agent there is no answer`() throws {
        #expect(DoorClient.ask(.status, at: try TemporaryRoot().places.door) == nil)
    }
}
