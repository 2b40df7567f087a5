import Foundation
import Testing
import Wire

@testable import Fleet

/// Web hooks in files: what may be saved, and whose secrets go where.
@Suite struct NamedHookTests {
    private static let name = try? SecretName("chat-token")

    private static func hook(
        _ url: String = "https://chat.example/x", authorization: SecretName? = nil, key: SecretName? = nil
    ) throws -> NamedHook {
        NamedHook(name: try HookName("chat"), url: url, key: key, authorization: authorization)
    }

    /// A site with a secret for a receiver; nil: for nodes.
    private static func site(_ receiver: String?) throws -> FleetSnapshot {
        let secret = Secret(name: try #require(name), group: .site, receiver: receiver, changedAt: 5)
        return try FleetSnapshot(revision: 6, contents: FleetSnapshot.Contents()).applying(
            [.secret(secret.name, secret, value: [0x61])], revision: 7)
    }

    private static func saved(_ hook: NamedHook, in site: FleetSnapshot) throws -> FleetSnapshot {
        try site.applying([.namedHook(hook.name, hook)], revision: site.revision + 1)
    }

    @Test func `a file says what a hook is, and secrets by their names`() throws {
        let json = #"{"name":"chat","url":"https://chat.example:8443/x","authorization":"chat-token"}"#
        let hook = try JSONDecoder().decode(NamedHook.self, from: Data(json.utf8))
        #expect(hook.kinds.isEmpty && hook.group == .site && hook.key == nil)
        #expect(hook.authorization == Self.name && hook.receiver == "https://chat.example:8443")
        let fields = Dictionary(
            uniqueKeysWithValues: DeclaredForms.fields["hooks"]?.map { ($0.name, $0.form) } ?? [])
        #expect(Set(fields.keys) == ["name", "url", "kinds", "group", "key", "authorization"])
        #expect(fields["kinds"] == .list(.choice(EventKind.allCases.map(\.rawValue))))
        #expect(throws: (any Error).self) { try HookName("7") }
    }

    @Test(
        arguments: [
            ("https://chat.example", false), ("http://chat.example:80/a?b=c#d", false),
            ("https://[2001:db8::1]:8443/x", true), ("http://127.0.0.1:9/", true), ("http://[::1]/", true),
            ("http://localhost:9", true),
        ])
    func `an address is taken`(url: String, isAuthorized: Bool) throws {
        let receiver = WebHook.place(of: url).lowercased()
        let hook = try Self.hook(url, authorization: isAuthorized ? Self.name : nil)
        let saved = try Self.saved(hook, in: Self.site(receiver))
        #expect(saved.contents.access.namedHooks[hook.name] == hook)
    }

    @Test(
        arguments: [
            "ftp://chat.example/", "https:///x", "https://ann:word@chat.example/", "https://a b/",
            "https://a\\@b/",
            "https://a/\nX: y", "chat.example", "",
        ])
    func `what is no address, or has a password, is refused`(url: String) throws {
        #expect(throws: InvalidSetting.self) { try Self.saved(Self.hook(url), in: Self.site(nil)) }
    }

    @Test(arguments: [
        nil, "https://other.example", "https://chat.example:444", "http://chat.example",
    ])
    func `a secret goes to the receiver alone that it is for`(receiver: String?) throws {
        let site = try Self.site(receiver)
        for hook in [try Self.hook(authorization: Self.name), try Self.hook(key: Self.name)] {
            #expect(throws: StoreError.self) { try Self.saved(hook, in: site) }
        }
        // Another address of the hook needs another secret, too.
        let right = try Self.saved(
            Self.hook(authorization: Self.name), in: Self.site("https://chat.example"))
        #expect(throws: StoreError.self) {
            try Self.saved(Self.hook("https://evil.example/", authorization: Self.name), in: right)
        }
        #expect(throws: InvalidSetting.self) {
            try Self.saved(Self.hook("http://chat.example/x", authorization: Self.name), in: right)
        }
    }

    @Test func `a receiver changes only with a new value, and is for no node`() throws {
        let site = try Self.site("https://chat.example")
        let name = try #require(Self.name)
        var secret = try #require(site.contents.secrets[name])
        secret.receiver = "https://evil.example"
        let moved = secret
        #expect(throws: InvalidSetting.self) { try site.applying([.secret(name, moved)], revision: 8) }
        let set = try site.applying([.secret(name, moved, value: [0x62])], revision: 8)
        #expect(set.contents.secrets[name]?.receiver == "https://evil.example")
        secret.receiver = nil
        let plain = secret
        #expect(throws: InvalidSetting.self) { try site.applying([.secret(name, plain)], revision: 8) }
        var armed = moved
        armed.arming = .eachBoot
        let wrong = armed
        #expect(throws: InvalidSetting.self) {
            try site.applying([.secret(name, wrong, value: [0x62])], revision: 8)
        }
        let edit = FleetEdit.secret(name, plain, value: [0x62])
        #expect(edit.permission(in: site) == .administer)
    }
}
