import API
import Fleet
import Glibc
import NIOCore
import Testing

@testable import Center

/// Events for listeners, and addresses that pages cannot be served on.
@Suite struct EventHubTests {
    private static func event(_ number: Int) -> ServerEvent { ServerEvent(kind: .boot, text: "\(number)") }

    @Test func `a slow listener loses the oldest events, and sees it by their numbers`() async throws {
        let hub = EventHub()
        let stream = hub.listen(bufferLimit: 3)
        for number in 1...10 { hub.publish(Self.event(number)) }
        var (numbers, texts, events) = ([Int](), [String](), stream.makeAsyncIterator())
        while numbers.count < 3, let next = await events.next() {
            numbers.append(next.number)
            texts.append(next.event?.text ?? "")
        }
        #expect(numbers == [8, 9, 10] && texts == ["8", "9", "10"])
    }

    @Test(.timeLimit(.minutes(10))) func `a listener begins with a pulse, and is forgotten when it leaves`()
        async throws
    {
        let hub = EventHub()
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        do {
            let stream = try hub.listen(as: "anna") { end.yield() }
            #expect(hub.listenerCount == 1)
            var events = stream.makeAsyncIterator()
            let first = await events.next()
            #expect(first?.number == 0 && first?.event == nil)
            hub.publish(Self.event(1))
            #expect(await events.next()?.event?.text == "1")
        }
        for await _ in ended { break }
        #expect(hub.listenerCount == 0)
    }

    @Test func `too many listeners from outside are refused, and the server's own find room`() throws {
        let hub = EventHub()
        let guests = (0..<EventHub.listenerLimit / EventHub.shareLimit).map { "account \($0)" }
        var streams = try guests.flatMap { guest in
            try (0..<EventHub.shareLimit).map { _ in try hub.listen(as: guest, bufferLimit: 1) }
        }
        #expect(throws: EventHub.Refusal.all) { try hub.listen(as: "anna") }
        streams.append(hub.listen(bufferLimit: 1))
        #expect(hub.listenerCount == EventHub.listenerLimit + 1)
    }

    /// To be told something and to be cancelled at one moment must not wait for each other.
    // Each turn suspends, and then all other tests have theirs.
    @Test(.timeLimit(.minutes(10)))
    func `listeners leave while events come`() async throws {
        let hub = EventHub()
        let publisher = Task {
            while !Task.isCancelled {
                hub.publish(Self.event(1))
                await Task.yield()
            }
        }
        for _ in 0..<500 {
            let events = hub.listen()
            let listener = Task { for await _ in events {} }
            await Task.yield()
            listener.cancel()
            await listener.value
        }
        publisher.cancel()
        await publisher.value
        #expect(hub.listenerCount == 0)
    }

    @Test(.timeLimit(.minutes(10)))
    func `an account takes its share, and no more until it has left one`() async throws {
        let hub = EventHub()
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        var last: AsyncStream<EventHub.Numbered>? = try hub.listen(as: "anna", bufferLimit: 1) { end.yield() }
        let streams = try (1..<EventHub.shareLimit).map { _ in try hub.listen(as: "anna", bufferLimit: 1) }
        #expect(throws: EventHub.Refusal.share) { try hub.listen(as: "anna") }
        let other = try hub.listen(as: "ben")
        #expect(last != nil)
        last = nil
        for await _ in ended { break }
        let next = try hub.listen(as: "anna")
        #expect(throws: EventHub.Refusal.share) { try hub.listen(as: "anna") }
        #expect(hub.listenerCount == streams.count + 2)
        withExtendedLifetime((streams, other, next)) {}
    }

    @Test(arguments: [
        (EADDRINUSE, "another program listens there"), (EADDRNOTAVAIL, "does not have the address"),
        (EACCES, "may not listen there"),
    ])
    func `why pages cannot be served is said`(number: Int32, text: String) throws {
        let address = CenterAddress(host: "10.77.0.1", port: 8443, certificate: nil)
        let problem = try #require(CannotListen(at: address, IOError(errnoCode: number, reason: "bind")))
        #expect(problem.description.hasPrefix("center: cannot listen on "))
        #expect(problem.description.contains("10.77.0.1:8443: ") && problem.description.contains(text))
        #expect(CannotListen(at: address, IOError(errnoCode: EIO, reason: "bind")) == nil)
        #expect(CannotListen(at: address, StoreError.notFound("")) == nil)
    }
}
