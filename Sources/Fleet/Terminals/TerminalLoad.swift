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

/// The recent course of a server's load: single reports swing with what people do at the moment.
package struct TerminalAverage: Equatable, Sendable {
    /// Of the load average, and of the sessions that it is from.
    package private(set) var (loadAverage, itsSessions): (Double, Double)
    /// Of the used memory in bytes, and of the sessions that use it.
    package private(set) var (memory, memorySessions): (Double, Double)
    /// The used memory, as late as the load average.
    package private(set) var lateMemory: Double
    /// Sessions and memory as the kernel's load average sees them: a minute late.
    private var (kernelSessions, kernelMemory): (Double, Double)
    private var at: Int

    /// Milliseconds.
    private static let (kernel, steady, brief) = (60_000.0, 300_000.0, 10_000.0)

    /// - Parameter time: of the first report, in milliseconds.
    package init(_ load: TerminalLoad, at time: Int) {
        let (count, used) = (Double(load.sessionCount), Double(load.usedMemoryByteCount))
        (loadAverage, itsSessions, kernelSessions) = (load.loadAverage, count, count)
        (memory, memorySessions, lateMemory, kernelMemory) = (used, count, used, used)
        at = time
    }

    /// Adds a report; `time` is in milliseconds.
    package mutating func note(_ load: TerminalLoad, at time: Int) {
        let age = Double(max(0, time - at))
        at = max(at, time)
        let (count, used) = (Double(load.sessionCount), Double(load.usedMemoryByteCount))
        func part(_ span: Double) -> Double { age / (age + span) }
        kernelSessions += (count - kernelSessions) * part(Self.kernel)
        kernelMemory += (used - kernelMemory) * part(Self.kernel)
        itsSessions += (kernelSessions - itsSessions) * part(Self.steady)
        lateMemory += (kernelMemory - lateMemory) * part(Self.steady)
        loadAverage += (load.loadAverage - loadAverage) * part(Self.steady)
        memorySessions += (count - memorySessions) * part(Self.brief)
        memory += (used - memory) * part(Self.brief)
    }
}
