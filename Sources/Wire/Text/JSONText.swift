/// JSON (RFC 8259) as text, for programs without Foundation: the output is always valid JSON.
package struct JSONText: Equatable, Sendable {
    package let text: String

    /// A string. Control characters become spaces: names that machines give themselves are shown on one line.
    package init(_ string: some StringProtocol) {
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case _ where scalar.value < 0x20: text += " "
            default: text.unicodeScalars.append(scalar)
            }
        }
        self.text = text + "\""
    }

    package init(_ number: Int) { text = String(number) }

    package init(_ flag: Bool) { text = flag ? "true" : "false" }

    package init(_ elements: [JSONText]) {
        text = "[\(elements.map(\.text).joined(separator: ","))]"
    }
}

/// An object, with its members in the order given.
extension JSONText: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral members: (String, JSONText)...) {
        text = "{\(members.map { "\(JSONText($0).text):\($1.text)" }.joined(separator: ","))}"
    }
}
