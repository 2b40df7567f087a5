import Foundation
import Testing

@testable import Fleet

/// Ten thousand log-ins on thirty servers of different sizes.
@Suite struct LogInSimulationTests {
    /// One day of each kind in `make test-quick`.
    private static let isSample = ProcessInfo.processInfo.environment["ROOST_TEST_SAMPLE"] != nil

    private typealias Results = [LogInSimulation.Strategy: LogInSimulation.Result]

    private static func run(_ change: (inout LogInSimulation) -> Void = { _ in }) -> Results {
        var simulation = LogInSimulation()
        change(&simulation)
        let results = simulation.run([.roost, .ideal, .noForesight, .weightedRandom])
        return Dictionary(uniqueKeysWithValues: results.map { ($0.strategy, $0) })
    }

    /// Ours at the end of the bursts where weighted random exceeds 1.5, and where perfect knowledge could do it: with the first log-ins of a
    /// day on servers of different sizes it cannot.
    private static func hard(_ results: Results) throws -> [Double] {
        let (ours, ideal) = (try #require(results[.roost]), try #require(results[.ideal]))
        let bar = LogInSimulation.Bar(try #require(results[.weightedRandom]))
        return bar.bursts.filter { ideal.imbalances[$0] < 1.05 }.map { ours.imbalances[$0] }
    }

    /// Of the bursts where weighted random exceeds 1.5, those where ours is above 1.1 and not near the ideal.
    private static func far(_ results: Results) throws -> [Int] {
        LogInSimulation.Bar(try #require(results[.weightedRandom])).missed(
            by: try #require(results[.roost]), beside: try #require(results[.ideal]))
    }

    @Test(arguments: isSample ? [1] : [1, 2, 3] as [UInt64])
    func `bursts are balanced to a tenth where weighted random exceeds a half`(seed: UInt64) throws {
        let results = Self.run { ($0.seed, $0.spread) = (seed, 0) }
        let hard = try Self.hard(results)
        #expect(hard.count > 290)
        #expect(hard.allSatisfy { $0 <= 1.08 }, "\(hard.max() ?? 0)")
        let ours = try #require(results[.roost])
        #expect(ours.share(0.5) < 1.04 && ours.overfilled == 0 && ours.refused == 0)
        let far = try Self.far(results)
        #expect(far.count <= 5 && far.allSatisfy { $0 < 10 }, "\(far)")
    }

    @Test(
        arguments: isSample
            ? [(2, 0.3)] : [(2, 0), (3, 0), (4, 0), (2, 0.3), (3, 0.3), (4, 0.3)] as [(UInt64, Double)])
    func `so are people with different needs, with reports that are old or lost`(seed: UInt64, lost: Double)
        throws
    {
        let results = Self.run { ($0.seed, $0.lostReports) = (seed, lost) }
        let hard = try Self.hard(results)
        #expect(hard.count > 290)
        #expect(hard.allSatisfy { $0 <= 1.10 }, "\(hard.max() ?? 0)")
        let ours = try #require(results[.roost])
        #expect(ours.overfilled == 0 && ours.refused == 0)
        // About as often as when all were known but what newcomers will need.
        let bar = LogInSimulation.Bar(try #require(results[.weightedRandom]))
        let (missed, least) = (bar.missed(by: ours), bar.missed(by: try #require(results[.noForesight])))
        #expect(missed.count <= least.count + 3, "\(missed) \(least)")
        // Among the first of the day, with a few people on each server.
        let far = try Self.far(results)
        #expect(far.count <= 15 && far.allSatisfy { $0 < 20 }, "\(far)")
    }

    @Test(arguments: isSample ? [4] : [2, 4, 5] as [UInt64])
    func `servers that claim to be empty are not flooded`(seed: UInt64) throws {
        let results = Self.run { ($0.seed, $0.liarCount) = (seed, 3) }
        let hard = try Self.hard(results).sorted()
        #expect((hard.last ?? 9) <= 1.2 && hard[hard.count / 2] <= 1.06, "\(hard.last ?? 0)")
        #expect(results[.roost]?.overfilled == 0 && results[.roost]?.refused == 0)
    }

    @Test func `the bar counts bursts where weighted random is far off`() {
        func result(_ strategy: LogInSimulation.Strategy, _ imbalances: [Double]) -> LogInSimulation.Result {
            .init(strategy: strategy, imbalances: imbalances, overfilled: 0, refused: 0)
        }
        let bar = LogInSimulation.Bar(result(.weightedRandom, [1.5, 1.51, 3, 2]))
        #expect(bar.bursts == [1, 2, 3])
        #expect(bar.missed(by: result(.roost, [2, 1.1, 1.11, 1])) == [2])
        let (ours, ideal) = (result(.roost, [2, 1.12, 1.2, 1.1]), result(.ideal, [1, 1.1, 1.1, 1]))
        #expect(bar.missed(by: ours) == [1, 2] && bar.missed(by: ours, beside: ideal) == [2])
    }

    @Test func `a seed gives the same day again, and one server is a day, too`() {
        var simulation = LogInSimulation()
        (simulation.logInCount, simulation.serverCount) = (500, 5)
        #expect(simulation.run() == simulation.run())
        simulation.serverCount = 1
        for result in simulation.run() { #expect(result.imbalances.allSatisfy { $0 == 1 }) }
    }
}
