package import Wire

/// A host by its name or address.
package struct HostWord: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard IPAddress(text) != nil || DomainWord.isDomain(text) else {
            throw InvalidSetting("‘\(text)’ is neither an address nor the name of a host")
        }
        settingText = text
    }
}

/// A name server.
package struct NameServer: SettingWord {
    package let address: IPAddress
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard let address = IPAddress(text) else {
            throw InvalidSetting("‘\(text)’ is not the address of a name server")
        }
        (self.address, settingText) = (address, text)
    }
}

/// A domain in which short names are looked up.
package struct DomainWord: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard Self.isDomain(text) else { throw InvalidSetting("‘\(text)’ is not a domain") }
        settingText = text
    }

    /// RFC 1123 §2.1, with the underscores that people use.
    static func isDomain(_ text: String) -> Bool {
        text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
                (1...63).contains(part.utf8.count) && part.first != "-" && part.last != "-"
                    && part.utf8.allSatisfy {
                        (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                            || [0x2D, 0x5F].contains($0)
                    }
            }
    }
}

/// A locale: `de_DE.UTF-8`, `C.UTF-8`.
package struct LocaleName: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard text.utf8.count <= 64, text.isOneWord, text.first?.isLetter == true,
            text.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                    || [0x2D, 0x2E, 0x40, 0x5F].contains($0)
            })
        else { throw InvalidSetting("‘\(text)’ is not a locale, such as pt_PT.UTF-8") }
        settingText = text
    }
}

/// A layout of the keyboard, with a variant: `de`, `de-latin1`, `us`.
package struct KeymapName: SettingWord {
    package let settingText: String

    package init(reading text: String) throws(InvalidSetting) {
        guard text.utf8.count <= 64, text.first?.isLetter == true,
            text.utf8.allSatisfy({
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                    || [0x2D, 0x2E, 0x5F].contains($0)
            })
        else { throw InvalidSetting("‘\(text)’ is not the name of a keyboard layout, such as de-latin1") }
        settingText = text
    }

    /// Its first part, as X11 names layouts.
    var layout: String { String(settingText.prefix { $0.isLetter }) }
}

/// Where a node sends its log: `HOST` or `HOST:PORT`.
package struct LogTarget: SettingWord {
    package let settingText: String
    package let host: String
    package let port: Int

    package init(reading text: String) throws(InvalidSetting) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let port = parts.count == 2 ? Int(parts[1]) : 514
        guard (1...2).contains(parts.count), IPv4Address(parts[0]) != nil || DomainWord.isDomain(parts[0]),
            let port, (1...65_535).contains(port)
        else { throw InvalidSetting("‘\(text)’ is not HOST or HOST:PORT") }
        (settingText, host, self.port) = (text, parts[0], port)
    }
}

/// A line of cron, by a name.
package struct CronLine: SettingEntry {
    package let key: String
    /// `MINUTE HOUR DAY MONTH WEEKDAY USER COMMAND`, `@daily USER COMMAND`, or `off`.
    package let text: String

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard StepName.isName(key) else {
            throw InvalidSetting("‘\(key)’ is not a name: letters, digits, - and _, 64 at most")
        }
        (self.key, self.text) = (key, text)
        if isOff { return }
        let count = text.hasPrefix("@") ? 1 : 5
        let fields = text.split(separator: " ", maxSplits: count + 1)
        guard !text.unicodeScalars.contains(where: { PlainText.isControl($0) }), fields.count == count + 2,
            fields[0].hasPrefix("@") || fields.prefix(5).allSatisfy(Self.isTime)
        else {
            throw InvalidSetting(
                "‘\(key)=\(text)’ is not NAME=MINUTE HOUR DAY MONTH WEEKDAY USER COMMAND, such as backup=0 3 * * * root /usr/local/bin/backup"
            )
        }
        guard AccountName.isName(String(fields[count])) else {
            throw InvalidSetting("‘\(fields[count])’ in ‘\(key)’ is not the name of a user")
        }
    }

    package var isOff: Bool { text == "off" }

    private static func isTime(_ text: Substring) -> Bool {
        text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20)
                || [0x2A, 0x2C, 0x2D, 0x2F].contains($0)
        }
    }
}

/// Names of steps that people give.
enum StepName {
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && text.first != "-"
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || [0x2D, 0x5F].contains($0)
            }
    }
}
