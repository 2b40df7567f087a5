/// Names for several machines: `lab-[01-20]`, with as many digits as its first number has. `lab-{01..20}` is the same.
package struct NameSequence: Equatable, Sendable {
    /// Machines that are named at once.
    package static let countLimit = 1_000

    private let head: String
    private let tail: String
    private let numbers: ClosedRange<Int>
    private let digitCount: Int

    package init(_ text: some StringProtocol) throws(InvalidName) {
        func fail() -> InvalidName {
            InvalidName(
                text,
                rule: "a pattern has one range of at most \(Self.countLimit) numbers in brackets: lab-[01-20]"
            )
        }
        let hasBraces = text.contains("{")
        let (opening, closing): (Character, Character) = hasBraces ? ("{", "}") : ("[", "]")
        let dash = hasBraces ? ".." : "-"
        let parts = text.split(separator: opening, omittingEmptySubsequences: false)
        guard parts.count == 2 else { throw fail() }
        let rest = parts[1].split(separator: closing, omittingEmptySubsequences: false)
        guard rest.count == 2 else { throw fail() }
        let ends = rest[0].split(separator: dash, omittingEmptySubsequences: false)
        guard ends.count == 2, ends[0].count <= 9, let first = Int(ends[0]), let last = Int(ends[1]),
            first >= 0, first <= last, last - first < Self.countLimit
        else { throw fail() }
        (head, tail, numbers) = (String(parts[0]), String(rest[1]), first...last)
        digitCount = ends[0].hasPrefix("0") ? ends[0].count : 1
        // The longest of them shows whether all are names.
        _ = try NodeName(self.text(of: last))
        _ = try NodeName(self.text(of: first))
    }

    private func text(of number: Int) -> String {
        let digits = String(number)
        return head + String(repeating: "0", count: max(0, digitCount - digits.count)) + digits + tail
    }

    /// The first names that are free, in order; fewer than `count` where there are no more.
    package func names(_ count: Int, isFree: (NodeName) -> Bool) -> [NodeName] {
        var names: [NodeName] = []
        for number in numbers where names.count < count {
            guard let name = try? NodeName(text(of: number)), isFree(name) else { continue }
            names.append(name)
        }
        return names
    }
}
