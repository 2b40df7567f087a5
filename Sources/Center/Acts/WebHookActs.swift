import API
import Fleet
import Foundation
import Synchronization
import Wire

/// Web hooks: external addresses that are notified of events.
extension Acts {
    func webHooks() async throws -> [WebHookAnswer] {
        try require(.administer, in: .site)
        let numbered = try await store.webHooks().map { hook in
            WebHookAnswer(hook, services.webHooks.outcome(of: .number(hook.id)))
        }
        let named = fleet.snapshot.contents.access.namedHooks.values.sorted { $0.name < $1.name }
        return numbered
            + named.map { WebHookAnswer($0, services.webHooks.outcome(of: .name($0.name))) }
    }

    /// Only administrators of the whole site may choose an address that the server sends to.
    func makeWebHook(_ wish: WebHookRequest) async throws -> WebHookAnswer {
        try require(.administer, in: .site)
        guard let url = URL(string: wish.url), ["http", "https"].contains(url.scheme),
            url.host?.isEmpty == false,
            wish.url.utf8.count <= 2_000
        else {
            // Its path may be what lets a hook in.
            throw Problem(422, "Invalid address", "the address of a web hook is an http or https URL")
        }
        // They would not be sent.
        guard url.user == nil, url.password == nil else {
            throw Problem(
                422, "Invalid address",
                "names and passwords do not belong in the address of a web hook: receivers check its signature"
            )
        }
        let kinds = wish.kinds ?? []
        for kind in kinds where ServerEvent.Kind(rawValue: kind) == nil {
            let known = ServerEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw Problem(422, "Invalid kind", "‘\(kind)’ is not one of \(known)")
        }
        let label = wish.label ?? ""
        guard label.hasLength(in: 0...WebHook.labelLimit) else {
            throw Problem(
                422, "Invalid name", "a web hook's description has at most \(WebHook.labelLimit) characters")
        }
        let chosen = try wish.secret.map(Self.checked(key:))
        let wanted = WebHook(
            id: 0, label: label, url: wish.url, secret: chosen ?? Secrets.make(), kinds: kinds,
            group: wish.group ?? .site)
        let made = Mutex(wanted)
        _ = try await change { current in
            let hook = made.withLock { hook in
                hook.id = current.contents.access.nextWebHook
                return hook
            }
            return [.webHook(hook.id, hook)]
        }
        let added = made.withLock(\.self)
        services.webHooks.begin(HookTarget(added))
        var answer = WebHookAnswer(added, nil)
        if chosen == nil { answer.secret = added.secret }
        return answer
    }

    /// A key for signatures that people chose: it is not repeated in the error.
    private static func checked(key: String) throws -> String {
        let limits = WebHook.secretLengths
        guard limits.contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Problem(
                422, "Invalid secret",
                "the secret of a web hook has \(limits.lowerBound) to \(limits.upperBound) letters, digits and signs, without spaces; leave it out, and one is made"
            )
        }
        return key
    }

    /// Sends a test to one hook, as events are sent.
    ///
    /// - Parameter text: its number or its name.
    /// - Returns: the hook with the result.
    func testWebHook(named text: String) async throws -> WebHookAnswer {
        try require(.administer, in: .site)
        let key = try Int(text).map { HookTarget.Key.number($0) } ?? .name(HookName(text))
        let isThere = try await services.webHooks.test(key)
        guard isThere, let hook = try await webHooks().first(where: { $0.reference == key.description })
        else {
            switch key {
            case .number(let number): throw StoreError.notFound(WebHook.Record.missing(number))
            case .name(let name): throw StoreError.notFound(NamedHook.missing(name))
            }
        }
        return hook
    }

    func removeWebHook(_ id: Int) async throws {
        try require(.administer, in: .site)
        _ = try await change { _ in [.webHook(id, nil)] }
        services.webHooks.end(.number(id))
    }

    /// - Parameter text: the number or the name of a web hook.
    func removeWebHook(named text: String) async throws {
        guard let number = Int(text) else { return try await removeWebHook(HookName(text)) }
        try await removeWebHook(number)
    }

    private func removeWebHook(_ name: HookName) async throws {
        try require(.administer, in: .site)
        _ = try await change { _ in [.namedHook(name, nil)] }
        await services.webHooks.follow()
    }
}

extension WebHookAnswer {
    init(_ hook: WebHook, _ outcome: WebHookSender.Outcome?) {
        self.init(
            id: hook.id, label: hook.label.isEmpty ? nil : hook.label,
            url: hook.place.isEmpty ? "(sealed with another key)" : hook.place,
            kinds: hook.kinds, group: hook.group, lastAt: outcome?.at,
            lastResult: outcome?.text, isHealthy: outcome?.isGood)
    }

    init(_ hook: NamedHook, _ outcome: WebHookSender.Outcome?) {
        self.init(
            id: nil, name: hook.name, url: hook.receiver, kinds: hook.kinds.map(\.rawValue),
            group: hook.group,
            lastAt: outcome?.at, lastResult: outcome?.text, isHealthy: outcome?.isGood)
    }
}
