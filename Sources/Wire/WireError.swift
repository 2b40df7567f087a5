/// Why bytes from outside could not be read.
package enum WireError: Error, Equatable {
    /// The message ends before the field does; both in bytes.
    case truncated(needed: Int, left: Int)
    /// Bytes follow where the message should have ended.
    case trailing(byteCount: Int)
    /// A length or count exceeds its field's named maximum.
    case tooLong(StaticFieldName, count: Int, limit: Int)
    /// A field holds a value that the protocol does not allow there.
    case invalid(StaticFieldName)
}

/// A field's name as its RFC spells it; static, so that an error costs no allocation.
package struct StaticFieldName: ExpressibleByStringLiteral, Equatable, Sendable, CustomStringConvertible {
    private let name: StaticString

    package init(stringLiteral name: StaticString) { self.name = name }

    package var description: String { name.description }

    package static func == (left: Self, right: Self) -> Bool { left.description == right.description }
}

extension WireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let needed, let left): "incomplete: \(needed) bytes needed, \(left) left"
        case .trailing(let byteCount): "\(byteCount) bytes too many"
        case .tooLong(let field, let count, let limit): "\(field) has \(count), at most \(limit) are allowed"
        case .invalid(let field): "\(field) is not valid"
        }
    }
}
