import API
import Fleet

/// Builds of images on the server's host, and boot tests there.
extension Acts {
    /// Whether this server can build at all.
    func canBuild() async -> Bool { await services.builds.isPossible }

    /// The newest first.
    func builds() async throws -> [ImageBuilds.Build] {
        try require(.read)
        return await services.builds.all
    }

    func build(_ id: Int) async throws -> ImageBuilds.Build {
        try require(.read)
        return try await services.builds.build(id)
    }

    func startBuild(of image: ImageName, _ wish: BuildRequest) async throws -> ImageBuilds.Build {
        try require(.publish, in: .site)
        return try await services.builds.start(
            image, suite: wish.suite, packages: wish.packages ?? [], by: caller.name, maker())
    }

    func cancelBuild(_ id: Int) async throws {
        try require(.publish, in: .site)
        try await services.builds.cancel(id)
    }
}
