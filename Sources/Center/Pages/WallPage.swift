import API
import Fleet
import Foundation
import Hummingbird
import NIOCore

/// A wall board of a room: names and states in one group, for holders of its link, without a log-in.
struct WallPage {
    let pages: Pages
    let door: Door

    func add(to router: RouterGroup<CenterContext>) {
        router.get("wall") { request, context in try await show(request, context) }
        router.get("wall/events") { request, context in
            // Only that something happened: the page then requests what it may show.
            let messages = try await board(request).listen(from: context.address).map { numbered in
                numbered.event.map { EventStreamText($0.kind, json: Data("{}".utf8)).buffer }
                    ?? EventStreamText.pulse.buffer
            }
            return Response.eventStream(messages)
        }
    }

    private func board(_ request: Request) async throws -> WallBoard {
        try await door.wall(key: request.query("key") ?? "")
    }

    private func show(_ request: Request, _ context: CenterContext) async throws -> Response {
        let board = try await board(request)
        return try await board.inTurn {
            let view = WallView(
                board.group, await board.nodes(), query: request.uri.query ?? "",
                pages.renderer.words(context))
            return try pages.renderer.page(
                view, PageRenderer.Frame(title: "Wall board", hasMenu: false), request: request,
                context: context)
        }
    }
}
