import API
import Fleet
import Foundation
import Hummingbird
import NIOCore
import Sealing
import Wire

/// A board for the wall of a room: names and states of one group, for whoever has its link, without a log-in.
struct WallPage {
    private static let nodeLimit = 500

    let pages: Pages

    func add(to router: RouterGroup<CenterContext>) {
        router.get("wall") { request, context in try await show(request, context) }
        router.get("wall/events") { request, context in
            let group = try group(request)
            let events = try pages.services.events(for: context.address)
            // Only that something happened there: the page asks again for what it may show.
            let messages = events.compactMap { numbered -> ByteBuffer? in
                guard let event = numbered.event else { return EventStreamText.pulse.buffer }
                guard event.group.map({ group.contains($0) }) ?? false else { return nil }
                return EventStreamText(event.kind, json: Data("{}".utf8)).buffer
            }
            return Response(
                status: .ok,
                headers: [
                    .contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no",
                ],
                body: ResponseBody(asyncSequence: messages))
        }
    }

    /// The link that opens a group's board: it names the group and proves that an administrator gave it out.
    static func link(_ group: GroupPath, secret: String) -> String {
        "/wall?group=\(Escape.component(group.description))&key=\(key(group, secret))"
    }

    private static func key(_ group: GroupPath, _ secret: String) -> String {
        let code = Hashing.hmac(of: Array("wall \(group)".utf8), key: Array(secret.utf8))
        return Hashing.hexadecimal(code.prefix(16))
    }

    private func group(_ request: Request) throws -> GroupPath {
        let group = try GroupPath(request.query("group") ?? "/")
        guard Secrets.isEqual(request.query("key") ?? "", Self.key(group, pages.services.wallSecret)) else {
            throw Problem(
                403, "Forbidden", "this link opens no board; the page of the group has the right one")
        }
        return group
    }

    private func show(_ request: Request, _ context: CenterContext) async throws -> Response {
        let group = try group(request)
        let words = pages.renderer.words(context)
        let (snapshot, now) = (pages.fleet.snapshot, Clock.millisecond)
        let boots = pages.fleet.boots
        var counts: [MachineState: Int] = [:]
        let nodes = snapshot.nodes(below: group).prefix(Self.nodeLimit).map { node -> [String: Any] in
            let boot = snapshot.cards(of: node).lazy.compactMap { boots[$0] }.max {
                $0.startedAt < $1.startedAt
            }
            let state = MachineState(boot, now: now)
            counts[state, default: 0] += 1
            return ["name": node.name.text, "kind": state.rawValue, "state": words(state.rawValue)]
        }
        let query = request.uri.query ?? ""
        let fields: [String: Any] = [
            "heading": group == .site ? words("Site") : group.description, "nodes": nodes,
            "ready": counts[.ready] ?? 0, "booting": counts[.booting] ?? 0,
            "failed": (counts[.failed] ?? 0) + (counts[.stuck] ?? 0), "events": "/wall/events?\(query)",
        ]
        return try pages.renderer.page(
            "wall", PageRenderer.Frame(title: "Wall board", hasMenu: false), fields, request: request,
            context: context)
    }
}
