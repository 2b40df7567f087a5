import Wire

/// A command that a node runs again and again, by a name: a timer of systemd, or a line of cron.
///
/// Moments are those that both can say, so that one setting is for all images.
package struct TimerLine: SettingEntry {
    package let key: String
    /// `WHEN -- COMMAND`, or `off`.
    package let text: String
    /// Nil where it is off.
    package let moments: Moments?
    /// Given to `/bin/sh`.
    package let command: String

    private static let mark = "--"
    private static let form: Sentence =
        "hourly, daily, weekly, monthly, ‘every 15min’, ‘every 6h’, ‘03:30’, ‘Mon..Fri 22:00’ or ‘*-*-1,15 03:30’"

    package init(reading key: String, _ text: String) throws(InvalidSetting) {
        guard StepName.isName(key) else {
            throw InvalidSetting("‘\(key)’ is not the name of a timer: letters, digits, - and _, 64 at most")
        }
        (self.key, self.text) = (key, text)
        if text == "off" {
            (moments, command) = (nil, "")
            return
        }
        let parts = text.split(whereSeparator: \.isWhitespace)
        let words = parts.prefix { $0 != Self.mark }
        guard words.count < parts.count else {
            throw InvalidSetting(
                "timer \(key) is not WHEN -- COMMAND, such as backup=daily -- /usr/bin/backup")
        }
        guard let moments = Moments(words.map(String.init)) else {
            throw InvalidSetting("‘\(words.joined(separator: " "))’ of timer \(key) is not \(Self.form)")
        }
        self.moments = moments
        command = String(text[parts[words.count].endIndex...].trimmed)
        guard !command.isEmpty, !command.contains("\0") else {
            throw InvalidSetting("timer \(key) has no command; ‘off’ takes a weaker level's away")
        }
    }

    package var isOff: Bool { moments == nil }

    /// When a timer runs.
    package struct Moments: Equatable, Sendable {
        /// An event expression (systemd.time(7)).
        package let calendar: String
        /// The first five fields of a line (crontab(5)).
        package let cron: String

        private init(_ calendar: String, _ cron: String) { (self.calendar, self.cron) = (calendar, cron) }

        private static let words: [String: Moments] = [
            "hourly": Moments("hourly", "0 * * * *"), "daily": Moments("daily", "0 0 * * *"),
            "weekly": Moments("weekly", "0 0 * * 1"), "monthly": Moments("monthly", "0 0 1 * *"),
        ]
        private static let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]

        /// Nil for what is none, or what only one of the two can say.
        init?(_ words: [String]) {
            switch words.count {
            case 1:
                if let known = Self.words[words[0]] {
                    self = known
                    return
                }
                guard let time = Self.time(words[0]) else { return nil }
                self.init("\(time.text):00", "\(time.fields) * * *")
            case 2 where words[0] == "every":
                guard let every = Self.every(words[1]) else { return nil }
                self = every
            case 2:
                guard let time = Self.time(words[1]) else { return nil }
                if let days = Self.daysOfMonth(words[0]) {
                    self.init("*-*-\(days) \(time.text):00", "\(time.fields) \(days) * *")
                } else if let days = Self.daysOfWeek(words[0]) {
                    let names = days.map { Self.days[$0] }.joined(separator: ",")
                    let numbers = days.map(String.init).joined(separator: ",")
                    self.init("\(names) \(time.text):00", "\(time.fields) * * \(numbers)")
                } else {
                    return nil
                }
            default: return nil
            }
        }

        /// `15min`, `6h`: what divides an hour or a day, so that it is the same moments each time.
        private static func every(_ text: String) -> Moments? {
            if text.hasSuffix("min"), let count = Int(text.dropLast(3)), (1...30).contains(count),
                60.isMultiple(of: count)
            {
                return Moments("*:0/\(count)", "*/\(count) * * * *")
            }
            guard text.hasSuffix("h"), let count = Int(text.dropLast()), (1...12).contains(count),
                24.isMultiple(of: count)
            else { return nil }
            return Moments("0/\(count):00", "0 */\(count) * * *")
        }

        /// `HH:MM`
        private static func time(_ text: String) -> (text: String, fields: String)? {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2,
                parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
                let hour = UInt8(parts[0]), let minute = UInt8(parts[1]), hour < 24, minute < 60
            else { return nil }
            return (text, "\(minute) \(hour)")
        }

        /// `*-*-1,15`, as `1,15`. Days that not every month has are fine: they are left out there.
        private static func daysOfMonth(_ text: String) -> String? {
            guard text.hasPrefix("*-*-") else { return nil }
            let days = text.dropFirst(4).split(separator: ",", omittingEmptySubsequences: false).map {
                UInt8($0)
            }
            guard days.allSatisfy({ $0.map { (1...31).contains($0) } == true }) else { return nil }
            return days.compactMap { $0.map(String.init) }.joined(separator: ",")
        }

        /// `Mon..Fri` and `Mon,Wed`, as numbers from Sunday, 0. Ranges become lists: not every cron knows Sunday as 7.
        private static func daysOfWeek(_ text: String) -> [Int]? {
            var numbers: [Int] = []
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                let ends = part.split(separator: "..", omittingEmptySubsequences: false).map { name in
                    days.firstIndex { $0.lowercased() == name.lowercased() }
                }
                guard (1...2).contains(ends.count), var day = ends[0], let last = ends[ends.count - 1] else {
                    return nil
                }
                numbers.append(day)
                while day != last {
                    day = (day + 1) % days.count
                    numbers.append(day)
                }
            }
            return numbers
        }
    }
}
