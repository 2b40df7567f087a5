/// Revisions that were made and given out, and that the present state does not have: it was copied back, or is a snapshot's.
package struct LostRevisions: Equatable, Sendable {
    package var numbers: ClosedRange<Int>
    /// When that was noticed: seconds since 1970.
    package var noticedAt: Int

    /// Who enters the revision that passes over them.
    package static let who = "roost"
    package static let what = "this state is older than what was given out"

    package init(_ numbers: ClosedRange<Int>, noticedAt: Int) {
        (self.numbers, self.noticedAt) = (numbers, noticedAt)
    }

    package var text: String { "\(numbers.lowerBound) to \(numbers.upperBound)" }
}
