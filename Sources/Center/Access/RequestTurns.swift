/// Lets few reads of one person run at a time, and the others wait in order: a search over a large fleet or a look at the past takes the
/// processor for a second, and a hundred of them would take it from everyone else.
actor RequestTurns {
    /// Reads of one person that run at a time: a page and one that takes long.
    private static let limit = 2

    private struct Owner {
        var running = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
        /// Where the waiting ones begin: the first are taken without moving the others.
        var next = 0
    }

    private var owners: [String: Owner] = [:]

    /// Runs `read` when it is its turn among those of `owner`.
    nonisolated func run<Answer: Sendable>(
        of owner: String, _ read: @Sendable () async throws -> Answer
    ) async throws -> Answer {
        await begin(owner)
        do {
            let answer = try await read()
            await end(owner)
            return answer
        } catch {
            await end(owner)
            throw error
        }
    }

    /// Reads of one person that run or wait.
    func count(of owner: String) -> Int {
        owners[owner].map { $0.running + $0.waiting.count - $0.next } ?? 0
    }

    private func begin(_ name: String) async {
        var owner = owners[name] ?? Owner()
        if owner.running < Self.limit {
            owner.running += 1
            owners[name] = owner
            return
        }
        await withCheckedContinuation { continuation in
            owner.waiting.append(continuation)
            owners[name] = owner
        }
    }

    private func end(_ name: String) {
        guard var owner = owners[name] else { return }
        if owner.next < owner.waiting.count {
            // The turn goes over to the next one.
            let continuation = owner.waiting[owner.next]
            owner.next += 1
            // Someone may always be waiting: those who had their turn are removed all the same.
            if owner.next > 16, owner.next * 2 > owner.waiting.count {
                owner.waiting.removeFirst(owner.next)
                owner.next = 0
            }
            owners[name] = owner
            continuation.resume()
            return
        }
        owner.running -= 1
        owners[name] = owner.running == 0 ? nil : owner
    }
}
