/// Whether something took noticeably long: more than twice the median, and more than two seconds longer.
///
/// - Parameter median: of the same on other nodes, in milliseconds; nil: unknown.
package func isOutlier(_ milliseconds: Int, median: Int?) -> Bool {
    median.map { milliseconds > 2 * $0 && milliseconds > $0 + 2_000 } ?? false
}
