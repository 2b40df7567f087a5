import API
import Fleet
import Foundation
import HTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NetworkErrors
import Sealing
import Synchronization

/// Notifies web hooks of events, in order, with retries and signatures.
///
/// A hook that does not answer does not hold up others; its queue is bounded, and the oldest events are dropped first.
final class WebHookSender: Sendable {
    /// Seconds before each further attempt.
    static let pauses: [Double] = [1, 5, 30, 120, 600]
    private static let queueLimit = 1_000
    private static let limits = HTTPClientLimits(whole: .seconds(10))

    /// The result of the last delivery to a hook.
    struct Outcome: Sendable {
        /// Seconds since 1970.
        var at: Int
        /// `200`, or why there was no answer.
        var text: String
        var isGood: Bool
    }

    private let fleet: LiveFleet
    private let logger: Logger
    private let http = HTTPClient()
    private let outcomes = Mutex<[Int: Outcome]>([:])
    /// One task per hook, and whether sending has ended.
    private let running = Mutex<(tasks: [Int: Task<Void, Never>], isOver: Bool)>(([:], false))

    init(fleet: LiveFleet, logger: Logger) {
        self.fleet = fleet
        self.logger = logger
    }

    func outcome(of hook: Int) -> Outcome? { outcomes.withLock { $0[hook] } }

    /// Delivers events from now on to a hook, in its own task.
    func begin(_ hook: WebHook) {
        running.withLock { running in
            guard running.tasks[hook.id] == nil, !running.isOver,
                let events = fleet.events.listen(bufferLimit: Self.queueLimit)
            else { return }
            // Numbers are given again.
            outcomes.withLock { $0[hook.id] = nil }
            running.tasks[hook.id] = Task { await deliver(events, to: hook) }
        }
    }

    /// The hook was removed: nothing more is sent.
    func end(_ hook: Int) { running.withLock { $0.tasks.removeValue(forKey: hook) }?.cancel() }

    /// Delivers to the hooks of the store until cancelled.
    func run() async throws {
        for hook in try await fleet.store.webHooks() { begin(hook) }
        defer {
            running.withLock { running in
                running.isOver = true
                for task in running.tasks.values { task.cancel() }
            }
        }
        // Ends only by cancellation.
        try? await Task.sleep(for: .seconds(Int32.max))
    }

    private func deliver(_ events: AsyncStream<EventHub.Numbered>, to hook: WebHook) async {
        for await numbered in events {
            guard let event = numbered.event, wants(hook, event) else { continue }
            await deliver(event, number: numbered.number, to: hook)
            if Task.isCancelled { return }
        }
    }

    private func wants(_ hook: WebHook, _ event: ServerEvent) -> Bool {
        guard hook.kinds.isEmpty || hook.kinds.contains(event.kind.rawValue) else { return false }
        return event.group.map { hook.group.contains($0) } ?? (hook.group == .site)
    }

    private func deliver(_ event: ServerEvent, number: Int, to hook: WebHook) async {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let body = try? encoder.encode(event) else { return }
        for attempt in 0...Self.pauses.count {
            let outcome = await attemptDelivery(body, event, number: number, to: hook)
            if Task.isCancelled { return }
            outcomes.withLock { $0[hook.id] = outcome }
            if outcome.isGood { return }
            guard attempt < Self.pauses.count else {
                logger.error("web hook \(hook.id) gave up on event \(number): \(outcome.text)")
                return
            }
            do { try await Task.sleep(for: .seconds(Self.pauses[attempt])) } catch { return }
        }
    }

    private func attemptDelivery(_ body: Data, _ event: ServerEvent, number: Int, to hook: WebHook) async
        -> Outcome
    {
        let time = Clock.second
        guard !hook.place.isEmpty else {
            return Outcome(
                at: time, text: "its address is sealed with another key: remove it, and add it again",
                isGood: false)
        }
        var request = HTTPClientRequest(url: hook.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "roost")
        request.headers.add(name: "X-Roost-Event", value: event.kind.rawValue)
        request.headers.add(name: "X-Roost-Delivery", value: String(number))
        request.headers.add(name: "X-Roost-Time", value: String(time))
        request.headers.add(
            name: "X-Roost-Signature", value: Self.signature(of: body, at: time, secret: hook.secret))
        request.body = ByteBuffer(bytes: body)
        do {
            let answer = try await http.execute(request, within: Self.limits)
            let isGood = (200..<300).contains(answer.status)
            return Outcome(at: time, text: answer.statusText, isGood: isGood)
        } catch {
            return Outcome(at: time, text: ErrorText.of(error), isGood: false)
        }
    }

    /// `sha256=` and the HMAC of the time, a full stop and the body: an old delivery cannot be replayed as a new one.
    static func signature(of body: Data, at second: Int, secret: String) -> String {
        let code = Hashing.hmac(of: Array("\(second).".utf8) + body, key: Array(secret.utf8))
        return "sha256=" + Hashing.hexadecimal(code)
    }
}
