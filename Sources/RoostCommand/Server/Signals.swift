import Dispatch
import Glibc

/// SIGTERM and SIGINT end the server, SIGHUP reloads it.
final class Signals: @unchecked Sendable {
    // Sendable: nothing changes after the initialiser; the sources are only kept.
    private enum Event { case end, reload }
    private let events: AsyncStream<Event>
    private let sources: [any DispatchSourceSignal]

    init() {
        let (stream, send) = AsyncStream.makeStream(of: Event.self)
        events = stream
        sources = [(SIGTERM, Event.end), (SIGINT, .end), (SIGHUP, .reload)].map { number, event in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { send.yield(event) }
            source.resume()
            return source
        }
    }

    func waitForEnd(reload: () async -> Void) async {
        for await event in events {
            switch event {
            case .end: return
            case .reload: await reload()
            }
        }
    }
}
