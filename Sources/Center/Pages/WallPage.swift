import API
import Fleet
import Foundation
import Hummingbird
import NIOCore

/// A board for the wall of a room: names and states of one group, for whoever has its link, without a log-in.
struct WallPage {
    let pages: Pages
    let door: Door

    func add(to router: RouterGroup<CenterContext>) {
        router.get("wall") { request, context in try await show(request, context) }
        router.get("wall/events") { request, _ in
            // Only that something happened there: the page asks again for what it may show.
            let messages = try board(request).listen().map { numbered in
                numbered.event.map { EventStreamText($0.kind, json: Data("{}".utf8)).buffer }
                    ?? EventStreamText.pulse.buffer
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
    static func link(_ group: GroupPath, key: String) -> String {
        "/wall?group=\(Escape.component(group.description))&key=\(key)"
    }

    private func board(_ request: Request) throws -> WallBoard {
        try door.wall(of: GroupPath(request.query("group") ?? "/"), key: request.query("key") ?? "")
    }

    private func show(_ request: Request, _ context: CenterContext) async throws -> Response {
        let board = try board(request)
        let (group, words) = (board.group, pages.renderer.words(context))
        var counts: [MachineState: Int] = [:]
        let nodes = board.nodes().map { name, state -> [String: Any] in
            counts[state, default: 0] += 1
            return ["name": name.text, "kind": state.rawValue, "state": words(state.rawValue)]
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
