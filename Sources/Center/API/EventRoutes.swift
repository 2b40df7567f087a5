import API
import Fleet
import Foundation
import Hummingbird
import NIOCore

/// Events as they happen (Server-Sent Events, HTML Living Standard §9.2).
struct EventRoutes {
    func add(to api: Routes) {
        api.get("events", .read) { _, context, acts in
            let messages = try acts.listen(from: context.address, recheck: context.recheck).compactMap {
                Self.message($0.event, number: $0.number)
            }
            return Response.eventStream(messages)
        }
    }

    /// The text of an event.
    private static func message(_ event: ServerEvent?, number: Int) -> ByteBuffer? {
        guard let event else { return EventStreamText.pulse.buffer }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(event) else { return nil }
        return EventStreamText(event.kind, number: number, json: data).buffer
    }
}
