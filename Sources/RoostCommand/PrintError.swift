import Foundation

/// Writes to standard error, as `print` does to standard output.
///
/// That a terminal has gone away is no reason to crash: what is under way goes on, or clears away what it has made.
func printError(_ text: String, terminator: String = "\n") {
    try? FileHandle.standardError.write(contentsOf: Data((text + terminator).utf8))
}
