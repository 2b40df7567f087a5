import Wire

/// Bytes from spaced hexadecimal: `35 01 05`.
func bytes(_ hex: String) -> [UInt8] {
    hex.split(whereSeparator: \.isWhitespace).map { UInt8($0, radix: 16) ?? 0 }
}

/// A value from all of `bytes`.
func parse<T: WireCodable>(_: T.Type = T.self, _ bytes: [UInt8]) throws -> T {
    var wire = bytes.span
    let value = try T(parsing: &wire)
    let left = wire.count
    guard left == 0 else { throw WireError.trailing(byteCount: left) }
    return value
}

func written(_ value: some WireCodable) -> [UInt8] {
    var wire: [UInt8] = []
    value.write(to: &wire)
    return wire
}
