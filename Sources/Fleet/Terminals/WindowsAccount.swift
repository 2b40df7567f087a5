import Wire

/// With which account and password an account of a node's own opens its sessions on Windows servers, which no agent prepares:
/// `guest=SCHOOL\guest secret=windows-guest`, or `*` for all others.
package struct WindowsAccount: SettingEntry {
    /// An account as `log-in-account` and `guest-account` give it, or `*`.
    package let key: String
    /// `secret=NAME`, behind an account of Windows where it is not called the same; or `off`.
    package let text: String
    /// Nil: the key is off.
    package let secret: SecretName?
    /// `SCHOOL\guest`, `guest@school.example`; `SCHOOL\` and `@school.example`: the account's own name there; empty: its own name.
    private let account: String

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard Self.isKey(key) else {
            throw InvalidSetting("‘\(key)’ is not the name of an account, or * for all others")
        }
        (self.key, self.text) = (key, text)
        guard text != "off" else {
            (secret, account) = (nil, "")
            return
        }
        let words = text.split(separator: " ")
        guard (1...2).contains(words.count), let last = words.last, last.hasPrefix("secret="),
            let name = try? SecretName(last.dropFirst("secret=".count))
        else {
            throw InvalidSetting(
                "‘\(key)=\(text)’ is not ACCOUNT secret=NAME, such as guest=SCHOOL\\guest secret=windows-guest"
            )
        }
        let account = words.count == 2 ? String(words[0]) : ""
        let whole = account.hasPrefix("@") ? "a\(account)" : account.hasSuffix("\\") ? "\(account)a" : account
        guard
            account.isEmpty || TypedName(whole)?.isPlain == true
        else {
            throw InvalidSetting(
                "‘\(account)’ is not an account of Windows, such as SCHOOL\\guest or guest@school.example")
        }
        (self.secret, self.account) = (name, account)
    }

    package static func isKey(_ text: String) -> Bool { text == "*" || (try? LogInName(text)) != nil }

    /// The account's name at Windows.
    ///
    /// - Parameter name: of the account here.
    package func user(for name: String) -> String {
        if account.isEmpty { return name }
        if account.hasSuffix("\\") { return account + name }
        return account.hasPrefix("@") ? name + account : account
    }
}

extension [WindowsAccount] {
    /// What counts for an account: its own entry, or that for all others; nil: there is none, or it is off.
    package subscript(of name: LogInName) -> WindowsAccount? {
        let entry = first { $0.key == name.text } ?? first { $0.key == "*" }
        return entry?.secret == nil ? nil : entry
    }
}

extension FleetSnapshot {
    /// Why an account's secret is no password for a node; nil: it is one, as far as its record says.
    ///
    /// As for files: a node gets the secrets of its groups, rules and name only, whichever its settings name. This one goes out at each
    /// log-in, whatever it is armed for: so those who could arm it have to have named it. Administrators of one room have no use of a
    /// secret of the whole site.
    package func problem(
        ofPasswordFor account: WindowsAccount, at node: Node, by settings: EffectiveSettings
    ) -> Sentence? {
        guard let name = account.secret else { return "its key in windows-accounts is off" }
        let place = settings.place(ofWindowsAccount: account.key, at: node)
        guard let secret = contents.secrets[name], place.contains(secret.group),
            secret.isFor(node.name, in: node.group, fitting: fittingRules(of: node, for: secret))
        else {
            // The same for all: what there is elsewhere is not told.
            return "there is no secret \(name) of group \(place) or below that is for \(node.name)"
        }
        guard secret.receiver == nil else { return "secret \(name) is for web hooks, and no password" }
        guard secret.minted == nil else { return "secret \(name) is minted, and no password" }
        return nil
    }

    private func fittingRules(of node: Node, for secret: Secret) -> Set<RuleName> {
        secret.rule.map { fittingRules(of: node).contains($0) ? [$0] : [] } ?? []
    }
}

extension EffectiveSettings {
    /// The group whose administrators wrote the entry that counts for an account; rules, images and kept files are the site's.
    fileprivate func place(ofWindowsAccount key: String, at node: Node) -> GroupPath {
        let level = levels.last { level in
            guard case .map(let entries)? = level.settings[Settings.windowsAccounts.name] else {
                return false
            }
            return entries[key] != nil
        }
        return switch level?.origin {
        case .group(let path): path
        case .node: node.group
        default: .site
        }
    }
}
