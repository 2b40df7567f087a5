/// What a pool wants of placement.
package struct PlacementTerms: Equatable, Sendable {
    /// How servers are compared; nil: by the share of processors, memory and sessions that they use.
    package var rule: [LoadVariable]?
    /// The connection broker of a Windows collection places log-ins itself: any server that answers leads to it.
    package var isBrokered: Bool
    /// The pool's, the best first.
    package var protocols: [SessionProtocol]

    package init(
        rule: [LoadVariable]? = nil, isBrokered: Bool = false, protocols: [SessionProtocol] = []
    ) {
        self.rule = rule
        self.isBrokered = isBrokered
        self.protocols = protocols
    }

    package init(of pool: TerminalPool) {
        self.init(rule: pool.rule, isBrokered: pool.broker != nil, protocols: pool.protocols)
    }
}

extension Placement {
    /// The first server that answers leads to the broker, which also knows who has a session where.
    init(brokered logIn: LogIn, levels: [[Int]], of servers: [PlacementServer], now: Int) {
        verdicts = []
        for (level, members) in levels.enumerated() {
            for server in members.map({ servers[$0] }) {
                var reason =
                    server.obstacle(for: logIn, now: now) ?? (self.server == nil ? .broker : .notNeeded)
                // A broker is reached by RDP alone.
                if !logIn.protocols.contains(.rdp) { reason = .otherProtocol }
                if let obstacle = server.obstacle(to: .rdp), !reason.isObstacle { reason = obstacle }
                if reason == .broker { (self.server, self.level) = (server.name, level) }
                verdicts.append(Verdict(server: server.name, level: level, reason: reason))
            }
        }
    }
}

extension PlacementServer {
    /// What the pool's rule makes of it with one more log-in; nil: its load is not known.
    func judgement(by rule: [LoadVariable], cost: SessionCost) -> LoadJudgement? {
        guard let load, let average else { return nil }
        let weight = self.weight > 0 ? self.weight : .leastNormalMagnitude
        let (running, used) = expected(load, average, with: 0, cost: cost)
        let processors = min(Double(load.processorCount), cost.mostProcessors) * weight
        let memory = min(Double(load.memoryByteCount), cost.mostMemory) * weight
        return LoadJudgement(rule) { figure in
            switch figure {
            case .loadAverage: running / processors
            case .processorCount: processors
            case .processorFrequency: 2_400
            case .sessionCount: Double(sessionCount + underwayCount + 1)
            case .memory: memory / 1_024
            case .usedMemory: used / 1_024
            case .freeMemory: max(0, memory - used) / 1_024
            }
        }
    }
}
