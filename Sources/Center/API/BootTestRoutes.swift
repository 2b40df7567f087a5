import API
import Fleet
import Hummingbird

/// Boot tests of versions in a virtual machine, on the caller's host or on the server's.
struct BootTestRoutes {
    func add(to api: Routes) {
        api.post("images/:name/versions/:version/boot-tests", .publish) { request, context, acts in
            let wish = try await request.decoded(BootTestRequest.self)
            return try await JSONAnswer(
                acts.beginBootTest(wish, of: context.imageName(), context.parameter("version")),
                status: .created)
        }
        api.post("images/:name/versions/:version/boot-tests/on-server", .publish) { request, context, acts in
            let wish = try await request.decoded(ServerBootTestRequest.self)
            return try await JSONAnswer(
                BuildAnswer(acts.startBootTest(wish, of: context.imageName(), context.parameter("version"))),
                status: .accepted)
        }
        api.put("images/:name/versions/:version/boot-test", .publish) { request, context, acts in
            let report = try await request.decoded(BootTestReport.self, isTolerant: true)
            return try await JSONAnswer(
                acts.endBootTest(report, of: context.imageName(), context.parameter("version")))
        }
        api.get("images/:name/versions/:version/boot-test", .read) { _, context, acts in
            let version = try acts.version(context.parameter("version"), of: context.imageName())
            guard let test = try await acts.bootTest(of: version.image, version.number) else {
                throw StoreError.notFound(
                    "\(version.image)@\(version.number) was never tested (roost image boot-test \(version.image)@\(version.number))"
                )
            }
            return try JSONAnswer(test)
        }
    }
}
