/// A time to come, as people write it.
package enum WrittenTime: Equatable, Sendable {
    /// Seconds since 1970: `2026-12-01T22:00Z`.
    case moment(Int)
    /// The same on the clocks of some place: `2026-12-01 22:00`.
    case local(Int)
    /// Minutes after midnight, of today or tomorrow: `22:00`.
    case timeOfDay(Int)
    /// Seconds from now: `+2h`.
    case later(Int)

    private static let forms = "write 22:00, 2026-12-01 22:00, 2026-12-01T22:00+01:00, or +2h"

    package init(_ text: String) throws(UnreadableMoment) {
        if text.hasPrefix("+") {
            guard let seconds = Duration.seconds(written: text.dropFirst()) else {
                throw UnreadableMoment(
                    description: "‘\(text.prefix(40))’ is not a time: \(Self.forms)")
            }
            self = .later(seconds)
        } else if let minute = Self.minute(text) {
            self = .timeOfDay(minute)
        } else {
            // Of what does not begin with a year, no part of a date is told to be wrong.
            guard text.utf8.count > 4, text.utf8.prefix(4).allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw UnreadableMoment(description: "‘\(text.prefix(40))’ is not a time: \(Self.forms)")
            }
            do throws(UnreadableMoment) {
                self = try MomentText.local(text)
            } catch {
                throw UnreadableMoment(description: "\(error.description); \(Self.forms)")
            }
        }
    }

    /// Minutes after midnight; nil for anything but `22:00`.
    package static func minute(_ text: some StringProtocol) -> Int? {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.count == 2 && $0.allSatisfy { (0x30...0x39).contains($0) } }),
            let hour = Int(String(decoding: parts[0], as: UTF8.self)),
            let minute = Int(String(decoding: parts[1], as: UTF8.self)), hour < 24, minute < 60
        else { return nil }
        return hour * 60 + minute
    }

    /// Seconds since 1970; a time of the day is the next one after now.
    package func second(in zone: ZoneFile, now: Int) -> Int {
        switch self {
        case .moment(let second): return second
        case .local(let second): return zone.moment(ofLocal: second)
        case .later(let seconds): return now + seconds
        case .timeOfDay(let minute):
            let today = zone.local(at: now) / 86_400
            let moments = (0...2).map { zone.moment(ofLocal: (today + $0) * 86_400 + minute * 60) }
            return moments.first { $0 > now } ?? now
        }
    }
}

extension Duration {
    /// A length of time as people write it: `90s`, `30m`, `2h`, `1d`, at most ten years.
    package static func seconds(written text: some StringProtocol) -> Int? {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
        let digits = text.dropLast()
        guard let unit = text.last.flatMap({ units[$0] }), (1...9).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(digits),
            count * unit <= 3_653 * 86_400
        else { return nil }
        return count * unit
    }
}
