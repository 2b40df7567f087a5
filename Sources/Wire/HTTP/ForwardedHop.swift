/// What one proxy says about a request: an element of the `Forwarded` field (RFC 7239 §4).
package struct ForwardedHop: Equatable, Sendable {
    /// The client of that proxy (`for`, §5.2, without its port); nil when unknown, obfuscated (§6.3), missing or unreadable.
    package var client: IPAddress?
    /// The protocol of the request to that proxy (`proto`, §5.4), in lower case.
    package var scheme: String?

    package init(client: IPAddress? = nil, scheme: String? = nil) {
        self.client = client
        self.scheme = scheme
    }

    /// The elements of one field, in the order of the proxies on the path.
    ///
    /// Once an element breaks the syntax, the number of those that follow is unknown: the rest counts as one without a client.
    package static func read(_ field: String) -> [ForwardedHop] {
        var rest = Array(field.utf8)[...]
        var hops: [ForwardedHop] = []
        while !rest.isEmpty {
            // A list may have empty elements (RFC 9110 §5.6.1.2).
            skipBlanks(&rest)
            if rest.first == comma || rest.isEmpty {
                rest = rest.dropFirst()
                continue
            }
            guard let hop = element(&rest) else { return hops + [ForwardedHop()] }
            hops.append(hop)
            rest = rest.dropFirst()
        }
        return hops
    }

    // MARK: Elements

    private static let (comma, semicolon, equals, quote, backslash) = (
        UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: "\""), UInt8(ascii: "\\")
    )

    /// `[ pair ] *( ";" [ pair ] )`, up to a comma or the end; nil when malformed.
    private static func element(_ rest: inout ArraySlice<UInt8>) -> ForwardedHop? {
        var values: [String: String] = [:]
        while true {
            skipBlanks(&rest)
            if rest.first != semicolon, rest.first != comma, !rest.isEmpty {
                guard let (name, value) = pair(&rest), values[name] == nil else { return nil }
                values[name] = value
                skipBlanks(&rest)
            }
            guard rest.first == semicolon else { break }
            rest = rest.dropFirst()
        }
        guard rest.isEmpty || rest.first == comma else { return nil }
        return ForwardedHop(
            client: values["for"].flatMap(address(of:)), scheme: values["proto"].map { $0.lowercased() })
    }

    /// `token "=" ( token / quoted-string )`; the name becomes lower case. Spaces around the equals sign break the grammar but are
    /// accepted.
    private static func pair(_ rest: inout ArraySlice<UInt8>) -> (name: String, value: String)? {
        guard let name = token(&rest) else { return nil }
        skipBlanks(&rest)
        guard rest.first == equals else { return nil }
        rest = rest.dropFirst()
        skipBlanks(&rest)
        let value = rest.first == quote ? quoted(&rest) : token(&rest, allows: unquoted)
        return value.map { (name.lowercased(), $0) }
    }

    /// Accepts addresses with colons and brackets without the quotes that they need (§6), as some proxies send them.
    private static let unquoted: Set<UInt8> = Set("[]:".utf8)

    private static func token(_ rest: inout ArraySlice<UInt8>, allows more: Set<UInt8> = []) -> String? {
        let bytes = rest.prefix { isTokenByte($0) || more.contains($0) }
        rest = rest.dropFirst(bytes.count)
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// RFC 9110 §5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    /// RFC 9110 §5.6.4: between quotes; a backslash escapes the next character. Nil without the closing quote.
    private static func quoted(_ rest: inout ArraySlice<UInt8>) -> String? {
        rest = rest.dropFirst()
        var bytes: [UInt8] = []
        while let byte = rest.popFirst() {
            if byte == quote { return String(decoding: bytes, as: UTF8.self) }
            guard byte == backslash else {
                bytes.append(byte)
                continue
            }
            guard let escaped = rest.popFirst() else { return nil }
            bytes.append(escaped)
        }
        return nil
    }

    private static func skipBlanks(_ rest: inout ArraySlice<UInt8>) {
        rest = rest.drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    }

    // MARK: Nodes

    /// The address of `nodename [ ":" node-port ]` (§6); nil for `unknown`, for `_hidden`, and for an IPv6 address without brackets, whose
    /// end cannot be told from a port.
    private static func address(of node: String) -> IPAddress? {
        guard node.first == "[" else {
            let parts = node.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count < 2 || parts.count == 2 && isPort(parts[1]) else { return nil }
            return IPAddress(parts[0])
        }
        let parts = node.dropFirst().split(separator: "]", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].contains(":") else { return nil }
        guard parts[1].isEmpty || parts[1].first == ":" && isPort(parts[1].dropFirst()) else { return nil }
        return IPAddress(parts[0])
    }

    /// `1*5DIGIT`, or an obfuscated name (§6.3).
    private static func isPort(_ text: Substring) -> Bool {
        guard text.first == "_" else {
            return (1...5).contains(text.utf8.count) && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        }
        return text.utf8.count > 1
            && text.utf8.allSatisfy { isTokenByte($0) && !"!#$%&'*+^`|~".utf8.contains($0) }
    }
}
