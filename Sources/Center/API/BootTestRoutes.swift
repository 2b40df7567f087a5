import API
import Fleet
import Hummingbird
import Wire

/// Versions that are booted in a virtual machine before they are shipped, the caller's or one on the server's host.
struct BootTestRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        api.post("images/:name/versions/:version/boot-tests", .publish) { request, context, caller in
            try caller.require(.publish, in: .site)
            let wish = try await request.decoded(BootTestRequest.self)
            return try await JSONAnswer(
                services.bootTests.begin(version(context), within: wish.withinSeconds), status: .created)
        }
        api.post("images/:name/versions/:version/boot-tests/on-server", .publish) {
            request, context, caller in
            let wish = try await request.decoded(ServerBootTestRequest.self)
            return try await JSONAnswer(
                BuildAnswer(start(wish, version(context), caller)), status: .accepted)
        }
        api.put("images/:name/versions/:version/boot-test", .publish) { request, context, caller in
            try caller.require(.publish, in: .site)
            let report = try await request.decoded(BootTestReport.self)
            return try await JSONAnswer(services.bootTests.end(report, version(context)))
        }
        api.get("images/:name/versions/:version/boot-test", .read) { _, context, _ in
            let version = try version(context)
            guard let test = try await services.fleet.store.bootTest(of: version.image, version.number) else {
                throw StoreError.notFound(
                    "\(version.image)@\(version.number) was never tested (roost image boot-test \(version.image)@\(version.number))"
                )
            }
            return try JSONAnswer(test)
        }
        api.delete("machines/:mac", .configure) { _, context, caller in
            let text = try context.parameter("mac")
            guard let mac = MACAddress(text) else {
                throw Problem(422, "Invalid address", "‘\(text)’ is not a hardware address")
            }
            try caller.require(.configure, in: .site)
            try await services.fleet.forget(mac)
            return HTTPResponse.Status.noContent
        }
    }

    private func version(_ context: CenterContext) throws -> ImageVersion {
        let routes = ImageRoutes(services: services)
        return try routes.version(
            context.parameter("version"), of: routes.image(context, in: services.fleet.snapshot))
    }

    /// Has the server's host boot a version; the channel, if any, moves there when that has gone well.
    func start(
        _ wish: ServerBootTestRequest, _ version: ImageVersion, _ caller: Caller
    ) async throws -> ImageBuilds.Build {
        try caller.require(.publish, in: .site)
        return try await services.builds.test(
            version, within: wish.withinSeconds, thenPromoteTo: wish.promoteTo, by: caller.name)
    }
}
