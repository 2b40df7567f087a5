/// The name, code and type of a DHCP option (RFC 2132 §2); each option's own file extends it.
package struct DHCPOption<Value: WireCodable>: Sendable {
    package let code: UInt8
    package init(code: UInt8) { self.code = code }
}

/// The options of one DHCP message, in the order in which they came.
///
/// The values lie in one array with an index beside it, so that a message costs two allocations however many
/// options it has.
package struct DHCPOptions: Sendable {
    private struct Entry {
        var code: UInt8
        var start: Int32
        var byteCount: Int32
    }

    private var bytes: [UInt8] = []
    private var index: [Entry] = []

    package init() {}

    /// The codes that have a value.
    package var codes: [UInt8] { index.map(\.code) }

    /// The bytes of an option; several occurrences joined (RFC 3396 §7). Setting nil removes it.
    package subscript(code: UInt8) -> [UInt8]? {
        get {
            index.first { $0.code == code }.map { Array(bytes[Int($0.start)..<Int($0.start + $0.byteCount)]) }
        }
        set {
            index.removeAll { $0.code == code }
            guard let newValue else { return }
            index.append(Entry(code: code, start: Int32(bytes.count), byteCount: Int32(newValue.count)))
            bytes.append(contentsOf: newValue)
        }
    }

    /// The value of an option: nil when absent, an error when malformed or when bytes are left over.
    package func value<Value>(of option: DHCPOption<Value>) throws(WireError) -> Value? {
        guard let entry = index.first(where: { $0.code == option.code }) else { return nil }
        var wire = bytes.span.extracting(Int(entry.start)..<Int(entry.start + entry.byteCount))
        let value = try Value(parsing: &wire)
        guard wire.isEmpty else { throw .trailing(byteCount: wire.count) }
        return value
    }

    package mutating func set<Value>(_ option: DHCPOption<Value>, to value: Value) {
        index.removeAll { $0.code == option.code }
        let start = bytes.count
        value.write(to: &bytes)
        index.append(Entry(code: option.code, start: Int32(start), byteCount: Int32(bytes.count - start)))
    }

    package func has(_ code: UInt8) -> Bool { index.contains { $0.code == code } }
}

extension DHCPOptions: Equatable {
    package static func == (left: Self, right: Self) -> Bool {
        left.codes == right.codes && left.codes.allSatisfy { left[$0] == right[$0] }
    }
}

extension DHCPOptions: WireCodable {
    private static let pad: UInt8 = 0
    private static let end: UInt8 = 255

    /// Options up to the end mark or the end of the bytes: firmware that leaves the mark out exists, and a message
    /// of 1,500 bytes cannot hold more than its bytes.
    package init(parsing wire: inout Span<UInt8>) throws(WireError) {
        bytes.reserveCapacity(wire.count)
        index.reserveCapacity(24)
        try append(parsing: &wire)
    }

    /// Reads one more field of options: the `file` or `sname` field of an overloaded message (RFC 2131 §4.1).
    package mutating func append(parsing wire: inout Span<UInt8>) throws(WireError) {
        while !wire.isEmpty {
            let code: UInt8 = try wire.read()
            if code == Self.pad { continue }
            if code == Self.end { return }
            let length: UInt8 = try wire.read()
            guard wire.count >= Int(length) else {
                throw .truncated(needed: Int(length), left: wire.count)
            }
            if has(code) {
                var whole = self[code] ?? []
                for position in 0..<Int(length) { whole.append(wire[position]) }
                self[code] = whole
            } else {
                index.append(Entry(code: code, start: Int32(bytes.count), byteCount: Int32(length)))
                for position in 0..<Int(length) { bytes.append(wire[position]) }
            }
            try wire.skip(Int(length))
        }
    }

    /// Message type first (some firmware looks no further), relay agent information last (RFC 3046 §2.2), the others
    /// in code order; a value above 255 bytes in several parts (RFC 3396 §5); the end mark.
    package func write(to wire: inout [UInt8]) {
        func rank(_ code: UInt8) -> Int { code == 53 ? -1 : code == 82 ? 256 : Int(code) }
        for entry in index.sorted(by: { rank($0.code) < rank($1.code) }) {
            var start = Int(entry.start)
            let end = start + Int(entry.byteCount)
            repeat {
                let count = min(255, end - start)
                wire.append(entry.code)
                wire.append(UInt8(count))
                wire.append(contentsOf: bytes[start..<start + count])
                start += count
            } while start < end
        }
        wire.append(Self.end)
    }
}
