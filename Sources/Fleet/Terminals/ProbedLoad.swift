package import Wire

extension TerminalLoad {
    /// The load of a server without an agent, by its exporter; nil where the exporter does not tell of processors and memory.
    ///
    /// - Parameters:
    ///   - former: the reading before, for what is only counted.
    ///   - sessionCount: where the exporter does not tell it.
    package init?(_ reading: ExporterReading, since former: ExporterReading?, sessionCount: Int) {
        guard let processors = reading.processorCount, processors > 0,
            let memory = Self.byteCount(reading.memoryByteCount),
            let available = Self.byteCount(reading.availableByteCount)
        else { return nil }
        self.init(
            processorCount: processors,
            loadAverage: reading.loadAverage
                ?? reading.busyProcessors(since: former) + max(0, reading.queueLength ?? 0),
            memoryByteCount: memory, usedMemoryByteCount: max(0, memory - available),
            sessionCount: reading.sessionCount ?? sessionCount)
    }

    private static func byteCount(_ value: Double?) -> Int? {
        guard let value, value.isFinite, value >= 0 else { return nil }
        return Int(min(value, 1e15))
    }
}

extension ExporterReading {
    /// Processors that work, on average since the former reading; without one, since the machine's start.
    fileprivate func busyProcessors(since former: Self?) -> Double {
        guard let all = processorSeconds, let idle = idleSeconds, let count = processorCount else { return 0 }
        var (allBefore, idleBefore) = (0.0, 0.0)
        if let former, former.kind == kind, let before = former.processorSeconds, before < all {
            (allBefore, idleBefore) = (before, former.idleSeconds ?? 0)
        }
        let (whole, free) = (all - allBefore, idle - idleBefore)
        guard whole > 0, whole.isFinite, free.isFinite else { return 0 }
        return min(max(1 - free / whole, 0), 1) * Double(count)
    }
}
