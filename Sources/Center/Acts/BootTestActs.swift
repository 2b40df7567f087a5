import API
import Fleet

/// Versions that are booted in a virtual machine before they are shipped, the caller's or one on the server's host.
extension Acts {
    /// How a version's last boot test went; nil when it was never tested.
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

    /// Takes the caller's report, and keeps what the machine itself has told.
    func endBootTest(_ report: BootTestReport, of name: ImageName, _ wanted: String) async throws -> BootTest
    {
        try require(.publish, in: .site)
        return try await services.bootTests.end(report, Self.version(wanted, of: image(name)))
    }

    /// Has the server's host boot a version; the channel, if any, moves there when that has gone well.
    func startBootTest(_ wish: ServerBootTestRequest, of name: ImageName, _ wanted: String) async throws
        -> ImageBuilds.Build
    {
        try require(.publish, in: .site)
        return try await services.builds.test(
            Self.version(wanted, of: image(name)), within: wish.withinSeconds, thenPromoteTo: wish.promoteTo,
            by: caller.name)
    }
}
