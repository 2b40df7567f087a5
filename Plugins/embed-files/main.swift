// embed-files OUTPUT FILE...: writes Swift source that contains texts: FILE ‘page.mustache’ becomes `Embedded.page_mustache`.

import Foundation

/// A Swift literal that holds the text.
func literal(_ text: String) -> String {
    var literal = ""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": literal += #"\\"#
        case "\"": literal += #"\""#
        case "\n": literal += #"\n"#
        case _ where scalar.properties.generalCategory == .control:
            literal += #"\u{\#(String(scalar.value, radix: 16))}"#
        default: literal.unicodeScalars.append(scalar)
        }
    }
    return "\"\(literal)\""
}

let declarations = try CommandLine.arguments.dropFirst(2).map { path in
    let name = URL(filePath: path).lastPathComponent.map { $0.isLetter || $0.isNumber ? $0 : "_" }
    return "    static let \(String(name)) = \(literal(try String(contentsOfFile: path, encoding: .utf8)))\n"
}
try "enum Embedded {\n\(declarations.joined())}\n".write(
    toFile: CommandLine.arguments[1], atomically: true, encoding: .utf8)
