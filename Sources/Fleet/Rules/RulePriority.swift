/// Which of several rules that fit counts: that with the higher number.
package enum RulePriority {
    package static let range = -1_000_000...1_000_000
    package static let problem: Sentence = "the priority is a whole number, -1000000 to 1000000"

    /// - Parameter before: of the stored rule, which may be older than this check; nil: there is none.
    static func check(_ priority: Int, since before: Int?) throws(InvalidSetting) {
        guard priority != before, !range.contains(priority) else { return }
        throw InvalidSetting(problem)
    }
}
