import Linux
import Testing

extension EndToEnd.Servers {
    /// The state after the program is ended while it makes something durable: everything acknowledged, nothing half done.
    @Suite struct KillPointTests {
        private let lab = KillPointLab()

        @Test func `every point has one scenario, and every scenario has points`() throws {
            // Moments of log-ins take terminal servers: TerminalCrashTests.
            let moments = Set(LogInMoment.allCases.map(\.rawValue))
            let points = try KillPointLab.points.get()
            #expect(moments.isSubset(of: points))
            for point in points where !moments.contains(point) {
                #expect(KillPointLab.Scenario.allCases.filter { $0.covers(point) }.count == 1, "\(point)")
            }
            for scenario in KillPointLab.Scenario.allCases {
                #expect(try !lab.points(of: scenario).isEmpty)
            }
        }

        @Test(
            arguments: KillPointLab.Scenario.allCases.filter {
                !KillPointLab.Scenario.ofImages.contains($0)
            })
        func `killed before each step, it continues with everything acknowledged and nothing half done`(
            _ scenario: KillPointLab.Scenario
        ) async throws { try await lab.kill(at: scenario) }
    }
}
