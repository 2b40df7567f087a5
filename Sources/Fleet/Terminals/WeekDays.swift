/// Days of the week as people write them: `mon-fri`, `sat,sun`. Their numbers begin with Monday, which is 0.
enum WeekDays {
    private static let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    /// Nil for another form.
    ///
    /// - Parameter text: in lower case.
    static func read(_ text: Substring) -> Set<Int>? {
        var days: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false)
                .map { names.firstIndex(of: String($0)) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1] else {
                return nil
            }
            // From Saturday to Monday, too.
            for step in 0...((last - first + 7) % 7) { days.insert((first + step) % 7) }
        }
        return days
    }

    /// Neighbouring days as a range, also from Saturday to Monday.
    static func text(_ days: Set<Int>) -> String {
        // Where a range begins: behind a day that is none of them.
        let first = (0..<7).first { !days.contains(($0 + 6) % 7) && days.contains($0) }
        guard let first, days.count < 7 else { return "mon-sun" }
        var parts: [String] = []
        var step = 0
        while step < 7 {
            let start = (first + step) % 7
            step += 1
            guard days.contains(start) else { continue }
            var last = start
            while days.contains((last + 1) % 7) {
                last = (last + 1) % 7
                step += 1
            }
            parts.append(start == last ? names[start] : "\(names[start])-\(names[last])")
        }
        return parts.joined(separator: ",")
    }
}
