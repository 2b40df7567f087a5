import API
import Fleet
import Hummingbird

/// Builds of images on the server's host.
struct BuildRoutes {
    func add(to api: Routes) {
        api.post("images/:name/builds", .publish) { request, context, acts in
            let build = try await acts.startBuild(of: context.imageName(), request.decoded())
            return try JSONAnswer(BuildAnswer(build), status: .accepted)
        }
        api.get("builds", .read) { _, _, acts in
            try await JSONAnswer(acts.builds().map { BuildAnswer($0) })
        }
        api.get("builds/:id", .read) { request, context, acts in
            let after = request.query("after").flatMap(Int.init) ?? 0
            return try await JSONAnswer(
                BuildAnswer(acts.build(Self.id(context)), linesAfter: max(0, after)))
        }
        api.delete("builds/:id", .publish) { _, context, acts in
            try await acts.cancelBuild(Self.id(context))
            return HTTPResponse.Status.noContent
        }
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
