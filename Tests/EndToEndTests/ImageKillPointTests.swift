import Testing

extension EndToEnd.Servers {
    /// The state of images, volumes and trees after the program is ended while it makes something durable.
    @Suite struct ImageKillPointTests {
        private let lab = KillPointLab()

        @Test(arguments: KillPointLab.Scenario.ofImages)
        func `killed before each step, no image, volume or tree is half done`(
            _ scenario: KillPointLab.Scenario
        ) async throws { try await lab.kill(at: scenario) }

        @Test
        func `killed at ten random moments, importer or server, the store contains complete versions only`()
            throws
        { try lab.killAtRandomMoments() }
    }
}
