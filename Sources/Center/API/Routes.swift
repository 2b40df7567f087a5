import Fleet
import Hummingbird

/// Routes, each with the permission that it needs: a route without one cannot be written. A caller who has the permission nowhere is
/// refused before the request is read; the acts, a handler's only access, check it for the place in question.
struct Routes {
    typealias Handler<Answer> = @Sendable (Request, CenterContext, Acts) async throws -> Answer

    /// Called for each route, with its method, path and permission.
    typealias Noting = (HTTPRequest.Method, RouterPath, Permission) -> Void

    let group: RouterGroup<CenterContext>
    let door: Door
    var noting: Noting = { _, _, _ in }

    init(group: RouterGroup<CenterContext>, door: Door, noting: @escaping Noting = { _, _, _ in }) {
        self.group = group
        self.door = door
        self.noting = noting
    }

    /// Everything below `/api/v1`.
    func addAPI() {
        FleetRoutes().add(to: self)
        NetworkRoutes().add(to: self)
        KeptFileRoutes().add(to: self)
        NodeRoutes().add(to: self)
        ImageRoutes().add(to: self)
        VersionRoutes().add(to: self)
        ReplicationRoutes().add(to: self)
        BuildRoutes().add(to: self)
        BootTestRoutes().add(to: self)
        VolumeRoutes().add(to: self)
        RolloutRoutes().add(to: self)
        HistoryRoutes().add(to: self)
        AccessRoutes().add(to: self)
        EventRoutes().add(to: self)
        BoardRoutes().add(to: self)
        WebHookRoutes().add(to: self)
        SecretRoutes().add(to: self)
        FileRoutes().add(to: self)
        TPMRoutes().add(to: self)
        DeclarationRoutes().add(to: self)
        AgentRoutes().add(to: self)
        TerminalRoutes().add(to: self)
        AccountRoutes().add(to: self)
        ScheduleRoutes().add(to: self)
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
        group.on(path, method: method) { [door] request, context in
            let acts = door.acts(of: try context.caller(permission))
            guard method == .get else {
                return try await handler(request, context, acts).response(from: request, context: context)
            }
            return try await acts.inTurn {
                try await handler(request, context, acts).response(from: request, context: context)
            }
        }
    }
}
