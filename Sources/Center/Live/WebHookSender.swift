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
    private let outcomes = Mutex<[HookTarget.Key: Outcome]>([:])
    private let running = Mutex(Running())

    private struct Running {
        /// One task per hook.
        var tasks: [HookTarget.Key: (target: HookTarget, task: Task<Void, Never>)] = [:]
        /// The configuration whose hooks with names these are.
        var revision = -1
        /// Whether sending has ended.
        var isOver = false
    }

    init(fleet: LiveFleet, logger: Logger) {
        self.fleet = fleet
        self.logger = logger
    }

    func outcome(of hook: HookTarget.Key) -> Outcome? { outcomes.withLock { $0[hook] } }

    /// Whether a hook gets events of that kind.
    func sends(_ kind: ServerEvent.Kind) -> Bool {
        let event = ServerEvent(kind: kind, text: "")
        return running.withLock { $0.tasks.values.contains { event.isOne(of: $0.target.kinds) } }
    }

    /// Delivers events from now on to a hook, in its own task.
    func begin(_ target: HookTarget) { running.withLock { begin(target, in: &$0) } }

    private func begin(_ target: HookTarget, in running: inout Running) {
        guard running.tasks[target.key] == nil, !running.isOver else { return }
        let events = fleet.events.listen(bufferLimit: Self.queueLimit)
        // Numbers are given again.
        outcomes.withLock { $0[target.key] = nil }
        running.tasks[target.key] = (target, Task { await deliver(events, to: target) })
    }

    /// The hook was removed: nothing more is sent.
    func end(_ hook: HookTarget.Key) {
        running.withLock { $0.tasks.removeValue(forKey: hook) }?.task.cancel()
    }

    /// Delivers to the hooks of the store until cancelled.
    func run() async throws {
        let events = fleet.events.listen()
        for hook in try await fleet.store.webHooks() { begin(HookTarget(hook)) }
        await follow()
        defer {
            running.withLock { running in
                running.isOver = true
                for (_, task) in running.tasks.values { task.cancel() }
            }
        }
        for await numbered in events where numbered.event?.kind == .configuration { await follow() }
    }

    /// Takes the hooks with names of the present configuration, with the values of their secrets.
    func follow() async {
        let snapshot = fleet.snapshot
        followGroups(of: snapshot.contents.access.webHooks)
        let hooks = snapshot.contents.access.namedHooks
        guard !hooks.isEmpty || running.withLock({ $0.tasks.keys.contains(where: \.isName) }) else { return }
        do {
            var targets: [HookTarget] = []
            for hook in hooks.values {
                try await targets.append(target(hook, in: snapshot))
            }
            take(targets, of: snapshot.revision)
        } catch { logger.error("web hooks with names stay as they are: \(ErrorText.of(error))") }
    }

    private func target(_ hook: NamedHook, in snapshot: FleetSnapshot) async throws -> HookTarget {
        try await HookTarget(hook, snapshot.contents.secrets) { [store = fleet.store] name in
            try await store.value(ofSecret: name)
        }
    }

    /// Sends a test to one hook, once, as events are sent; its result is the last one of the hook.
    ///
    /// - Returns: false when there is no such hook.
    func test(_ key: HookTarget.Key) async throws -> Bool {
        let snapshot = fleet.snapshot
        let target: HookTarget?
        switch key {
        case .number(let number):
            target = try await fleet.store.webHooks().first { $0.id == number }.map { HookTarget($0) }
        case .name(let name):
            target =
                if let hook = snapshot.contents.access.namedHooks[name] {
                    try await self.target(hook, in: snapshot)
                } else { nil }
        }
        guard let target else { return false }
        let event = ServerEvent(kind: .test, text: "a test of this web hook")
        let outcome = await attemptDelivery(try Self.body(of: event), event, number: 0, to: target)
        outcomes.withLock { $0[key] = outcome }
        return true
    }

    private static func body(of event: ServerEvent) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(event)
    }

    /// A group that moves has moved its web hooks with numbers, too.
    private func followGroups(of hooks: [Int: WebHook.Record]) {
        running.withLock { running in
            for (key, (target, task)) in running.tasks {
                guard case .number(let number) = key, let group = hooks[number]?.group,
                    group != target.group
                else { continue }
                var moved = target
                moved.group = group
                task.cancel()
                running.tasks[key] = nil
                begin(moved, in: &running)
            }
        }
    }

    private func take(_ targets: [HookTarget], of revision: Int) {
        running.withLock { running in
            guard revision >= running.revision else { return }
            running.revision = revision
            for (key, (target, task)) in running.tasks where key.isName && !targets.contains(target) {
                task.cancel()
                running.tasks[key] = nil
            }
            for target in targets { begin(target, in: &running) }
        }
    }

    private func deliver(_ events: AsyncStream<EventHub.Numbered>, to hook: HookTarget) async {
        for await numbered in events {
            guard let event = numbered.event, wants(hook, event) else { continue }
            await deliver(event, number: numbered.number, to: hook)
            if Task.isCancelled { return }
        }
    }

    private func wants(_ hook: HookTarget, _ event: ServerEvent) -> Bool {
        guard event.isOne(of: hook.kinds) else { return false }
        return event.group.map { hook.group.contains($0) } ?? (hook.group == .site)
    }

    private func deliver(_ event: ServerEvent, number: Int, to hook: HookTarget) async {
        guard let body = try? Self.body(of: event) else { return }
        for attempt in 0...Self.pauses.count {
            let outcome = await attemptDelivery(body, event, number: number, to: hook)
            if Task.isCancelled { return }
            outcomes.withLock { $0[hook.key] = outcome }
            if outcome.isGood { return }
            guard attempt < Self.pauses.count else {
                logger.error("web hook \(hook.key) gave up on event \(number): \(outcome.text)")
                return
            }
            do { try await Task.sleep(for: .seconds(Self.pauses[attempt])) } catch { return }
        }
    }

    private func attemptDelivery(_ body: Data, _ event: ServerEvent, number: Int, to hook: HookTarget) async
        -> Outcome
    {
        let time = Clock.second
        if let problem = hook.problem { return Outcome(at: time, text: problem, isGood: false) }
        var request = HTTPClientRequest(url: hook.url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "roost")
        request.headers.add(name: "X-Roost-Event", value: event.kind.rawValue)
        request.headers.add(name: "X-Roost-Delivery", value: String(number))
        request.headers.add(name: "X-Roost-Time", value: String(time))
        if let secret = hook.secret {
            request.headers.add(
                name: "X-Roost-Signature", value: Self.signature(of: body, at: time, secret: secret))
        }
        if let authorization = hook.authorization {
            request.headers.add(name: "Authorization", value: authorization)
        }
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
