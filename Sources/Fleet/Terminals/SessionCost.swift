/// What a session costs a server here, learned from all reports: people need not say how many a server takes.
package struct SessionCost: Equatable, Sendable {
    /// Processors, on average.
    package var processors: Double
    /// Bytes, on average.
    package var memory: Double
    /// How much people differ: the standard deviation of what one needs, as a part of the average.
    package var spread: Double
    /// How much of the part by which sessions need more memory than others they need more processors as well: 0…1.
    package var likeness: Double
    /// Processors and bytes of memory of a server that are believed at most: a report could claim any number, and its server would get all people.
    package var (mostProcessors, mostMemory) = (Double.infinity, Double.infinity)

    /// Until reports tell better: a desktop with a browser.
    package static let usual = Self(processors: 0.1, memory: 300e6, spread: 0.3, likeness: 0.5)

    package init(processors: Double, memory: Double, spread: Double = 0.3, likeness: Double = 0.5) {
        self.processors = processors
        self.memory = memory
        self.spread = spread
        self.likeness = likeness
    }

    /// The median over the servers, so that one which lies changes little, pulled to ``usual`` as long as there are few sessions.
    package init(of servers: some Collection<PlacementServer>) {
        let busy = servers.compactMap(Busy.init)
        let count = busy.reduce(0) { $0 + $1.sessionCount }
        func learned(_ usual: Double, _ use: (Busy) -> Double) -> Double {
            let each = busy.map(use).sorted()
            guard !each.isEmpty else { return usual }
            let median = min(max(each[each.count / 2], usual / 20), usual * 20)
            return (usual * Self.trust + median * count) / (Self.trust + count)
        }
        self.init(
            processors: learned(Self.usual.processors, \.processors),
            memory: learned(Self.usual.memory, \.memory))
        learnDifferences(of: busy)
        boundCapacity(by: servers.compactMap(\.load))
    }

    /// Servers of one pool differ, but not that much, unless people say so with a weight. Of two, the smaller one counts, but for one that
    /// says it is smaller than terminal servers are.
    private mutating func boundCapacity(by loads: [TerminalLoad]) {
        guard !loads.isEmpty else { return }
        func most(_ least: Int, _ capacity: (TerminalLoad) -> Int) -> Double {
            Self.capacityLimit * Double(max(least, loads.map(capacity).sorted()[(loads.count - 1) / 2]))
        }
        (mostProcessors, mostMemory) = (most(2, \.processorCount), most(8 << 30, \.memoryByteCount))
    }

    /// How servers differ from the average says how people do: what one person needs more weighs less among many.
    private mutating func learnDifferences(of busy: [Busy]) {
        let usual = Self.usual.spread * Self.usual.spread * Self.trustedServers
        var (squares, products) = (usual, usual * Self.usual.likeness)
        var count = Self.trustedServers
        for server in busy where server.isIdleKnown {
            let more = min(max(server.memory / memory - 1, -1), 1)
            let moreProcessors = min(max(server.processors / processors - 1, -1), 1)
            // A server that lies counts for little more than any other.
            let weight = more == 0 ? 0 : min(server.sessionCount, 1 / (more * more))
            squares += weight * more * more
            products += weight * more * moreProcessors
            count += 1
        }
        spread = (squares / count).squareRoot()
        likeness = min(max(products / squares, 0), 1)
    }

    /// Sessions whose median counts as much as ``usual``, and servers whose differences do.
    private static let (trust, trustedServers) = (30.0, 4.0)

    /// How many times the median of a pool's servers one is believed to have.
    private static let capacityLimit = 8.0

    /// A server with sessions, and what each needs there.
    private struct Busy {
        let sessionCount: Double
        let processors: Double
        let memory: Double
        /// Its memory is that of sessions alone.
        let isIdleKnown: Bool

        init?(_ server: PlacementServer) {
            guard let load = server.load, let average = server.average, load.sessionCount > 0,
                average.itsSessions >= 0.5
            else { return nil }
            sessionCount = Double(load.sessionCount)
            processors = average.loadAverage / average.itsSessions
            memory = max(0, average.lateMemory - Double(load.idleMemoryByteCount)) / average.itsSessions
            isIdleKnown = load.idleMemoryByteCount > 0
        }
    }
}
