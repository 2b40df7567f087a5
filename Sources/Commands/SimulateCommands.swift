import ArgumentParser
import Fleet
import Foundation

/// `roost simulate`
struct SimulateCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Try what the server would decide, with invented machines and people.",
        subcommands: [SimulateLogIns.self])
}

/// `roost simulate logins`
struct SimulateLogIns: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logins",
        abstract: "Compare the placement of log-ins on terminal servers with other ways to balance them.",
        discussion: """
            Invents terminal servers of different sizes and a day on which classes begin in bursts. People stay for about an hour, and need \
            more or less. Each way places the same log-ins.
            The numbers are the largest use of a server for its size, divided by the mean of all servers, at the end of each burst: 1 is \
            perfect balance. Ideal knows beforehand what each person will need. No-foresight knows all but that, to the moment: \
            more than servers report. Weighted random stands for the load balancer of \
            LTSP-Cluster with its default variables.
            The same seed gives the same day.
            """)
    @Option(help: "Terminal servers.") var servers = 30
    @Option(help: "Log-ins of the day.") var logins = 10_000
    @Option(help: "Log-ins within the ten seconds in which a class begins.") var burst = 30
    @Option(help: "The seed that the day follows from.") var seed: UInt64 = 1
    @Option(help: "Seconds between the reports of a server.") var reports = 5
    @Option(help: "Reports that are lost, in percent.") var lost = 0
    @Option(help: "Servers that lie: they always report that nothing runs on them.") var liars = 0
    @Option(help: "How much the needs of people differ: the standard deviation in percent.") var spread = 35
    @Flag(help: "Print JSON, with the number for each burst.") var json = false

    func validate() throws {
        func require(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
            guard range.contains(value) else {
                throw ValidationError("--\(name) is \(range.lowerBound) to \(range.upperBound), not \(value)")
            }
        }
        try require("servers", servers, 1...1_000)
        try require("logins", logins, 1...1_000_000)
        try require("burst", burst, 1...100_000)
        try require("reports", reports, 1...600)
        try require("lost", lost, 0...100)
        try require("liars", liars, 0...servers)
        try require("spread", spread, 0...100)
    }

    func run() async throws {
        var simulation = LogInSimulation()
        simulation.serverCount = servers
        simulation.logInCount = logins
        simulation.burst = burst
        simulation.seed = seed
        simulation.reportInterval = reports
        simulation.lostReports = Double(lost) / 100
        simulation.liarCount = liars
        simulation.spread = Double(spread) / 100
        let results = simulation.run()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
            return print(json: try encoder.encode(results))
        }
        print("\(logins) log-ins in bursts of \(burst) on \(servers) servers, seed \(seed)")
        let bar = results.first { $0.strategy == .weightedRandom }.map(LogInSimulation.Bar.init)
        let wanted = String(format: "%.2f", LogInSimulation.Bar.wanted)
        print("                    MEDIAN   95 %  WORST  ABOVE \(wanted)  OVERFILLED  REFUSED")
        for result in results {
            let numbers = [result.share(0.5), result.share(0.95), result.share(1)].map {
                Self.right(String(format: "%.2f", $0), 7)
            }
            print(
                result.strategy.rawValue.padded(to: 19)
                    + numbers.joined() + Self.right("\(bar?.missed(by: result).count ?? 0)", 12)
                    + Self.right("\(result.overfilled)", 12) + Self.right("\(result.refused)", 9))
        }
        if let bar { print(Self.bursts(of: bar, in: results)) }
    }

    /// What the column above the bar counts, and how much of it no placement could have avoided.
    private static func bursts(of bar: LogInSimulation.Bar, in results: [LogInSimulation.Result]) -> String {
        func result(_ strategy: LogInSimulation.Strategy) -> LogInSimulation.Result? {
            results.first { $0.strategy == strategy }
        }
        guard let roost = result(.roost), let best = result(.ideal) else { return "" }
        let (ours, ideal, far) = (
            bar.missed(by: roost), bar.missed(by: best), bar.missed(by: roost, beside: best)
        )
        let (random, wanted, nearness) = (
            String(format: "%.2f", LogInSimulation.Bar.random),
            String(format: "%.2f", LogInSimulation.Bar.wanted),
            String(format: "%.2f", LogInSimulation.Bar.nearness)
        )
        let farther = "above \(wanted) and more than \(nearness) above ideal"
        return """
            ABOVE \(wanted) counts the bursts at whose end weighted random is above \(random): \(bar.bursts.count) of \
            \(results.first?.imbalances.count ?? 0).
            Ideal cannot keep to \(wanted) at the end of \(ideal.count) of them. Roost misses \(ours.count), of which \
            \(ours.filter(ideal.contains).count) are those of ideal.
            Roost is \(farther) at the end of \(far.last.map { "\(far.count), the last of them burst \($0 + 1)" } ?? "none").
            """
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
