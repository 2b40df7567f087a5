package import Fleet
package import Wire

/// An external address that is notified of events.
package struct WebHookRequest: Codable, Sendable {
    /// What it is for.
    package var label: String?
    package var url: String
    /// Left out: all.
    package var kinds: [String]?
    /// Left out: the site.
    package var group: GroupPath?
    /// The key for signatures; left out: one is made, and told once.
    package var secret: String?

    package init(
        label: String? = nil, url: String, kinds: [String]? = nil, group: GroupPath? = nil,
        secret: String? = nil
    ) {
        self.label = label
        self.secret = secret
        self.url = url
        self.kinds = kinds
        self.group = group
    }
}

/// A web hook and the result of its last delivery. It has a number or a name.
package struct WebHookAnswer: Codable, Sendable {
    package var id: Int?
    /// Of one that files of the configuration may have.
    package var name: HookName?
    /// What one with a number is for.
    package var label: String?
    /// Scheme, host and port; the rest of an address is often a secret, and is not shown again.
    package var url: String
    package var kinds: [String]
    package var group: GroupPath
    /// Seconds since 1970; nil before the first delivery since the server's start.
    @SecondTimestamp package var lastAt: Int?
    /// `200`, or why there was no answer.
    package var lastResult: String?
    package var isHealthy: Bool?
    /// What others call it by: its name, or its number.
    package var reference: String { name?.text ?? id.map(String.init) ?? "" }
    /// Shown once, when the hook is created; nil when people chose it.
    package var secret: String?

    package init(
        id: Int?, name: HookName? = nil, label: String? = nil, url: String, kinds: [String], group: GroupPath,
        lastAt: Int? = nil,
        lastResult: String? = nil, isHealthy: Bool? = nil, secret: String? = nil
    ) {
        self.id = id
        self.name = name
        self.label = label
        self.url = url
        self.kinds = kinds
        self.group = group
        self.lastAt = lastAt
        self.lastResult = lastResult
        self.isHealthy = isHealthy
        self.secret = secret
    }
}
