/// A time zone, as in `/usr/share/zoneinfo`.
package struct TimeZoneName: SettingWord {
    static let utc = Self(constant: "Etc/UTC")

    package let settingText: String

    private init(constant: StaticString) { settingText = constant.description }

    package init(reading text: String) throws(InvalidSetting) {
        guard text.isOneWord, !text.hasPrefix("/"), !text.contains("..") else {
            throw InvalidSetting("‘\(text)’ is not a time zone")
        }
        settingText = text
    }

    package var flaw: Sentence? {
        hasName
            ? nil
            : "‘\(settingText)’ is not a time zone: names are written as in /usr/share/zoneinfo, capitals included, such as Europe/Lisbon"
    }

    /// Each part of a zone's name has a capital; offsets are below `Etc`.
    private var hasName: Bool {
        settingText.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
            $0.first?.isUppercase == true
        }
            && (settingText.hasPrefix("Etc/") || !settingText.contains { "+0123456789".contains($0) }
                || Self.legacy.contains(settingText))
    }

    private static let legacy = ["EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "GMT0", "GMT+0", "GMT-0"]
}

extension String {
    /// Printable, without characters that could end a word of a kernel command line or a boot script.
    var isOneWord: Bool {
        !isEmpty && utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x27 && $0 != 0x5C }
    }
}
