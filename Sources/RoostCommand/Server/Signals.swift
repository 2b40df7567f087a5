import Glibc

/// SIGTERM and SIGINT end the server, SIGHUP reloads it.
struct Signals {
    private let numbers: AsyncStream<Int32>

    init() {
        let (stream, send) = AsyncStream.makeStream(of: Int32.self)
        numbers = stream
        ProcessSignals.note([SIGTERM, SIGINT, SIGHUP]) { send.yield($0) }
    }

    func waitForEnd(reload: () async -> Void) async {
        for await number in numbers {
            guard number == SIGHUP else { return }
            await reload()
        }
    }
}
