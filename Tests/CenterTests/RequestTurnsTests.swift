import Synchronization
import Testing

@testable import Center

/// Reads of one person run two at a time, in order, and keep no other person waiting.
@Suite struct RequestTurnsTests {
    private final class Gate: Sendable {
        private let state = Mutex<(open: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))
        let started = Mutex<[Int]>([])

        func wait(_ number: Int) async {
            started.withLock { $0.append(number) }
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.open { state.waiting.append(continuation) }
                    return state.open
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                state.open = true
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    private struct Failure: Error {}

    @Test func `two of one person run, the others wait in order, and another person's run at once`()
        async throws
    {
        let (turns, gate) = (RequestTurns(), Gate())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<6 {
                group.addTask { try await turns.run(of: "ann") { await gate.wait(number) } }
                // Each is in its place before the next one comes.
                while await turns.count(of: "ann") <= number { await Task.yield() }
            }
            while gate.started.withLock({ $0.count }) < 2 { await Task.yield() }
            #expect(try await turns.run(of: "ben") { true })
            #expect(gate.started.withLock { $0 }.sorted() == [0, 1])
            gate.open()
            try await group.waitForAll()
        }
        #expect(gate.started.withLock { Array($0.dropFirst(2)) }.sorted() == [2, 3, 4, 5])
        #expect(await turns.count(of: "ann") == 0)
    }

    @Test func `a read that fails gives its turn on`() async throws {
        let turns = RequestTurns()
        for _ in 0..<5 {
            await #expect(throws: Failure.self) { try await turns.run(of: "ann") { throw Failure() } }
        }
        #expect(try await turns.run(of: "ann") { true })
        #expect(await turns.count(of: "ann") == 0)
    }

    @Test func `tokens of one account have its turns together`() async throws {
        let services = try await SmallFleet().services
        for name in ["ann (token a)", "ann (token b)"] {
            let caller = Caller(name: name, grants: [], proof: .token(1), account: "ann")
            let count = try await Acts(services: services, caller: caller).inTurn {
                await services.turns.count(of: "ann")
            }
            #expect(count == 1)
        }
    }
}
