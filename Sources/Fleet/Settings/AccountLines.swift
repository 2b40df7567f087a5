import Wire

/// A user of the node.
package struct UserLine: SettingEntry {
    /// The name.
    package let key: String
    /// `uid=1000 home=/home/ann shell=/bin/bash group=GROUP groups=sudo,video password=HASH name=Ann`, each but the number optional.
    package let text: String
    package let uid: UInt32
    /// Of its own; nil: a group with the user's name and number.
    package let group: String?
    package let groups: [String]
    package let home: String
    package let shell: String
    /// Nil: no log-in by password.
    package let password: String?
    /// The full name.
    package let fullName: String

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard AccountName.isName(key) else {
            throw InvalidSetting(
                "‘\(key)’ is not the name of a user: small letters, digits, - and _, 32 at most")
        }
        (self.key, self.text) = (key, text)
        var words = try AccountName.words(text, of: key, among: Self.names)
        guard let uid = words.removeValue(forKey: "uid").flatMap({ UInt32($0) }), uid < 1 << 31 else {
            throw InvalidSetting("user \(key) has no number: uid=1000")
        }
        self.uid = uid
        group = words["group"]
        groups = words["groups"]?.split(separator: ",").map(String.init) ?? []
        home = words["home"] ?? (key == "root" ? "/root" : "/home/\(key)")
        shell = words["shell"] ?? "/bin/sh"
        password = words["password"]
        fullName = words["name"] ?? ""
        guard ([group].compactMap(\.self) + groups).allSatisfy(AccountName.isName) else {
            throw InvalidSetting("a group of user \(key) is not the name of one")
        }
        guard [home, shell].allSatisfy({ $0.hasPrefix("/") && !$0.contains(":") && $0.isOneWord }) else {
            throw InvalidSetting("home and shell of user \(key) are absolute paths")
        }
        guard password.map({ (try? PasswordHash(reading: $0)) != nil }) ?? true else {
            throw InvalidSetting("the password of user \(key) is not a hash as in /etc/shadow")
        }
    }

    private static let names = ["uid", "group", "groups", "home", "shell", "password", "name"]
}

/// A group of users of the node.
package struct GroupLine: SettingEntry {
    package let key: String
    /// `GID [MEMBER …]`
    package let text: String
    package let gid: UInt32
    package let members: [String]

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        let words = text.split(separator: " ").map(String.init)
        guard AccountName.isName(key), let gid = words.first.flatMap({ UInt32($0) }), gid < 1 << 31,
            words.dropFirst().allSatisfy(AccountName.isName)
        else { throw InvalidSetting("‘\(key)=\(text)’ is not GROUP=NUMBER [MEMBER …]") }
        (self.key, self.text, self.gid, members) = (key, text, gid, Array(words.dropFirst()))
    }
}

/// Names of users and groups.
enum AccountName {
    static func isName(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text.first?.isNumber == false && text.first != "-"
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || [0x2D, 0x5F].contains($0)
            }
    }

    /// `NAME=VALUE` each; the last of `names` takes all the rest, blanks included.
    static func words(_ text: String, of account: String, among names: [String]) throws(InvalidSetting)
        -> [String: String]
    {
        var found: [String: String] = [:]
        var rest = text.trimmed
        while !rest.isEmpty {
            let name = String(rest.prefix { $0 != "=" && $0 != " " })
            guard names.contains(name), rest.dropFirst(name.count).first == "=", found[name] == nil else {
                throw InvalidSetting(
                    "‘\(name)’ of user \(account) is not one of \(names.map { "\($0)=" }.joined(separator: ", "))"
                )
            }
            rest = rest.dropFirst(name.count + 1)
            let value = name == names.last ? rest : rest.prefix { $0 != " " }
            guard !value.unicodeScalars.contains(where: { $0 == ":" || PlainText.isControl($0) }) else {
                throw InvalidSetting("‘\(name)’ of user \(account) has a colon or a control character")
            }
            found[name] = String(value.trimmed)
            rest = rest.dropFirst(value.count).trimmed
        }
        return found
    }
}
