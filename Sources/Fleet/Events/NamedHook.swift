import Wire

/// A web hook with a name, in files of the configuration: its address is no secret, and it has its secrets by the names of ``Secret``s.
package struct NamedHook: Equatable, Sendable, Codable {
    package var name: HookName
    package var url: String
    /// Empty: all.
    package var kinds: [EventKind]
    /// Events in this group and below; for the site, also of machines without a group.
    package var group: GroupPath
    /// The secret whose value signs deliveries (HMAC-SHA256); nil: they are not signed.
    package var key: SecretName?
    /// The secret whose value is the header `Authorization`; nil: there is none.
    package var authorization: SecretName?

    package init(
        name: HookName, url: String, kinds: [EventKind] = [], group: GroupPath = .site,
        key: SecretName? = nil, authorization: SecretName? = nil
    ) {
        (self.name, self.url, self.kinds, self.group) = (name, url, kinds, group)
        (self.key, self.authorization) = (key, authorization)
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        name = try fields.decode(HookName.self, forKey: .name)
        url = try fields.decode(String.self, forKey: .url)
        kinds = try fields.decodeIfPresent([EventKind].self, forKey: .kinds) ?? []
        group = try fields.decodeIfPresent(GroupPath.self, forKey: .group) ?? .site
        key = try fields.decodeIfPresent(SecretName.self, forKey: .key)
        authorization = try fields.decodeIfPresent(SecretName.self, forKey: .authorization)
    }
}

/// The name of a web hook: 1 to 63 lower-case letters, digits and hyphens, the first of them a letter. The others have numbers.
package struct HookName: Hashable, Sendable, Comparable, CheckedName, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) {
        self.text = try RuleName(text).text
        guard self.text.utf8.first.map({ $0 >= UInt8(ascii: "a") }) == true else {
            throw InvalidName(text, rule: "a letter at its beginning: web hooks without a name have numbers")
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

extension NamedHook: TableRecord, DeclaredForm {
    package typealias Record = NamedHook
    package static var declaredForm: (any DeclaredForm.Type)? { Self.self }
    package static let kind = "named-hook"
    package static let (member, keyMember) = ("hooks", "name")
    package static let audience = DeclaredAudience.site(.administer)
    package static let permission = Permission.administer
    package static let countLimit = 50
    /// Bytes of an address.
    package static let addressLimit = 2_000

    package static var table: WritableKeyPath<FleetSnapshot.Contents, [HookName: Self]> {
        \.access.namedHooks
    }
    package var recordKey: HookName { name }

    package static func checked(
        _ change: RecordChange<Self>, in draft: FleetSnapshot.Contents, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws -> Self? {
        try change.requireSomething(in: draft)
        guard var hook = change.after else { return nil }
        hook.name = change.key
        hook.kinds = Set(hook.kinds).sorted { $0.rawValue < $1.rawValue }
        if let flaw = hook.flaw { throw InvalidSetting("web hook \(hook.name): \(flaw)") }
        return hook
    }

    /// What is wrong with the address.
    private var flaw: Sentence? {
        let form = /(?i)https?:\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?([\/?][!-~]*)?/
        guard url.utf8.count <= Self.addressLimit, url.wholeMatch(of: form) != nil else {
            return url.contains("@")
                ? "names and passwords do not belong in its address: name a secret (authorization)"
                : "its address is not an http or https URL"
        }
        guard authorization == nil || url.lowercased().hasPrefix("https:") || isLocal else {
            return "authorization would travel in clear: its address has to be https://…"
        }
        return nil
    }

    /// Whether it stays on this host.
    private var isLocal: Bool {
        ["127.0.0.1", "[::1]", "localhost"].contains { host in
            receiver == "http://\(host)" || receiver.hasPrefix("http://\(host):")
        }
    }

    /// Scheme, host and port of its address, in lower case.
    package var receiver: String { WebHook.place(of: url).lowercased() }

    package static func check(_ key: HookName, in contents: FleetSnapshot.Contents) throws {
        guard let hook = contents.access.namedHooks[key] else { return }
        try contents.require(hook.group)
    }

    package static func check(
        all changed: [HookName], in snapshot: FleetSnapshot, since before: FleetSnapshot,
        within plan: AddressPlan
    ) throws {
        let hooks = snapshot.contents.access.namedHooks
        guard hooks.count <= max(countLimit, before.contents.access.namedHooks.count) else {
            throw StoreError.conflict("there are \(countLimit) web hooks with names; remove some first")
        }
        for hook in changed.compactMap({ hooks[$0] }) {
            for name in [hook.key, hook.authorization].compactMap(\.self) {
                guard let problem = hook.problem(of: name, among: snapshot.contents.secrets) else { continue }
                throw StoreError.conflict("web hook \(hook.name): \(problem)")
            }
        }
    }

    /// Why a secret is none that the hook may use; nil: it is one.
    ///
    /// Its value leaves the server. So the secret itself says to where: those who change the hook's address alone do not get to know it.
    package func problem(of name: SecretName, among secrets: [SecretName: Secret]) -> Sentence? {
        guard let secret = secrets[name] else { return Secret.missing(name) }
        guard let wanted = secret.receiver else {
            return
                "secret \(name) is for nodes: add another one (roost secret add NAME --receiver \(receiver))"
        }
        return wanted == receiver ? nil : "secret \(name) is for \(wanted), and not for \(receiver)"
    }

    package static func summary(of change: RecordChange<Self>, in snapshot: FleetSnapshot) -> String {
        let before = snapshot.contents.access.namedHooks[change.key]
        return
            "web hook \(change.key) \(change.act(in: snapshot)): \((change.after ?? before)?.receiver ?? "")"
    }

    package static func permission(for change: RecordChange<Self>, in snapshot: FleetSnapshot) -> Permission {
        .administer
    }

    package static func missing(_ key: HookName) -> Sentence {
        "there is no web hook \(key) (roost hook list shows all)"
    }
}

extension FleetEdit {
    /// - Parameter hook: nil removes it.
    package static func namedHook(_ name: HookName, _ hook: NamedHook?) -> Self { Self(name, hook) }
}
