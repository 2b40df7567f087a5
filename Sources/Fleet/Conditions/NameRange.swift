/// A set of numbered names, in cluster notation: `n[1-40]`, `rack[1-2]-n[01-16,20]`.
///
/// A number with leading zeros fixes the number of digits.
package struct NameRange: Equatable, Sendable {
    private enum Part: Equatable, Sendable {
        case text(String)
        case numbers([ClosedRange<Int>], digitCount: Int?)
    }

    private let parts: [Part]

    /// Nil when `text` has no brackets or their contents are invalid.
    package init?(_ text: some StringProtocol) {
        var parts: [Part] = []
        var rest = text.lowercased()[...]
        while let open = rest.firstIndex(of: "[") {
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            guard let close = rest[open...].firstIndex(of: "]") else { return nil }
            guard let numbers = Self.numbers(rest[rest.index(after: open)..<close]) else { return nil }
            parts.append(numbers)
            rest = rest[rest.index(after: close)...]
        }
        guard !parts.isEmpty, !rest.contains("]") else { return nil }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        self.parts = parts
    }

    private static func numbers(_ text: Substring) -> Part? {
        var ranges: [ClosedRange<Int>] = []
        var digitCount: Int?
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = item.split(separator: "-", omittingEmptySubsequences: false)
            guard (1...2).contains(ends.count), let first = Int(ends[0]),
                let last = Int(ends[ends.count - 1]),
                first >= 0, first <= last
            else { return nil }
            if ends[0].hasPrefix("0"), ends[0].count > 1 { digitCount = ends[0].count }
            ranges.append(first...last)
        }
        return .numbers(ranges, digitCount: digitCount)
    }

    package func contains(_ name: String) -> Bool {
        var rest = name.lowercased()[...]
        for part in parts {
            switch part {
            case .text(let text):
                guard rest.hasPrefix(text) else { return false }
                rest = rest.dropFirst(text.count)
            case .numbers(let ranges, let digitCount):
                let digits = rest.prefix { $0.isNumber }
                guard let number = Int(digits), ranges.contains(where: { $0.contains(number) }),
                    digitCount == nil ? digits.count == 1 || digits.first != "0" : digits.count == digitCount
                else { return false }
                rest = rest.dropFirst(digits.count)
            }
        }
        return rest.isEmpty
    }
}
