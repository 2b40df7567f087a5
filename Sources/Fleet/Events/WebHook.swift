/// An external address that is notified of events.
package struct WebHook: Equatable, Sendable {
    package var id: Int
    /// `https://…` or `http://…`.
    package var url: String
    /// The key for signing deliveries (HMAC-SHA256).
    package var secret: String
    /// Kinds of events; empty: all.
    package var kinds: [String]
    /// Events in this group and below; for the site, also of machines without a group.
    package var group: GroupPath

    package init(id: Int, url: String, secret: String, kinds: [String], group: GroupPath) {
        self.id = id
        self.url = url
        self.secret = secret
        self.kinds = kinds
        self.group = group
    }
}

/// The web hooks.
package protocol WebHookStore: Sendable {
    func webHooks() async throws(StoreError) -> [WebHook]
    /// - Returns: the hook with its number.
    func addWebHook(_ hook: WebHook, by who: String) async throws(StoreError) -> WebHook
    func removeWebHook(_ id: Int, by who: String) async throws(StoreError)
}
