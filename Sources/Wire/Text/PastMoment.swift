/// A moment in the past as people ask for it: a time, an age, or seconds since 1970.
package enum PastMoment: Equatable, Sendable {
    /// Seconds since 1970.
    case second(Int)
    /// This many seconds ago.
    case age(Int)

    private static let units: [Character: Int] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800]
    /// `2026-11-21T10:00:00Z`, `2026-11-21`, `2h` or `1763719200`.
    package init(_ text: String, _ form: MomentText.Origin = .typed) throws(UnreadableMoment) {
        if let count = Self.number(text) {
            // Rather a year, or a day without its dashes, than seconds in the first years after 1970.
            guard ![4, 8].contains(text.utf8.count) else {
                throw UnreadableMoment(
                    description: "‘\(text)’ is not a time: the dashes of a day are missing; \(Self.forms)")
            }
            self = .second(count)
        } else if let last = text.last, let count = Self.number(text.dropLast()) {
            guard let unit = Self.units[last] else {
                throw UnreadableMoment(
                    description:
                        "‘\(text.prefix(40))’ is not an age: it ends in s, m, h, d or w; \(Self.forms)")
            }
            let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
            self = .age(overflow ? .max : seconds)
        } else {
            do {
                self = .second(try MomentText.milliseconds(text, form) / 1_000)
            } catch {
                throw UnreadableMoment(description: "\(error); ages are 30m, 2h, 7d")
            }
        }
    }

    private static let forms = "write 2026-11-21T10:00:00Z, 2026-11-21, or an age such as 30m, 2h, 7d"

    /// Seconds since 1970; a moment that is still to come is now.
    package func second(now: Int) -> Int {
        switch self {
        case .second(let second): max(0, min(second, now))
        case .age(let seconds): max(0, now - min(seconds, now))
        }
    }

    /// Digits only: a sign or a foreign digit is none of a time.
    private static func number(_ text: some StringProtocol) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text) ?? .max
    }
}
