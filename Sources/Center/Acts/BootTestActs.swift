import API
import Fleet

/// Boot tests of versions in a virtual machine, on the caller's host or on the server's.
extension Acts {
    /// The result of a version's last boot test; nil when it was never tested.
    func bootTest(of name: ImageName, _ number: Int) async throws -> BootTest? {
        try require(.read)
        return try await store.bootTest(of: name, number)
    }

    /// Opens a boot for the caller's machine.
    func beginBootTest(_ wish: BootTestRequest, of name: ImageName, _ wanted: String) async throws
        -> BootTestAnswer
    {
        try require(.publish, in: .site)
        return try await services.bootTests.begin(
            Self.version(wanted, of: image(name)), within: wish.withinSeconds)
    }

    /// Takes the caller's report; what the machine itself reported takes precedence.
    func endBootTest(_ report: BootTestReport, of name: ImageName, _ wanted: String) async throws -> BootTest
    {
        try require(.publish, in: .site)
        return try await services.bootTests.end(report, Self.version(wanted, of: image(name)))
    }

    /// Boots a version on the server's host; on success the channel, if any, moves to it.
    func startBootTest(_ wish: ServerBootTestRequest, of name: ImageName, _ wanted: String) async throws
        -> ImageBuilds.Build
    {
        try require(.publish, in: .site)
        return try await services.builds.test(
            Self.version(wanted, of: image(name)), within: wish.withinSeconds, thenPromoteTo: wish.promoteTo,
            by: caller.name, maker())
    }
}
