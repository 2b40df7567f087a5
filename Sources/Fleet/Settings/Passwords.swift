/// The PIN that approves a waiting machine on its own screen.
package struct RegistrationPIN: SettingWord {
    /// The minimum for a new one: with five attempts per quarter of an hour, a million take years.
    private static let length = 6

    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        let isPIN =
            (4...32).contains(text.utf8.count)
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) }
        guard isPIN else { throw InvalidSetting("a PIN has 6 to 32 letters and digits") }
        settingText = text
    }

    /// Whether it would be too short for a new one.
    package var isShort: Bool { settingText.utf8.count < Self.length }

    package var flaw: Sentence? {
        isShort
            ? "a PIN has at least \(Self.length) digits or letters: shorter ones can be guessed within days"
            : nil
    }
}

/// A password hashed by crypt(3), as in `/etc/shadow`.
package struct PasswordHash: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard text.hasPrefix("$"), text.isOneWord, !text.contains(":") else {
            throw InvalidSetting("not a crypt(3) hash; make one with: mkpasswd -m yescrypt")
        }
        settingText = text
    }
}

/// A password as typed. It is never stored.
package struct PlainPassword: SettingWord {
    package let settingText: String

    package init(reading text: String) { settingText = text }
}
