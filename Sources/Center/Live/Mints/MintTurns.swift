/// Lets a limited number of makings happen at once; the others wait in order.
actor MintTurns {
    private let limit: Int
    private var running = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var next = 0

    init(limit: Int) { self.limit = limit }

    func begin() async {
        guard running >= limit else {
            running += 1
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }

    func end() {
        guard next < waiting.count else {
            (running, waiting, next) = (running - 1, [], 0)
            return
        }
        // The turn goes over to the next one.
        waiting[next].resume()
        next += 1
    }
}
