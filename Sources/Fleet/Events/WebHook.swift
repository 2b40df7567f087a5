/// An external address that is notified of events.
package struct WebHook: Equatable, Sendable {
    package var id: Int
    /// Characters of its label.
    package static let labelLimit = 100
    /// Characters of a key that people choose.
    package static let secretLengths = 16...200

    /// What it is for; empty: nothing was said.
    package var label: String
    /// `https://…` or `http://…`: often all that the receiver asks for, and so a secret.
    package var url: String
    /// The key for signing deliveries (HMAC-SHA256).
    package var secret: String
    /// Kinds of events; empty: all.
    package var kinds: [String]
    /// Events in this group and below; for the site, also of machines without a group.
    package var group: GroupPath

    package init(
        id: Int, label: String = "", url: String, secret: String, kinds: [String], group: GroupPath
    ) {
        self.id = id
        self.label = label
        self.url = url
        self.secret = secret
        self.kinds = kinds
        self.group = group
    }
}

extension WebHook {
    /// What the configuration and its history say of a web hook: address and secret are kept beside it.
    package struct Record: Equatable, Sendable, Codable {
        package var id: Int
        /// What it is for; nil: nothing was said.
        package var label: String?
        /// Scheme, host and port of the address: the rest is often all that lets others in there.
        package var host: String
        package var kinds: [String]
        package var group: GroupPath

        package init(_ hook: WebHook) {
            (id, kinds, group) = (hook.id, hook.kinds, hook.group)
            host = hook.place
            label = hook.label.isEmpty ? nil : hook.label
        }
    }

    /// Scheme, host and port of its address, without what others could get in with; empty when it is no address.
    package var place: String { Self.place(of: url) }

    package static func place(of url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty, ["http:", "https:"].contains(parts[0]) else { return "" }
        let authority = parts[2].prefix { !"/?#".contains($0) }
        return "\(parts[0])//\(authority.split(separator: "@").last ?? "")"
    }

    /// - Parameter secrets: what is kept beside the record; nil when a part is missing.
    package init?(_ record: Record, secrets: [String: String]) {
        guard let url = secrets[Record.url], let secret = secrets[Record.secret] else { return nil }
        self.init(
            id: record.id, label: record.label ?? "", url: url, secret: secret, kinds: record.kinds,
            group: record.group)
    }
}

extension FleetEdit {
    /// - Parameter hook: nil removes it.
    package static func webHook(_ id: Int, _ hook: WebHook?) -> Self {
        Self(
            id, hook.map(WebHook.Record.init),
            secrets: hook.map { [WebHook.Record.url: $0.url, WebHook.Record.secret: $0.secret] } ?? [:])
    }
}

extension WebHook.Record: TableRecord {
    package static let kind = "web-hook"
    /// The names of the whole address and of the key among the secrets.
    package static let (url, secret) = ("url", "secret")
    package static let sealedSecrets: Set<String> = [url, secret]
    package static let countLimit = 50

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [Int: Self]> { \.access.webHooks }

    package static func missing(_ key: Int) -> Sentence {
        "there is no web hook \(key) (roost hook list shows all)"
    }

    package static func checked(
        _ change: RecordChange<Self>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Self? {
        try change.requireSomething(in: draft)
        guard var hook = change.after else { return nil }
        hook.id = change.key
        return hook
    }

    package static func check(_ key: Int, in contents: FleetSnapshot.Contents) throws {
        if let hook = contents.access.webHooks[key] { try contents.require(hook.group) }
    }

    package static func check(
        all changed: [Int], in snapshot: FleetSnapshot, since before: FleetSnapshot, within plan: AddressPlan
    ) throws {
        guard snapshot.contents.access.webHooks.count > countLimit else { return }
        throw StoreError.conflict("there are \(countLimit) web hooks; remove some first")
    }

    package static func summary(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> String {
        let before = snapshot.contents.access.webHooks[change.key]
        return "web hook \(change.key) \(change.act(in: snapshot)): \((change.after ?? before)?.host ?? "")"
    }

    package static func permission(for change: RecordChange<Self>, in snapshot: FleetSnapshot) -> Permission {
        .administer
    }

    package static func undoProblem(from before: Self?, to after: Self?) -> Sentence? {
        after == nil ? "was removed with its address and its secret: add it again" : nil
    }
}

/// The web hooks, which are changed by edits.
package protocol WebHookStore: Sendable {
    /// In the order of their numbers.
    func webHooks() async throws(StoreError) -> [WebHook]
}
