import Fleet
import Hummingbird

/// Routes that say what leave they need: a route without one cannot be written.
struct Routes {
    typealias Handler<Answer> = @Sendable (Request, CenterContext, Caller) async throws -> Answer

    /// Hears of each route, with its method, path and permission.
    typealias Noting = (HTTPRequest.Method, RouterPath, Permission) -> Void

    let group: RouterGroup<CenterContext>
    var noting: Noting = { _, _, _ in }

    init(group: RouterGroup<CenterContext>, noting: @escaping Noting = { _, _, _ in }) {
        self.group = group
        self.noting = noting
    }

    /// Everything below `/api/v1`.
    func addAPI(_ services: CenterServices) {
        FleetRoutes(services: services).add(to: self)
        NodeRoutes(services: services).add(to: self)
        ImportRoutes(services: services).add(to: self)
        ImageRoutes(services: services).add(to: self)
        VersionRoutes(services: services).add(to: self)
        ReplicationRoutes(services: services).add(to: self)
        BuildRoutes(services: services).add(to: self)
        BootTestRoutes(services: services).add(to: self)
        VolumeRoutes(services: services).add(to: self)
        RolloutRoutes(services: services).add(to: self)
        NodeActionRoutes(services: services).add(to: self)
        HistoryRoutes(services: services).add(to: self)
        AccessRoutes(services: services).add(to: self)
        EventRoutes(services: services).add(to: self)
        WebHookRoutes(services: services).add(to: self)
    }

    func get(
        _ path: RouterPath, _ permission: Permission, _ handler: @escaping Handler<some ResponseGenerator>
    ) {
        add(path, .get, permission, handler)
    }

    func post(
        _ path: RouterPath, _ permission: Permission, _ handler: @escaping Handler<some ResponseGenerator>
    ) {
        add(path, .post, permission, handler)
    }

    func put(
        _ path: RouterPath, _ permission: Permission, _ handler: @escaping Handler<some ResponseGenerator>
    ) {
        add(path, .put, permission, handler)
    }

    func patch(
        _ path: RouterPath, _ permission: Permission, _ handler: @escaping Handler<some ResponseGenerator>
    ) {
        add(path, .patch, permission, handler)
    }

    func delete(
        _ path: RouterPath, _ permission: Permission, _ handler: @escaping Handler<some ResponseGenerator>
    ) {
        add(path, .delete, permission, handler)
    }

    private func add(
        _ path: RouterPath, _ method: HTTPRequest.Method, _ permission: Permission,
        _ handler: @escaping Handler<some ResponseGenerator>
    ) {
        noting(method, path, permission)
        group.on(path, method: method) { request, context in
            try await handler(request, context, context.caller(permission))
        }
    }
}
