import API
import Fleet
import Testing

@testable import Center

/// Looks at what events change.
@Suite struct EventPauseTests {
    private let hub = EventHub()

    private func pause() -> EventPause {
        EventPause([.session], in: hub, shortest: .milliseconds(1), longest: .seconds(600))
    }

    @Test func `an event ends the pause, also one from before it began`() async throws {
        var pause = pause()
        hub.publish(ServerEvent(kind: .session, text: "1 session"))
        try await pause.wait()
        // From the last look on.
        hub.publish(ServerEvent(kind: .session, text: "2 sessions"))
        try await pause.wait()
        // Former listeners are gone.
        try await AgentAttackTests.wait { hub.listenerCount == 1 }
    }

    @Test func `other events do not, and the time does`() async throws {
        var pause = EventPause(
            [.session], in: hub, shortest: .milliseconds(1), longest: .milliseconds(150))
        hub.publish(ServerEvent(kind: .boot, text: "ready"))
        let began = ContinuousClock.now
        try await pause.wait()
        #expect(ContinuousClock.now - began >= .milliseconds(100))
    }

    @Test func `it ends with its task`() async throws {
        let hub = hub
        let task = Task {
            var pause = EventPause([.session], in: hub, longest: .seconds(600))
            try await pause.wait()
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }
}
