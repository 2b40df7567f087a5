/// Log-ins of a day on terminal servers of different sizes, placed by the real ``Placement`` or by what others do, with the same people.
///
/// Classes begin in bursts; people stay for most of an hour and need more or less. Servers report every few seconds, and some reports are
/// lost or untrue.
package struct LogInSimulation: Sendable {
    package var serverCount = 30
    package var logInCount = 10_000
    /// Log-ins within the ten seconds in which a class begins.
    package var burst = 30
    package var seed: UInt64 = 1
    /// Seconds between reports.
    package var reportInterval = 5
    /// The share of reports that are lost: 0…1.
    package var lostReports = 0.0
    /// Servers that report no load and no sessions, whatever they have.
    package var liarCount = 0
    /// How much the needs of people differ: the standard deviation, 1 being the usual need.
    package var spread = 0.35

    package init() {}

    /// How log-ins are placed.
    package enum Strategy: String, Sendable, Codable, CaseIterable {
        case roost
        /// Each log-in goes where the least is used for its size, with what it will need known in advance.
        case ideal
        /// The same with what runs known to the moment, but not what a person will need before the session begins: more than any real
        /// placement knows.
        case noForesight = "no-foresight"
        /// As LTSP-Cluster's load balancer: at random, weighted with the free shares of load, sessions and memory of up to a minute ago.
        case weightedRandom = "weighted-random"
        case roundRobin = "round-robin"
        case leastConnections = "least-connections"
    }

    /// How one strategy did.
    package struct Result: Sendable, Codable, Equatable {
        package var strategy: Strategy
        /// At the end of each burst: the largest use of a server for its size, divided by the mean of all servers.
        package var imbalances: [Double]
        /// Log-ins sent to a server that was full while another had room.
        package var overfilled: Int
        package var refused: Int

        /// The number that this share of the bursts (0…1) does not exceed; 1 when there was no burst.
        package func share(_ share: Double) -> Double {
            let sorted = imbalances.sorted()
            return sorted.isEmpty ? 1 : sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
        }
    }

    /// The bursts by which placements are measured: where weighted random is far off.
    package struct Bar: Sendable, Equatable {
        /// Weighted random is above the first at the end of such a burst; there, the others should not be above the second.
        package static let (random, wanted) = (1.5, 1.1)
        /// So much above the ideal is as good as the ideal: none knows what people will need before they come.
        package static let nearness = 0.03

        /// Their numbers.
        package let bursts: [Int]

        /// - Parameter random: of the same day.
        package init(_ random: Result) {
            bursts = random.imbalances.indices.filter { random.imbalances[$0] > Self.random }
        }

        /// Those of its bursts at whose end a strategy is above what is wanted.
        package func missed(by result: Result) -> [Int] {
            bursts.filter { result.imbalances[$0] > Self.wanted }
        }

        /// Those at whose end a strategy is above what is wanted, and not near the ideal either.
        package func missed(by result: Result, beside ideal: Result) -> [Int] {
            missed(by: result).filter {
                result.imbalances[$0] > ideal.imbalances[$0] + Self.nearness
            }
        }
    }

    /// A server that is simulated, and what it really has.
    struct Host {
        var name: String
        var processorCount: Int
        var memoryByteCount: Int
        /// Sessions of a person with usual needs that fill it.
        var size: Double
        var used = 0.0
        /// The same with those on their way as people with usual needs.
        var known = 0.0
        var sessionCount = 0
        var placedCount = 0
        var loadAverage = 0.0
        var loadAt = 0
    }

    /// One person's session.
    struct Visit {
        var at: Int
        var user: String
        /// Compared with the usual.
        var need: Double
        /// Milliseconds until the session shows up in reports, and until its end.
        var delay: Int
        var length: Int
    }

    private static let hour = 3_600_000
    /// The share of all servers' room that is in use once the day has begun.
    private static let fill = 0.6
    static let cost = SessionCost(processors: 0.15, memory: 450e6)
    private static let idleMemory = 600e6

    /// Runs the day once for each strategy.
    package func run(_ strategies: [Strategy] = Strategy.allCases) -> [Result] {
        var dice = Dice(seed)
        let hosts = makeHosts(&dice)
        let visits = makeVisits(&dice, room: hosts.reduce(0) { $0 + $1.size })
        return strategies.map { strategy in
            var day = Day(self, hosts, strategy, dice: Dice(seed &+ 1))
            return day.run(visits)
        }
    }

    private func makeHosts(_ dice: inout Dice) -> [Host] {
        (0..<serverCount).map { number in
            // Old and new machines side by side, some with little memory for their processors.
            let processors = [4, 8, 8, 12, 16, 16, 24, 32][dice.below(8)]
            let memory = processors * [2, 4, 4][dice.below(3)] << 30
            return Host(
                name: "ts\(number + 1)", processorCount: processors, memoryByteCount: memory,
                size: min(
                    Double(processors) / Self.cost.processors,
                    (Double(memory) - Self.idleMemory) / Self.cost.memory))
        }
    }

    private func makeVisits(_ dice: inout Dice, room: Double) -> [Visit] {
        let interval = Int(Double(burst * Self.hour) / (Self.fill * room))
        return (0..<logInCount).map { number in
            let start = number / max(burst, 1) * max(interval, 10_000)
            return Visit(
                at: start + dice.below(10_000), user: "user\(dice.below(4 * max(logInCount, 1)))",
                need: dice.spread(spread), delay: 2_000 + dice.below(6_000),
                length: Int(Double(Self.hour) * dice.spread(0.4)))
        }.sorted { $0.at < $1.at }
    }
}

/// Numbers that look random and are the same for a seed: SplitMix64.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(max(limit, 1))) }

    /// 0..<1
    mutating func share() -> Double { Double(next() >> 11) / Double(1 << 53) }

    /// Around 1 in a bell, cut off at three deviations and at a twentieth.
    mutating func spread(_ deviation: Double) -> Double {
        let bell = (0..<12).reduce(-6.0) { sum, _ in sum + share() }
        return max(0.05, 1 + deviation * min(max(bell, -3), 3))
    }
}
