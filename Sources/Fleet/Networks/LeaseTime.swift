import Wire

/// How long an address is given for.
package struct LeaseTime: WrittenAsText {
    package static let form = "a duration of at least a minute (90s, 30m, 12h, 7d) or ‘infinite’"
    package static let standard = Self(seconds: 43_200)

    private static let units: [(letter: Character, seconds: UInt32)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]

    /// Nil: without end.
    package let seconds: UInt32?

    private init(seconds: UInt32?) { self.seconds = seconds }

    package init?(_ text: String) {
        if text == "infinite" {
            seconds = nil
            return
        }
        guard let unit = Self.units.first(where: { $0.letter == text.last }),
            let number = UInt32(text.dropLast())
        else { return nil }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: unit.seconds)
        guard !overflow, seconds >= 60 else { return nil }
        self.seconds = seconds
    }

    package var description: String {
        guard let seconds else { return "infinite" }
        let unit = Self.units.first { seconds.isMultiple(of: $0.seconds) } ?? ("s", 1)
        return "\(seconds / unit.seconds)\(unit.letter)"
    }
}
