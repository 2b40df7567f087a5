extension LogInSimulation {
    /// One day with one strategy.
    struct Day {
        private let settings: LogInSimulation
        private let strategy: Strategy
        private var hosts: [Host]
        /// What the balancer knows.
        private var servers: [PlacementServer]
        /// Users on their way, by server, with the time at which they were sent.
        private var underway: [[(user: Int, at: Int)]]
        private var dice: Dice
        private var events = EventQueue()
        private var next = 0
        private var former: [String: String] = [:]
        private var result: Result
        /// Shares of LTSP-Cluster's load balancer, of its last look.
        private var weights: [Double] = []
        private var weighedAt = Int.min

        private static let patience = 60_000
        private static let look = 60_000

        init(_ settings: LogInSimulation, _ hosts: [Host], _ strategy: Strategy, dice: Dice) {
            (self.settings, self.hosts, self.strategy, self.dice) = (settings, hosts, strategy, dice)
            servers = hosts.map { PlacementServer(name: $0.name) }
            underway = hosts.map { _ in [] }
            result = Result(strategy: strategy, imbalances: [], overfilled: 0, refused: 0)
        }

        mutating func run(_ visits: [Visit]) -> Result {
            for index in hosts.indices {
                report(index, at: 0)
                events.add(.init(at: dice.below(settings.reportInterval * 1_000), kind: .report(index)))
            }
            for (number, visit) in visits.enumerated() {
                while let event = events.take(until: visit.at) { handle(event, visits) }
                place(number, visit)
                if (number + 1) % settings.burst == 0 || number + 1 == visits.count {
                    result.imbalances.append(imbalance)
                }
            }
            return result
        }

        /// The largest use for its size, divided by the mean.
        private var imbalance: Double {
            let uses = hosts.map { $0.used / $0.size }
            let mean = uses.reduce(0, +) / Double(uses.count)
            return mean > 0 ? (uses.max() ?? 0) / mean : 1
        }

        // MARK: What happens

        private mutating func handle(_ event: Event, _ visits: [Visit]) {
            switch event.kind {
            case .report(let index):
                if settings.lostReports <= dice.share() { report(index, at: event.at) }
                events.add(.init(at: event.at + settings.reportInterval * 1_000, kind: .report(index)))
            case .begin(let number, let index):
                hosts[index].sessionCount += 1
                hosts[index].known += visits[number].need - 1
                // The node says that it is connected.
                servers[index].seenSessionCount += 1
                underway[index].removeAll { $0.user == number }
                servers[index].underwayCount = underway[index].count
            case .end(let number, let index):
                average(index, at: event.at)
                hosts[index].used -= visits[number].need
                hosts[index].known -= visits[number].need
                hosts[index].sessionCount -= 1
                hosts[index].placedCount -= 1
                servers[index].seenSessionCount -= 1
            }
        }

        /// A minute's average, as the kernel keeps it.
        private mutating func average(_ index: Int, at time: Int) {
            let wanted = hosts[index].used * LogInSimulation.cost.processors
            let age = Double(time - hosts[index].loadAt) / 60_000
            // 1 - e^-age, near enough.
            let part = min(1, age / (1 + age / 2))
            hosts[index].loadAverage += (wanted - hosts[index].loadAverage) * part
            hosts[index].loadAt = time
        }

        private mutating func report(_ index: Int, at time: Int) {
            average(index, at: time)
            let host = hosts[index]
            let isLiar = index < settings.liarCount
            let load = TerminalLoad(
                processorCount: host.processorCount,
                loadAverage: isLiar ? 0 : host.loadAverage * dice.spread(0.15),
                memoryByteCount: host.memoryByteCount,
                usedMemoryByteCount: isLiar
                    ? 0 : Int(600e6 + host.used * LogInSimulation.cost.memory),
                idleMemoryByteCount: isLiar ? 0 : 600_000_000, sessionCount: isLiar ? 0 : host.sessionCount)
            servers[index].heard(load, at: time)
            underway[index].removeAll { time - $0.at > Self.patience }
            servers[index].underwayCount = underway[index].count
        }

        // MARK: Placement

        private mutating func place(_ number: Int, _ visit: Visit) {
            guard let index = choose(visit) else { return result.refused += 1 }
            average(index, at: visit.at)
            if hosts[index].used + visit.need > hosts[index].size,
                hosts.contains(where: { $0.used + visit.need <= $0.size })
            {
                result.overfilled += 1
            }
            hosts[index].used += visit.need
            hosts[index].known += 1
            hosts[index].placedCount += 1
            former[visit.user] = hosts[index].name
            underway[index].append((number, visit.at))
            servers[index].underwayCount = underway[index].count
            events.add(.init(at: visit.at + visit.delay, kind: .begin(number, index)))
            events.add(.init(at: visit.at + visit.delay + visit.length, kind: .end(number, index)))
        }

        private mutating func choose(_ visit: Visit) -> Int? {
            switch strategy {
            case .roost:
                let logIn = LogIn(user: visit.user, former: former[visit.user])
                let placement = Placement(
                    logIn, levels: [Array(servers.indices)], of: servers,
                    cost: SessionCost(of: servers), now: visit.at)
                return servers.firstIndex { $0.name == placement.server }
            case .ideal:
                return least { ($0.used + visit.need) / $0.size }
            case .noForesight:
                return least { ($0.known + 1) / $0.size }
            case .leastConnections:
                return least { Double($0.placedCount) }
            case .roundRobin:
                next += 1
                return (next - 1) % hosts.count
            case .weightedRandom:
                weigh(at: visit.at)
                var rest = dice.share() * weights.reduce(0, +)
                return weights.firstIndex { weight in
                    rest -= weight
                    return rest < 0
                } ?? hosts.indices.last
            }
        }

        private func least(_ use: (Host) -> Double) -> Int? {
            hosts.indices.min { use(hosts[$0]) < use(hosts[$1]) }
        }

        /// LTSP-Cluster's default variables with their capacities; as its text says, a higher weight means a less loaded server.
        private mutating func weigh(at time: Int) {
            guard weighedAt == Int.min || time - weighedAt >= Self.look else { return }
            weighedAt = time
            weights = hosts.indices.map { index in
                average(index, at: time)
                let host = hosts[index]
                let processors = Double(host.processorCount)
                func free(_ value: Double, _ capacity: Double) -> Double {
                    max(0, (capacity - value) / capacity)
                }
                return 50 * free(host.loadAverage / processors, 0.7)
                    + 25 * free(Double(host.sessionCount), 2_400 * processors * processors / 120)
                    + 25
                    * free(
                        600e6 + host.used * LogInSimulation.cost.memory, Double(host.memoryByteCount) - 100e6)
            }
        }
    }

    struct Event {
        enum Kind {
            case report(Int)
            /// A visit becomes a session on a server.
            case begin(Int, Int)
            case end(Int, Int)
        }
        var at: Int
        var kind: Kind
    }

    /// The earliest event first: a binary heap.
    struct EventQueue {
        private var heap: [Event] = []

        mutating func add(_ event: Event) {
            heap.append(event)
            var index = heap.count - 1
            while index > 0, heap[index].at < heap[(index - 1) / 2].at {
                heap.swapAt(index, (index - 1) / 2)
                index = (index - 1) / 2
            }
        }

        /// - Returns: the earliest event that is not after `time`.
        mutating func take(until time: Int) -> Event? {
            guard let first = heap.first, first.at <= time else { return nil }
            heap.swapAt(0, heap.count - 1)
            heap.removeLast()
            var index = 0
            while true {
                var least = index
                for child in [2 * index + 1, 2 * index + 2]
                where child < heap.count && heap[child].at < heap[least].at {
                    least = child
                }
                guard least != index else { return first }
                heap.swapAt(index, least)
                index = least
            }
        }
    }
}
