import API
import Fleet
import Testing

@testable import Center

/// The pages of settings, secrets, rules, access and files, and the first steps.
@Suite struct ConfigurationPageTests {
    private static let words = PageViewTests.words

    // MARK: First steps

    private func firstSteps(ready: Int, hasComeUp: Bool = true, images: [String] = ["tiny"]) throws -> String
    {
        let steps = Acts.FirstSteps(
            roles: [], networks: [], images: try images.map { try ImageName($0) }, readyCount: ready,
            ready: ready > 0 ? try NodeName("office-01") : nil, hasComeUp: hasComeUp, booting: [], unknown: []
        )
        let facts = WizardView.Facts(steps: steps, builds: [], canBuild: false, suite: "bookworm")
        return try PageViewTests.shown(WizardView(facts, mayPublish: true, mayEdit: true, Self.words))
    }

    @Test func `the first steps count the machines that are ready, and name a single one`() throws {
        #expect(try firstSteps(ready: 271).contains(">271 machines are ready.<"))
        #expect(try firstSteps(ready: 1).contains(">office-01 is ready.<"))
        #expect(try firstSteps(ready: 0).contains("none is ready now"))
        #expect(try firstSteps(ready: 0, hasComeUp: false).contains("Switch a machine on"))
        #expect(try firstSteps(ready: 1).contains(">The image tiny is published.<"))
        #expect(
            try firstSteps(ready: 1, images: ["tiny", "debian"]).contains(
                ">2 images are published: debian, tiny<"))
    }

    @Test func `the first steps look at all nodes, not at a page of them`() async throws {
        let fleet = try await SmallFleet()
        let acts = Acts(
            services: fleet.services,
            caller: Caller(name: "ann", grants: [Grant(.admin, in: .site)], proof: .token(1)))
        let (steps, figures) = (try await acts.firstSteps(), try await acts.figures())
        #expect(steps.readyCount == figures.states[.ready])
        #expect(steps.booting.count <= 10)
    }
}
