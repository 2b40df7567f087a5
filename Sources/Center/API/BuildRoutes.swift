import API
import Fleet
import Hummingbird

/// Builds of images on the server's host.
struct BuildRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        api.post("images/:name/builds", .publish) { request, context, caller in
            let wish = try await request.decoded(BuildRequest.self)
            let build = try await start(ImageName(context.parameter("name")), wish, caller)
            return try JSONAnswer(BuildAnswer(build), status: .accepted)
        }
        api.get("builds", .read) { _, _, _ in
            try await JSONAnswer(services.builds.all.map { BuildAnswer($0) })
        }
        api.get("builds/:id", .read) { request, context, _ in
            let after = request.query("after").flatMap(Int.init) ?? 0
            return try await JSONAnswer(
                BuildAnswer(services.builds.build(Self.id(context)), linesAfter: max(0, after)))
        }
        api.delete("builds/:id", .publish) { _, context, caller in
            try await cancel(Self.id(context), caller)
            return HTTPResponse.Status.noContent
        }
    }

    func start(_ image: ImageName, _ wish: BuildRequest, _ caller: Caller) async throws -> ImageBuilds.Build {
        try caller.require(.publish, in: .site)
        return try await services.builds.start(
            image, suite: wish.suite, packages: wish.packages ?? [], by: caller.name)
    }

    func cancel(_ id: Int, _ caller: Caller) async throws {
        try caller.require(.publish, in: .site)
        try await services.builds.cancel(id)
    }

    static func id(_ context: CenterContext) throws -> Int {
        let text = try context.parameter("id")
        guard let id = Int(text) else {
            throw Problem(422, "Invalid number", "‘\(text)’ is not the number of a build")
        }
        return id
    }
}

extension BuildAnswer {
    init(_ build: ImageBuilds.Build, linesAfter: Int? = nil) {
        self.init(
            id: build.id, image: build.order.image, suite: build.order.suite, packages: build.order.packages,
            tested: build.test?.version.number, by: build.by, state: build.state, startedAt: build.startedAt,
            endedAt: build.endedAt, version: build.version, failure: build.failure,
            lineCount: build.droppedLineCount + build.lines.count,
            lines: linesAfter.map { Array(build.lines.dropFirst(max(0, $0 - build.droppedLineCount))) })
    }
}
