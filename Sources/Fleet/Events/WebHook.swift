/// An external address that is notified of events.
package struct WebHook: Equatable, Sendable {
    package var id: Int
    /// `https://…` or `http://…`: often all that the receiver asks for, and so a secret.
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

extension WebHook {
    /// Scheme, host and port of its address, without what others could get in with; empty when it is no address.
    package var place: String { Self.place(of: url) }

    package static func place(of url: String) -> String {
        let parts = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[1].isEmpty else { return "" }
        let authority = parts[2].prefix { !"/?#".contains($0) }
        return "\(parts[0])//\(authority.split(separator: "@").last ?? "")"
    }
}

/// The web hooks.
package protocol WebHookStore: Sendable {
    func webHooks() async throws(StoreError) -> [WebHook]
    /// - Returns: the hook with its number.
    func addWebHook(_ hook: WebHook, by who: String) async throws(StoreError) -> WebHook
    func removeWebHook(_ id: Int, by who: String) async throws(StoreError)
}
