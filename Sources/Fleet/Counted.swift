/// A number of things as people say it: `1 node`, `2 nodes`.
///
/// - Parameter noun: the word for one of them, which takes an s for several.
package func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
