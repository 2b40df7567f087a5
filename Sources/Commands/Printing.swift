package import Foundation
import Wire

/// Writes to standard output for people. What machines say of themselves is among it: no control character gets through.
///
/// It stands before the standard library's in this module, so that no command can forget it.
package func print(_ text: String, terminator: String = "\n") {
    Swift.print(PlainText(text, keepingLines: true), terminator: terminator)
}

/// Writes JSON to standard output, with escapes for what a terminal would obey.
package func print(json data: Data) {
    Swift.print(PlainText(json: data))
}

/// Writes to standard error, as `print` does to standard output.
///
/// That a terminal has gone away is no reason to crash: what is under way goes on, or clears away what it has made.
package func printError(_ text: String, terminator: String = "\n") {
    let plain = PlainText(text + terminator, keepingLines: true).description
    try? FileHandle.standardError.write(contentsOf: Data(plain.utf8))
}

/// Writes comma-separated values to standard output: their lines end as RFC 4180 has it, and nothing else in them is obeyed.
package func print(csv data: Data) {
    for line in String(decoding: data, as: UTF8.self).split(separator: "\r\n") {
        Swift.print(PlainText(String(line)), terminator: "\r\n")
    }
}
