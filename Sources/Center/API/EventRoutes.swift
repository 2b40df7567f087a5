import Fleet
import Foundation
import Hummingbird
import NIOCore

/// Events as they happen (Server-Sent Events, HTML Living Standard §9.2).
struct EventRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        api.get("events", .read) { _, _, caller in
            guard let events = services.fleet.events.listen() else {
                throw Problem(
                    503, "Too many listeners", "\(EventHub.listenerLimit) listen already", retryAfter: 30)
            }
            let messages = events.compactMap { Self.message($0, for: caller) }
            return Response(
                status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"],
                body: ResponseBody(asyncSequence: messages))
        }
    }

    /// The text of an event; nil when it is not for this caller.
    private static func message(_ numbered: EventHub.Numbered, for caller: Caller) -> ByteBuffer? {
        guard let event = numbered.event else { return ByteBuffer(string: ": pulse\n\n") }
        guard caller.sees(event.group) else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(event) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        return ByteBuffer(string: "id: \(numbered.number)\nevent: \(event.kind.rawValue)\ndata: \(text)\n\n")
    }
}
