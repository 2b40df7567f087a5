/// A value with one form in bytes. Both directions stand next to each other and keep the same field order.
package protocol WireCodable {
    /// Reads the value from the front of `wire` and consumes it.
    init(parsing wire: inout Span<UInt8>) throws(WireError)

    /// Appends the value.
    func write(to wire: inout [UInt8])
}

/// Parsing consumes a span from the front; the span itself is the cursor.
extension Span<UInt8> {
    /// The next integer, most significant byte first.
    package mutating func read<T: FixedWidthInteger>(_: T.Type = T.self) throws(WireError) -> T {
        let byteCount = T.bitWidth / 8
        guard count >= byteCount else { throw .truncated(needed: byteCount, left: count) }
        var value: T = 0
        for index in 0..<byteCount { value = value << 8 | T(truncatingIfNeeded: self[index]) }
        self = extracting(droppingFirst: byteCount)
        return value
    }

    /// The next `byteCount` bytes, copied.
    package mutating func read(byteCount: Int) throws(WireError) -> [UInt8] {
        guard byteCount >= 0, count >= byteCount else { throw .truncated(needed: byteCount, left: count) }
        let bytes = [UInt8](copying: extracting(first: byteCount))
        self = extracting(droppingFirst: byteCount)
        return bytes
    }

    /// Skips `byteCount` bytes.
    package mutating func skip(_ byteCount: Int) throws(WireError) {
        guard byteCount >= 0, count >= byteCount else { throw .truncated(needed: byteCount, left: count) }
        self = extracting(droppingFirst: byteCount)
    }
}

extension [UInt8] {
    /// An owned copy of a span's bytes.
    package init(copying span: borrowing Span<UInt8>) {
        unsafe self.init(unsafeUninitializedCapacity: span.count) { buffer, count in
            for index in 0..<span.count { unsafe buffer[index] = span[index] }
            count = span.count
        }
    }

    /// Appends an integer, most significant byte first.
    @inlinable
    package mutating func write<T: FixedWidthInteger>(_ value: T) {
        unsafe Swift.withUnsafeBytes(of: value.bigEndian) { unsafe append(contentsOf: $0) }
    }

    /// Writes an integer over the bytes at `start`, which must exist.
    @inlinable
    package mutating func overwrite<T: FixedWidthInteger>(_ value: T, at start: Int) {
        let byteCount = T.bitWidth / 8
        for index in 0..<byteCount {
            self[start + index] = UInt8(truncatingIfNeeded: value >> T(8 * (byteCount - 1 - index)))
        }
    }

    /// Appends `text` in UTF-8.
    package mutating func write(_ text: String) { append(contentsOf: text.utf8) }
}

extension UInt8: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) { self = try wire.read() }
    package func write(to wire: inout [UInt8]) { wire.append(self) }
}

extension UInt16: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) { self = try wire.read() }
    package func write(to wire: inout [UInt8]) { wire.write(self) }
}

extension UInt32: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) { self = try wire.read() }
    package func write(to wire: inout [UInt8]) { wire.write(self) }
}

/// As many elements as the bytes contain.
extension Array: WireCodable where Element: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        self = []
        while !wire.isEmpty { append(try Element(parsing: &wire)) }
    }

    package func write(to wire: inout [UInt8]) {
        for element in self { element.write(to: &wire) }
    }
}

/// Text as firmware sends it: all remaining bytes, without the NUL that some append.
extension String: WireCodable {
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        var bytes = try wire.read(byteCount: wire.count)
        while bytes.last == 0 { bytes.removeLast() }
        self = String(decoding: bytes, as: UTF8.self)
    }

    package func write(to wire: inout [UInt8]) { wire.append(contentsOf: utf8) }
}
