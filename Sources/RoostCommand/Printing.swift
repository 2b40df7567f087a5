import Fleet
import Foundation

/// Writes to standard output for people. What machines say of themselves is among it: no control character gets through.
///
/// It stands before the standard library's in this module, so that no command can forget it.
func print(_ text: String, terminator: String = "\n") {
    Swift.print(PlainText(text, keepingLines: true), terminator: terminator)
}

/// Writes JSON to standard output, with escapes for what a terminal would obey.
func print(json data: Data) {
    var safe = ""
    for scalar in String(decoding: data, as: UTF8.self).unicodeScalars {
        if PlainText.isControl(scalar), scalar != "\n" {
            let digits = String(scalar.value, radix: 16)
            safe += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        } else {
            safe.unicodeScalars.append(scalar)
        }
    }
    Swift.print(safe)
}

/// Writes to standard error, as `print` does to standard output.
///
/// That a terminal has gone away is no reason to crash: what is under way goes on, or clears away what it has made.
func printError(_ text: String, terminator: String = "\n") {
    let plain = PlainText(text + terminator, keepingLines: true).description
    try? FileHandle.standardError.write(contentsOf: Data(plain.utf8))
}
