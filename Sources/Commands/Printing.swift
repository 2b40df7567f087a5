package import Foundation
import Linux
import Wire

/// Prints text for people to standard output. Some of it comes from machines, so control characters are removed.
///
/// It shadows the standard library's `print` in this module, so that no command can forget it.
package func print(_ text: String, terminator: String = "\n") {
    Swift.print(PlainText(text, keepingLines: true), terminator: terminator)
}

/// Hands over what was printed. A pipe or a file gets it in pieces of some kilobytes otherwise: too late for what is followed.
package func flushPrinted() { fflush(nil) }

/// Why what was printed is not where it should be, such as in a file on a full disk; nil: it is, or a pipe's reader has read enough.
package func lossOfPrinted() -> String? {
    let cause = StandardOutput.loss()
    return switch cause {
    case 0, EPIPE: nil
    case -1: "what was printed is not whole: some of it could not be written"
    default: "what was printed is not whole: \(KernelErrorText.of(cause))"
    }
}

/// Prints JSON to standard output, with escapes for characters that a terminal would obey.
package func print(json data: Data) {
    Swift.print(PlainText(json: data))
}

/// Writes to standard error, as `print` does to standard output.
///
/// A closed terminal is no reason to crash: the command continues, or cleans up.
package func printError(_ text: String, terminator: String = "\n") {
    let plain = PlainText(text + terminator, keepingLines: true).description
    // What was printed before comes before it, also where both go into one file.
    flushPrinted()
    try? FileHandle.standardError.write(contentsOf: Data(plain.utf8))
}

/// Prints what failed to standard error. Of a line that repeats a very long value the beginning is enough.
package func printFailure(_ text: String) { printError(shortened(text)) }

/// `text` with the beginnings of its longest lines.
func shortened(_ text: String) -> String {
    let byteLimit = 4_000
    guard text.utf8.count > byteLimit else { return text }
    return text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
        line.utf8.count <= byteLimit ? String(line) : String(line).beginning(byteCount: byteLimit) + "…"
    }.joined(separator: "\n")
}

/// Prints comma-separated values to standard output: lines end as in RFC 4180, and control characters are removed.
package func print(csv data: Data) {
    for line in String(decoding: data, as: UTF8.self).split(separator: "\r\n") {
        Swift.print(PlainText(String(line)), terminator: "\r\n")
    }
}

/// Writes to standard output as it is: the content of a file that was asked for, or what clears a terminal.
func write(_ content: Data) throws {
    try FileHandle.standardOutput.write(contentsOf: content)
}
