import API

/// The pause between two looks at something: it ends with an event that may have changed it, and after a while without one.
struct EventPause: Sendable {
    private let hub: EventHub
    private let kinds: Set<ServerEvent.Kind>
    /// A burst of events is one look.
    private let (shortest, longest): (Duration, Duration)
    /// From the beginning of the last look on.
    private var events: AsyncStream<EventHub.Numbered>

    init(
        _ kinds: Set<ServerEvent.Kind>, in hub: EventHub, shortest: Duration = .seconds(1), longest: Duration
    ) {
        (self.hub, self.kinds, self.shortest, self.longest) = (hub, kinds, shortest, longest)
        events = hub.listen()
    }

    /// - Throws: `CancellationError`.
    mutating func wait() async throws {
        try await Task.sleep(for: shortest)
        let (events, kinds, rest) = (events, kinds, longest - shortest)
        await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await event in events where event.event.map({ kinds.contains($0.kind) }) ?? false {
                    return true
                }
                return false
            }
            group.addTask {
                try? await Task.sleep(for: rest)
                return true
            }
            // A stream that ends tells nothing: the time counts then.
            while let isOver = await group.next(), !isOver {}
            group.cancelAll()
        }
        try Task.checkCancellation()
        self.events = hub.listen()
    }
}
