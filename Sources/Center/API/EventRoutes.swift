import API
import Fleet
import Foundation
import Hummingbird
import NIOCore

extension CenterServices {
    /// Events for one listener at an address.
    func events(for address: String) throws -> AsyncStream<EventHub.Numbered> {
        guard let place = limits.takeStream(from: address) else {
            throw Problem(
                503, "Too many listeners",
                "at most \(CenterLimits.connectionLimit) streams of events for one address", retryAfter: 30)
        }
        guard let events = fleet.events.listen(ended: { [limits] in limits.release(place) }) else {
            limits.release(place)
            throw Problem(
                503, "Too many listeners", "\(EventHub.listenerLimit) listen already", retryAfter: 30)
        }
        return events
    }
}

/// Events as they happen (Server-Sent Events, HTML Living Standard §9.2).
struct EventRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        api.get("events", .read) { _, context, caller in
            let events = try services.events(for: context.address)
            let leave = Leave(caller: caller, recheck: context.recheck, fleet: services.fleet)
            let messages = events.prefix { _ in await leave.holds() }.compactMap {
                Self.message($0, for: caller)
            }
            return Response(
                status: .ok,
                headers: [
                    .contentType: "text/event-stream", .cacheControl: "no-store", .accelBuffering: "no",
                ],
                body: ResponseBody(asyncSequence: messages))
        }
    }

    /// Whether a caller may go on listening: a stream ends with the token or the log-in that opened it, and with any change of the
    /// caller's roles. Browsers open another one by themselves.
    private actor Leave {
        /// Seconds after which it is asked again although nothing has changed: tokens and log-ins expire.
        private static let patience = 60

        private let caller: Caller
        private let recheck: (@Sendable () async throws -> Caller?)?
        private let fleet: LiveFleet
        private var revision: Int
        private var checkedAt = Clock.steadySecond

        init(caller: Caller, recheck: (@Sendable () async throws -> Caller?)?, fleet: LiveFleet) {
            (self.caller, self.recheck, self.fleet) = (caller, recheck, fleet)
            revision = fleet.snapshot.revision
        }

        func holds() async -> Bool {
            guard let recheck else { return true }
            let (revision, now) = (fleet.snapshot.revision, Clock.steadySecond)
            guard revision != self.revision || now - checkedAt >= Self.patience else { return true }
            (self.revision, checkedAt) = (revision, now)
            return (try? await recheck())?.grants == caller.grants
        }
    }

    /// The text of an event; nil when it is not for this caller.
    private static func message(_ numbered: EventHub.Numbered, for caller: Caller) -> ByteBuffer? {
        guard let event = numbered.event else { return EventStreamText.pulse.buffer }
        guard caller.sees(event.group) else { return nil }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(event) else { return nil }
        return EventStreamText(event.kind, number: numbered.number, json: data).buffer
    }
}
