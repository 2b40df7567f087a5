/// How much of its room a server would use with one more log-in: 1 is all.
package struct TerminalUse: Equatable, Sendable {
    package var processors: Double
    package var memory: Double
    /// Of its limit or, where it reports no load, of the usual number of sessions.
    package var sessions: Double
    /// By the pool's rule, if it has one: then it counts alone.
    package var rule: Double?

    package var share: Double { rule ?? max(processors, memory, sessions) }
}

extension PlacementServer {
    /// A session counts for no less than this part of what one costs elsewhere: a server that claims that nothing runs on it gets no more
    /// than three times as many.
    private static let leastPart = 1.0 / 3
    /// Memory that is more deviations than this from what its sessions usually need is not theirs.
    private static let deviationLimit = 3.0

    /// What it would use with one more log-in: what it used lately, and what the sessions cost that came since or are coming.
    ///
    /// What the new one will need is not known yet. It counts as a person who needs more than most do, so that servers on which one person
    /// makes a large part are not the first to be overloaded by one.
    package func use(cost: SessionCost) -> TerminalUse {
        let weight = self.weight > 0 ? self.weight : .leastNormalMagnitude
        let limit =
            sessionLimit.map(Double.init)
            ?? (load == nil ? Placement.usualSessionCount * weight : .infinity)
        let sessions = Double(sessionCount + underwayCount + 1) / max(limit, 1)
        guard let load, let average else {
            return TerminalUse(processors: 0, memory: 0, sessions: sessions)
        }
        let (processors, memory) = expected(load, average, with: cost.spread, cost: cost)
        let idle = Double(load.idleMemoryByteCount)
        return TerminalUse(
            processors: processors / (min(Double(load.processorCount), cost.mostProcessors) * weight),
            memory: max(0, memory - idle)
                / (min(max(1, Double(load.memoryByteCount) - idle), cost.mostMemory) * weight),
            sessions: sessions)
    }

    /// Processors and bytes of memory that are used with one more log-in.
    ///
    /// - Parameter doubt: so much more than a usual session one whose need was not seen yet may take: the more of them, the likelier it is
    ///   that they make up for each other.
    func expected(_ load: TerminalLoad, _ average: TerminalAverage, with doubt: Double, cost: SessionCost)
        -> (processors: Double, memory: Double)
    {
        // Sessions that a report does not know yet are treated like those that it does not admit.
        let sessions = Double(sessionCount + underwayCount + 1)
        let count = sessions + doubt * max(1, sessions - average.memorySessions).squareRoot()
        let unseen = count - average.memorySessions
        // The load average is minutes late. What people need who came or left since shows in memory first.
        let bound = Self.deviationLimit * cost.spread * count.squareRoot()
        let more =
            (average.memory - average.lateMemory) / cost.memory
            - (average.memorySessions - average.itsSessions)
        let changed = count - average.itsSessions + cost.likeness * min(max(more, -bound), bound)
        let (leastProcessors, leastMemory) = (
            count * cost.processors * Self.leastPart, count * cost.memory * Self.leastPart
        )
        return (
            max(average.loadAverage + changed * cost.processors, leastProcessors),
            max(
                average.memory + unseen * cost.memory, Double(load.idleMemoryByteCount) + leastMemory)
        )
    }
}
