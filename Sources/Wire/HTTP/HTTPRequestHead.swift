/// The head of an HTTP/1.1 request (RFC 9112 §3 and §5), as far as boot clients use it.
package struct HTTPRequestHead: Equatable, Sendable {
    /// A longer head is refused. Its first line alone may have 8,000 bytes (RFC 9112 §3).
    package static let byteLimit = 16 * 1024
    package static let fieldCountLimit = 64

    package var method: String
    /// Path and query as received.
    package var target: String
    /// The major version.
    package var majorVersion: Int
    /// The minor version; above 1 it means the same as 1 (RFC 9110 §2.5).
    package var minorVersion: Int
    /// Names in lower case, in the order received.
    package var fields: [Field]

    package struct Field: Equatable, Sendable {
        package var name: String
        package var value: String
    }

    /// The value of a field; nil when absent. Firmware never repeats a field that we read.
    package subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The path without its query.
    package var path: Substring {
        target.utf8.firstIndex(of: UInt8(ascii: "?")).map { target[..<$0] } ?? target[...]
    }

    /// The value of a query parameter, percent-decoded.
    package func query(_ name: String) -> String? {
        // Bytes: characters cost a report of a node several microseconds.
        guard let start = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return nil }
        for pair in target.utf8[start...].dropFirst().split(separator: UInt8(ascii: "&")) {
            let end = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            guard pair[..<end].elementsEqual(name.utf8) else { continue }
            return Self.percentDecoded(Substring(pair[end...].dropFirst()))
        }
        return nil
    }

    /// Nil when a percent sign is not followed by two hexadecimal digits.
    package static func percentDecoded(_ text: some StringProtocol) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst()?.hexadecimalDigit, let low = rest.popFirst()?.hexadecimalDigit
            else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var decimalDigit: Int? { (0x30...0x39).contains(self) ? Int(self) - 0x30 : nil }

    /// The value of an ASCII digit; nil for other bytes.
    var hexadecimalDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension HTTPRequestHead {
    /// Bytes up to and including the empty line that ends the head; nil until that has arrived.
    package static func byteCount(in wire: borrowing Span<UInt8>) -> Int? {
        var index = 0
        var lineStart = 0
        while index < wire.count {
            if wire[index] == 0x0A {
                let isEmpty = index == lineStart || (index == lineStart + 1 && wire[lineStart] == 0x0D)
                if isEmpty, lineStart > 0 { return index + 1 }
                lineStart = index + 1
            }
            index += 1
        }
        return nil
    }

    /// The first line of a head.
    private struct RequestLine {
        var method: ArraySlice<UInt8>
        var target: ArraySlice<UInt8>
        var major: Int
        var minor: Int

        /// Nil when it is none.
        init?(_ line: [UInt8]) {
            guard let firstSpace = line.firstIndex(of: 0x20), let lastSpace = line.lastIndex(of: 0x20),
                firstSpace > 0, firstSpace < lastSpace
            else { return nil }
            method = line[..<firstSpace]
            target = line[(firstSpace + 1)..<lastSpace]
            // HTTP/1.1
            let version = line[(lastSpace + 1)...]
            guard !target.contains(0x20), version.count == 8, version.starts(with: "HTTP/".utf8),
                version[lastSpace + 7] == 0x2E, let major = version[lastSpace + 6].decimalDigit,
                let minor = version[lastSpace + 8].decimalDigit
            else { return nil }
            (self.major, self.minor) = (major, minor)
        }
    }

    /// Whether a line, without its line feed, can begin a head: the rest of one that cannot need not be waited for.
    package static func isRequestLine(_ line: [UInt8]) -> Bool {
        RequestLine(line.last == 0x0D ? line.dropLast() : line) != nil
    }

    /// Reads a whole head, including the empty line. Works on bytes: only what is kept becomes text.
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        guard wire.count <= Self.byteLimit else {
            throw .tooLong("head", count: wire.count, limit: Self.byteLimit)
        }
        let requestLine = try wire.readLine()
        guard let line = RequestLine(requestLine) else { throw .invalid("request line") }
        (majorVersion, minorVersion) = (line.major, line.minor)
        method = String(decoding: line.method, as: UTF8.self)
        target = String(
            decoding: try Self.target(line.target, method: method),
            as: UTF8.self)
        fields = []
        while true {
            let line = try wire.readLine()
            if line.isEmpty { return }
            guard fields.count < Self.fieldCountLimit else {
                throw .tooLong("fields", count: fields.count + 1, limit: Self.fieldCountLimit)
            }
            // A space before the colon and folded lines are used to smuggle requests (RFC 9112 §5.1, §5.2).
            guard let colon = line.firstIndex(of: 0x3A), colon > 0,
                !line[..<colon].contains(where: { $0 == 0x20 || $0 == 0x09 })
            else { throw .invalid("field") }
            let name = line[..<colon].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            var value = line[(colon + 1)...]
            while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
            while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
            fields.append(
                Field(
                    name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self)
                ))
        }
    }
}

extension HTTPRequestHead {
    /// A request's target as a path: the absolute form (RFC 9112 §3.2.2) is reduced to its path. `*` is for OPTIONS only (§3.2.4).
    private static func target(_ words: ArraySlice<UInt8>, method: String) throws(WireError) -> ArraySlice<
        UInt8
    > {
        if words.first == 0x2F || method == "OPTIONS" && words.elementsEqual([0x2A]) { return words }
        let scheme = Array("http://".utf8)
        guard words.count > scheme.count,
            zip(words, scheme).allSatisfy({ $0 == $1 || (0x41...0x5A).contains($0) && $0 | 0x20 == $1 })
        else { throw .invalid("request target") }
        let rest = words.dropFirst(scheme.count)
        switch rest.firstIndex(where: { $0 == 0x2F || $0 == 0x3F }) {
        case nil: return [0x2F]
        case let start? where rest[start] == 0x3F: return [0x2F] + rest[start...]
        case let start?: return rest[start...]
        }
    }
}

extension Span<UInt8> {
    /// The bytes up to the next line end, which is consumed as well.
    fileprivate mutating func readLine() throws(WireError) -> [UInt8] {
        var length = 0
        while length < count, self[length] != 0x0A { length += 1 }
        guard length < count else { throw .truncated(needed: length + 1, left: count) }
        var bytes = try read(byteCount: length)
        try skip(1)
        if bytes.last == 0x0D { bytes.removeLast() }
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F || $0 == 0x09 }) else { throw .invalid("head") }
        return bytes
    }
}
