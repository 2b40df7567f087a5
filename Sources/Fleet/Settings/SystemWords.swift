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

    package var flaw: Sentence? { Self.flaw(of: settingText) }

    /// What no name server and no program of a node can reach.
    static func flaw(of text: String) -> Sentence? {
        if let address = IPAddress(text) {
            guard address.isOfOneHost else { return "‘\(text)’ is not the address of one host" }
            return nil
        }
        // RFC 1123 §2.1: what ends with a number is meant as an address.
        return text.split(separator: ".").last?.allSatisfy(\.isNumber) == true
            ? "‘\(text)’ is neither an address nor the name of a host" : nil
    }
}

extension IPAddress {
    /// Whether it can be that of a host: neither of all, of none, nor of a group.
    fileprivate var isOfOneHost: Bool {
        let first = description.prefix { $0.isNumber }
        if description.contains(":") {
            return description != "::" && !description.lowercased().hasPrefix("ff")
        }
        return Int(first).map { (1...223).contains($0) } ?? false
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

    package var flaw: Sentence? { HostWord.flaw(of: settingText) }
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

    package var flaw: Sentence? {
        guard !Self.isShaped(settingText) else { return nil }
        let parts = settingText.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let names = parts[0].split(separator: "_", maxSplits: 1, omittingEmptySubsequences: false)
        let meant =
            ([names.count == 2 ? "\(names[0].lowercased())_\(names[1].uppercased())" : names[0].lowercased()]
            + parts.dropFirst().map(String.init)).joined(separator: ".")
        let text: Sentence = "‘\(settingText)’ is not a locale, such as pt_PT.UTF-8"
        return text.followed(by: Self.isShaped(meant) ? "; did you mean ‘\(meant)’?" : "")
    }

    /// `LANGUAGE_COUNTRY.CODESET@MODIFIER`, as setlocale(3) has it.
    fileprivate static func isShaped(_ text: String) -> Bool {
        let form = /(C|POSIX|[a-z]{2,3}(_[A-Z]{2})?)(\.[A-Za-z0-9_-]+)?(@[A-Za-z0-9]+)?/
        return text.wholeMatch(of: form) != nil
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

    package var flaw: Sentence? {
        for suffix in [".map.gz", ".map", ".kmap.gz", ".kmap"] where settingText.hasSuffix(suffix) {
            return "‘\(settingText)’ is a file: the layout is \(settingText.dropLast(suffix.count))"
        }
        if settingText.contains("_"), LocaleName.isShaped(settingText) {
            return
                "‘\(settingText)’ is a locale: a keyboard layout is such as \(settingText.prefix { $0.isLetter })"
        }
        let isUpper = layout.count <= 3 && layout.allSatisfy(\.isUppercase)
        return isUpper
            ? "‘\(settingText)’ is not a keyboard layout; did you mean ‘\(settingText.lowercased())’?" : nil
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

    package var flaw: Sentence? { HostWord.flaw(of: host) }
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

    /// Programs that read a line with a time that there is not refuse all lines of the file.
    package var flaw: Sentence? {
        if isOff { return nil }
        let fields = text.split(separator: " ", maxSplits: 5).map(String.init)
        if fields[0].hasPrefix("@") {
            return Self.nicknames.contains(fields[0])
                ? nil : "‘\(fields[0])’ in ‘\(key)’ is not one of \(Self.nicknames.joined(separator: ", "))"
        }
        for (field, part) in zip(fields, Self.parts) where !part.takes(field) {
            return
                "‘\(field)’ in ‘\(key)’: \(part.name) of cron is \(part.range.lowerBound) to \(part.range.upperBound)"
        }
        return nil
    }

    private static let nicknames = [
        "@reboot", "@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually",
    ]

    /// One of the five fields of a time (crontab(5)).
    private struct Part: Sendable {
        let name: Sentence
        let range: ClosedRange<Int>
        var words: [String] = []

        /// A list of `*`, numbers, names and ranges, each with a step or without.
        func takes(_ field: String) -> Bool {
            field.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { item in
                let halves = item.split(separator: "/", omittingEmptySubsequences: false)
                guard (1...2).contains(halves.count),
                    halves.count == 1 || Int(halves[1]).map({ $0 > 0 }) == true
                else { return false }
                if halves[0] == "*" { return true }
                let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map(number)
                guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1]
                else {
                    return false
                }
                return first <= last
            }
        }

        private func number(_ text: Substring) -> Int? {
            if let place = words.firstIndex(of: text.lowercased()) { return range.lowerBound + place }
            return Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    private static let parts = [
        Part(name: "the minute", range: 0...59), Part(name: "the hour", range: 0...23),
        Part(name: "the day of the month", range: 1...31),
        Part(
            name: "the month", range: 1...12,
            words: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        Part(
            name: "the day of the week", range: 0...7,
            words: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ]

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
