import API
import Fleet
import Hummingbird
import Wire

/// What nodes are asked to do, and allowed to do again.
struct NodeActionRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        api.post("nodes/:name/release", .configure) { _, context, caller in
            try await release(context.parameter("name"), caller)
            return HTTPResponse.Status.noContent
        }
        api.delete("nodes/:name/alarm", .enrol) { _, context, caller in
            try dismissAlarm(context.parameter("name"), caller)
            return HTTPResponse.Status.noContent
        }
        api.post("nodes/:name/restart", .enrol) { _, context, caller in
            try await restart(context.parameter("name"), caller)
            return HTTPResponse.Status.accepted
        }
    }

    /// Asks a node that is ready to restart; it hears of it within seconds.
    func restart(_ name: String, _ caller: Caller) async throws {
        let snapshot = services.fleet.snapshot
        let node = try FleetViews.find(name, in: snapshot)
        try caller.require(.enrol, in: node.group)
        let boots = snapshot.cards(of: node).compactMap { services.fleet.boot(of: $0) }
        guard let boot = boots.max(by: { $0.startedAt < $1.startedAt }), boot.readyAfter != nil else {
            throw StoreError.conflict(
                "node \(node.name) is not up: there is nothing on it that could restart it")
        }
        await services.restart([boot.macAddress])
        services.fleet.events.publish(
            ServerEvent(
                kind: .boot, node: node.name, group: node.group, machine: boot.macAddress,
                text: "\(caller.name) asks it to restart"))
    }

    /// Clears a node's alarm.
    func dismissAlarm(_ name: String, _ caller: Caller) throws {
        let node = try FleetViews.find(name, in: services.fleet.snapshot)
        try caller.require(.enrol, in: node.group)
        services.fleet.dismissAlarm(of: node)
    }

    /// - Parameter text: a node's name, or the hardware address of any machine.
    func release(_ text: String, _ caller: Caller) async throws {
        let snapshot = services.fleet.snapshot
        let machine = MACAddress(text)
        let node = snapshot.node(at: machine) ?? (try? NodeName(text)).flatMap { snapshot.nodes[$0] }
        if let node {
            try caller.require(.configure, in: node.group)
            try await services.fleet.release(snapshot.cards(of: node))
        } else if let machine {
            try caller.require(.configure, in: .site)
            try await services.fleet.release([machine])
        } else {
            throw StoreError.notFound("there is no node ‘\(text)’")
        }
    }
}
