/// A counted noun: `1 node`, `2 nodes`.
///
/// - Parameter noun: the singular, which takes an s in the plural.
package func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
