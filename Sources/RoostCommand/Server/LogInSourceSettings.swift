import Center
import ConfigurationFile
import Fleet
import Foundation

// `center.ldap` and `center.oidc` in the configuration file.

extension LDAPSettings {
    init(_ section: inout YAMLSection) throws {
        let url = try section.value("url", "ldaps://HOST or ldap://HOST") { text in
            Self.servers(in: text) == nil ? nil : text
        }
        guard let url, let base = try section.text("base") else {
            throw section.fail("a directory needs url and base (dc=example,dc=org)")
        }
        self.init(url: url, base: base)
        if let flag = try section.flag("tls") {
            let isHere = Self.servers(in: url)?.allSatisfy(\.isThisHost) == true
            guard flag || isHere else {
                throw section.fail(
                    "without TLS, only a directory on this host may be used: passwords are sent in clear")
            }
            usesTLS = flag
        }
        authorityPath = try section.value("authority", "a PEM file", LogInSources.file)
        searcher = try section.value("bind", "text") { $0 } ?? searcher
        searcherPassword = try section.value("password-file", "a file", LogInSources.secret) ?? ""
        guard searcher.isEmpty == searcherPassword.isEmpty else {
            throw section.fail("set bind and password-file together, or neither")
        }
        filter =
            try section.value("filter", "a filter with {name} in it") { $0.contains("{name}") ? $0 : nil }
            ?? filter
        nameAttribute = try section.text("name-attribute") ?? nameAttribute
        groupBase = try section.text("group-base")
        groupFilter = try section.text("group-filter") ?? groupFilter
        grants = try DirectoryGrants(in: &section, base: groupBase)
        if groupBase == nil, let name = grants?.shortNames.first {
            throw section.fail(
                "roles: ‘\(name)’ may be a group anywhere in the directory: set group-base, or write the group's full name (cn=\(name),…)"
            )
        }
        try section.finish(
            known:
                "url, base, tls, authority, bind, password-file, filter, name-attribute, group-base, group-filter, roles"
        )
    }
}

extension LDAPSettings {
    /// The servers of a directory: one, or several that are asked in turn (ldap_initialize(3)); nil for anything else. All of them speak TLS
    /// in the same way, so that no password goes to one of them in clear.
    fileprivate static func servers(in text: String) -> [RemoteAddress]? {
        let words = text.split { $0 == " " || $0 == "," }
        let servers = words.compactMap { RemoteAddress(String($0)) }.filter(\.isBare)
        let schemes = Set(servers.map(\.scheme))
        guard !words.isEmpty, servers.count == words.count, schemes == ["ldap"] || schemes == ["ldaps"]
        else { return nil }
        return servers
    }
}

extension OpenIDSettings {
    init(_ section: inout YAMLSection) throws {
        let issuer = try section.value("issuer", "https://…", Self.address)
        let client = try section.text("client")
        let secret = try section.value("secret-file", "a file", LogInSources.secret)
        guard let issuer, let client, let secret else {
            throw section.fail("a provider needs issuer, client and secret-file")
        }
        self.init(issuer: issuer, clientID: client, clientSecret: secret)
        title = try section.text("title") ?? title
        nameClaim = try section.text("name-claim") ?? nameClaim
        groupsClaim = try section.text("groups-claim") ?? groupsClaim
        scopes = try section.list("scopes", "a scope") { $0 } ?? scopes
        guard scopes.contains("openid") else { throw section.fail("scopes must contain openid") }
        authorityPath = try section.value("authority", "a PEM file", LogInSources.file)
        redirect = try section.value("redirect", "https://…/login/oidc/done") { text in
            RemoteAddress(text)?.path == "/login/oidc/done" ? Self.address(text) : nil
        }
        grants = try DirectoryGrants(in: &section)
        try section.finish(
            known:
                "issuer, client, secret-file, title, name-claim, groups-claim, scopes, authority, redirect, roles"
        )
    }

    /// HTTPS, or plain HTTP on this host.
    private static func address(_ text: String) -> String? {
        guard let address = RemoteAddress(text) else { return nil }
        return address.scheme == "https" || address.scheme == "http" && address.isThisHost ? text : nil
    }
}

extension DirectoryGrants {
    /// `roles`: a mapping from a group's name to its roles; nil when the key is absent.
    ///
    /// - Parameter base: see ``DirectoryGrants/init(_:base:)``.
    init?(in section: inout YAMLSection, base: String? = nil) throws {
        guard var map = try section.section("roles") else { return nil }
        var groups: [String: [Grant]] = [:]
        for (group, text) in try map.texts() {
            groups[group] = try text.split { $0 == "," || $0.isWhitespace }.map { word in
                guard let grant = Grant(word), Role.ofPeople.contains(grant.role) else {
                    let roles = Role.ofPeople.map(\.rawValue).joined(separator: ", ")
                    throw map.fail("‘\(word)’ is not ROLE or ROLE@/group; roles are \(roles)")
                }
                return grant
            }
        }
        self.init(groups, base: base)
    }
}

extension LogInSources {
    static func file(_ path: String) throws -> String? {
        guard path.hasPrefix("/") else { return nil }
        guard FileManager.default.isReadableFile(atPath: path) else {
            throw InvalidSetting("\(path) does not exist, or cannot be read")
        }
        return path
    }

    /// The contents of a file, without the final line end.
    static func secret(_ path: String) throws -> String? {
        guard let path = try file(path) else { return nil }
        let text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(
            in: .whitespacesAndNewlines)
        guard !text.isEmpty else { throw InvalidSetting("\(path) is empty") }
        return text
    }
}
