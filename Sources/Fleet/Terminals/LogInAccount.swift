/// The name of an account on terminal servers: `[a-z_][a-z0-9_-]{0,31}`, as useradd takes it, and none that systems have for themselves.
package struct LogInName: Hashable, Sendable, Comparable, CheckedName, CustomStringConvertible {
    package let text: String

    package init(_ text: some StringProtocol) throws(InvalidName) {
        let text = String(text)
        guard Self.isName(text) else {
            throw InvalidName(
                text, rule: "1 to 32 small letters, digits, - and _, beginning with a letter or _")
        }
        guard !Self.reserved.contains(text), !text.hasPrefix("systemd-") else {
            throw InvalidName(text, rule: "systems have an account of that name for themselves")
        }
        self.text = text
    }

    private static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...32).contains(bytes.count), let first = bytes.first else { return false }
        return ((0x61...0x7A).contains(first) || first == 0x5F)
            && bytes.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
            }
    }

    /// Accounts of base-passwd, and those of services that are usual on terminal servers.
    private static let reserved: Set<String> = [
        "root", "daemon", "bin", "sys", "sync", "games", "man", "lp", "mail", "news", "uucp", "proxy",
        "www-data", "backup", "list", "irc", "_apt", "nobody", "messagebus", "sshd", "xrdp", "polkitd",
        "admin", "sudo", "wheel", "adm", "x2gouser", "x2goprint", "dnsmasq", "avahi", "ntp", "chrony",
    ]

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

/// Which account a node's own log-in has: one name, one from the node's name, or the first of several that is free.
package struct LogInAccount: SettingWord {
    /// - `lab1`
    /// - `guest01..guest20`: the first without a session
    /// - `pc-(.*) → guest-\1`, also with `->`: for a node whose whole name fits
    /// - `pc/guest`: the first match of the pattern is replaced, as in LTSP's AUTOLOGIN
    /// - `pc=guest`: the beginning is replaced, as in LTSP's HOST_TO_USERNAME
    package let settingText: String
    package let form: Form

    package enum Form: Equatable, Sendable {
        case fixed(LogInName)
        case pool([LogInName])
        case whole(NamePattern, String)
        case part(NamePattern, String)
        case beginning(String, String)
    }

    /// Names of one pool.
    package static let poolLimit = 1_000

    package init(reading text: String) throws(InvalidSetting) {
        settingText = text
        guard text.utf8.count <= 300 else { throw InvalidSetting("an account has at most 300 characters") }
        for arrow in ["→", "->"] {
            guard let (pattern, name) = text.halves(at: arrow) else { continue }
            form = .whole(try NamePattern(pattern.trimmed), try Self.replacement(name.trimmed))
            return
        }
        if let (pattern, name) = text.halves(at: "/") {
            form = .part(try NamePattern(pattern), try Self.replacement(name[...]))
        } else if let (old, new) = text.halves(at: "=") {
            _ = try Self.replacement(old[...])
            form = .beginning(old, try Self.replacement(new[...]))
        } else if let (first, last) = text.halves(at: "..") {
            form = .pool(try Self.names(from: first, to: last))
        } else {
            do { form = .fixed(try LogInName(text)) } catch { throw InvalidSetting(Sentence(of: error)) }
        }
    }

    /// What becomes part of a name: nothing that could not.
    private static func replacement(_ text: Substring) throws(InvalidSetting) -> String {
        let isGood =
            (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2D, 0x5F, 0x5C].contains($0)
            }
        guard isGood else {
            throw InvalidSetting("‘\(text)’ is not small letters, digits, -, _ and \\1")
        }
        return String(text)
    }

    private static func names(from first: String, to last: String) throws(InvalidSetting) -> [LogInName] {
        func ends(_ text: String) -> (word: Substring, digits: Substring) {
            let word = text.prefix(text.count - text.reversed().prefix { $0.isASCII && $0.isNumber }.count)
            return (word, text[word.endIndex...])
        }
        let (one, other) = (ends(first), ends(last))
        guard one.word == other.word, (1...9).contains(one.digits.count),
            one.digits.count == other.digits.count,
            let start = Int(one.digits), let end = Int(other.digits), start <= end, end - start < poolLimit
        else {
            throw InvalidSetting(
                "‘\(first)..\(last)’ is not a row of names such as guest01..guest20, \(poolLimit) at most")
        }
        var names: [LogInName] = []
        for number in start...end {
            let digits = String(number)
            let zeros = String(repeating: "0", count: max(0, one.digits.count - digits.count))
            do { names.append(try LogInName("\(one.word)\(zeros)\(digits)")) } catch {
                throw InvalidSetting(Sentence(of: error))
            }
        }
        return names
    }
}

extension String {
    fileprivate func halves(at separator: String) -> (String, String)? {
        guard let place = firstRange(of: separator) else { return nil }
        return (String(self[..<place.lowerBound]), String(self[place.upperBound...]))
    }

    private func firstRange(of text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) {
                return start..<index(start, offsetBy: text.count)
            }
            start = index(after: start)
        }
        return nil
    }
}

/// Who may open a session at a node without a name of their own.
package enum LogInMode: String, Sendable, CaseIterable {
    /// People log in with their own names and passwords.
    case ask
    /// The same, and there is a button for guests.
    case guest
    /// The node logs in by itself.
    case automatic
}

/// What becomes of an account that was made for a log-in.
package enum AccountHome: String, Sendable, Codable, CaseIterable {
    case keep
    case archive
    case remove
}

/// A group of a terminal server that accounts may belong to: none that gives its members the machine.
package struct LogInGroup: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard AccountName.isName(text) else {
            throw InvalidSetting("‘\(text)’ is not the name of a group: small letters, digits, - and _")
        }
        guard !Self.powerful.contains(text) else {
            throw InvalidSetting(
                "members of the group \(text) have the whole machine: accounts of nodes cannot")
        }
        settingText = text
    }

    /// With them a guest would be an administrator of the terminal server.
    package static let powerful: Set<String> = [
        "root", "sudo", "wheel", "admin", "adm", "disk", "kmem", "shadow", "docker", "lxd", "libvirt",
        "staff",
        "systemd-journal", "ssl-cert",
    ]
}
