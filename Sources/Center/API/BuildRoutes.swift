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
                BuildAnswer(acts.build(context.number("id", of: "build")), linesAfter: max(0, after)))
        }
        api.delete("builds/:id", .publish) { _, context, acts in
            try await acts.cancelBuild(context.number("id", of: "build"))
            return HTTPResponse.Status.noContent
        }
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
