/// What the agent of a terminal server reports of its load, every few seconds.
package struct TerminalLoad: Equatable, Sendable, Codable {
    /// Processors that are online.
    package var processorCount: Int
    /// Processes that run or wait to run, averaged over a minute: `/proc/loadavg`.
    package var loadAverage: Double
    package var memoryByteCount: Int
    /// Memory that is not available to a new process: `MemTotal` without `MemAvailable`.
    package var usedMemoryByteCount: Int
    /// As much of it as is used without any session, as the agent saw it last; 0 when it never did.
    package var idleMemoryByteCount: Int
    /// Sessions that people have there, connected or not.
    package var sessionCount: Int

    package init(
        processorCount: Int, loadAverage: Double, memoryByteCount: Int, usedMemoryByteCount: Int,
        idleMemoryByteCount: Int = 0, sessionCount: Int
    ) {
        self.processorCount = processorCount
        self.loadAverage = loadAverage
        self.memoryByteCount = memoryByteCount
        self.usedMemoryByteCount = usedMemoryByteCount
        self.idleMemoryByteCount = idleMemoryByteCount
        self.sessionCount = sessionCount
    }

    /// The same within what can be: a server may lie, and no number of it may stop the placement on others.
    package var sane: Self {
        var load = self
        load.processorCount = min(max(processorCount, 1), 4_096)
        load.loadAverage = loadAverage.isFinite ? min(max(loadAverage, 0), 100_000) : 100_000
        load.memoryByteCount = min(max(memoryByteCount, 64 << 20), 1 << 50)
        load.usedMemoryByteCount = min(max(usedMemoryByteCount, 0), load.memoryByteCount)
        load.idleMemoryByteCount = min(max(idleMemoryByteCount, 0), load.usedMemoryByteCount)
        load.sessionCount = min(max(sessionCount, 0), 100_000)
        return load
    }
}

/// What a session costs a server on average here, learned from all reports: people need not say how many a server takes.
package struct SessionCost: Equatable, Sendable {
    /// Processors.
    package var processors: Double
    /// Bytes.
    package var memory: Double

    /// Until reports tell better: a desktop with a browser.
    package static let usual = Self(processors: 0.1, memory: 300e6)

    package init(processors: Double, memory: Double) {
        self.processors = processors
        self.memory = memory
    }

    /// The median over the servers, so that one which lies changes little, pulled to ``usual`` as long as there are few sessions.
    package init(of loads: some Collection<TerminalLoad>) {
        let busy = loads.filter { $0.sessionCount > 0 }
        let count = Double(busy.reduce(0) { $0 + $1.sessionCount })
        func learned(_ usual: Double, _ use: (TerminalLoad) -> Double) -> Double {
            let each = busy.map { use($0) / Double($0.sessionCount) }.sorted()
            guard !each.isEmpty else { return usual }
            let median = min(max(each[each.count / 2], usual / 20), usual * 20)
            return (usual * Self.trust + median * count) / (Self.trust + count)
        }
        self.init(
            processors: learned(Self.usual.processors, \.loadAverage),
            memory: learned(Self.usual.memory) { Double($0.usedMemoryByteCount - $0.idleMemoryByteCount) })
    }

    /// Sessions whose median counts as much as ``usual``.
    private static let trust = 30.0
}

/// The recent course of a server's load: single reports swing with what people do at the moment.
package struct TerminalAverage: Equatable, Sendable {
    /// Of the load average, and of the sessions that it is from.
    package private(set) var (loadAverage, itsSessions): (Double, Double)
    /// Of the used memory in bytes, and of the sessions that use it.
    package private(set) var (memory, memorySessions): (Double, Double)
    /// Sessions as the kernel's load average sees them: a minute late.
    private var late: Double
    private var at: Int

    /// Milliseconds.
    private static let (kernel, steady, brief) = (60_000.0, 300_000.0, 20_000.0)

    /// - Parameter time: of the first report, in milliseconds.
    package init(_ load: TerminalLoad, at time: Int) {
        let count = Double(load.sessionCount)
        (loadAverage, itsSessions, late) = (load.loadAverage, count, count)
        (memory, memorySessions) = (Double(load.usedMemoryByteCount), count)
        at = time
    }

    /// Adds a report; `time` is in milliseconds.
    package mutating func note(_ load: TerminalLoad, at time: Int) {
        let age = Double(max(0, time - at))
        at = max(at, time)
        let count = Double(load.sessionCount)
        func part(_ span: Double) -> Double { age / (age + span) }
        late += (count - late) * part(Self.kernel)
        itsSessions += (late - itsSessions) * part(Self.steady)
        loadAverage += (load.loadAverage - loadAverage) * part(Self.steady)
        memorySessions += (count - memorySessions) * part(Self.brief)
        memory += (Double(load.usedMemoryByteCount) - memory) * part(Self.brief)
    }
}
