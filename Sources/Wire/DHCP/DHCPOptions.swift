/// The name, code and type of a DHCP option (RFC 2132 §2). Each option's own file extends it.
package struct DHCPOption<Value: WireCodable>: Sendable {
    package let code: UInt8
    package init(code: UInt8) { self.code = code }
}

/// The options of one DHCP message.
///
/// They lie in one array, in the order in which they are written, so that a message costs one allocation whatever its number of options.
package struct DHCPOptions: Equatable, Sendable {
    /// For each option: its code, the length of its value in two bytes, the value.
    private var entries: [UInt8] = []
    private static let headByteCount = 3
    private static let valueByteLimit = Int(UInt16.max)

    package init() {}

    /// The codes that have a value.
    package var codes: [UInt8] {
        var codes: [UInt8] = []
        var position = 0
        while position < entries.count {
            codes.append(entries[position])
            position += byteCount(at: position)
        }
        return codes
    }

    /// The bytes of an option; repeated options are joined (RFC 3396 §7). Setting nil removes it.
    package subscript(code: UInt8) -> [UInt8]? {
        get { position(of: code).map { Array(entries[valueRange(at: $0)]) } }
        set {
            guard let newValue else { return remove(code) }
            put(code) { $0 += newValue }
        }
    }

    /// The value of an option: nil when absent; throws when malformed or when bytes are left over.
    package func value<Value>(of option: DHCPOption<Value>) throws(WireError) -> Value? {
        guard let position = position(of: option.code) else { return nil }
        var wire = entries.span.extracting(valueRange(at: position))
        let value = try Value(parsing: &wire)
        guard wire.isEmpty else { throw .trailing(byteCount: wire.count) }
        return value
    }

    package mutating func set<Value>(_ option: DHCPOption<Value>, to value: Value) {
        put(option.code) { value.write(to: &$0) }
    }

    /// Copies the value from `other`, and keeps the present one when `other` has none.
    package mutating func copy(_ code: UInt8, from other: Self) {
        guard let position = other.position(of: code) else { return }
        put(code) { $0 += other.entries[other.valueRange(at: position)] }
    }

    package func has(_ code: UInt8) -> Bool { position(of: code) != nil }

    // MARK: Entries

    /// Message type first (some firmware reads no further), relay agent information last (RFC 3046 §2.2), the others in code order.
    private static func rank(_ code: UInt8) -> Int { code == 53 ? -1 : code == 82 ? 256 : Int(code) }

    /// Bytes of the entry at `position`, including its head.
    private func byteCount(at position: Int) -> Int {
        Self.headByteCount + (Int(entries[position + 1]) << 8 | Int(entries[position + 2]))
    }

    private func valueRange(at position: Int) -> Range<Int> {
        position + Self.headByteCount..<position + byteCount(at: position)
    }

    /// Where `code` is, or where it belongs.
    private func place(of code: UInt8) -> (position: Int, isThere: Bool) {
        let rank = Self.rank(code)
        var position = 0
        while position < entries.count {
            let other = Self.rank(entries[position])
            if other >= rank { return (position, other == rank) }
            position += byteCount(at: position)
        }
        return (position, false)
    }

    private func position(of code: UInt8) -> Int? {
        let (position, isThere) = place(of: code)
        return isThere ? position : nil
    }

    private mutating func remove(_ code: UInt8) {
        guard let position = position(of: code) else { return }
        removeEntry(at: position)
    }

    private mutating func removeEntry(at position: Int) {
        entries.removeSubrange(position..<position + byteCount(at: position))
    }

    /// Enters an option with the value that `write` appends, replacing the previous one.
    private mutating func put(_ code: UInt8, _ write: (inout [UInt8]) -> Void) {
        if entries.isEmpty { entries.reserveCapacity(256) }
        let (position, isThere) = place(of: code)
        if isThere { removeEntry(at: position) }
        let start = entries.count
        entries.append(code)
        entries.write(UInt16(0))
        write(&entries)
        let excess = entries.count - start - Self.headByteCount - Self.valueByteLimit
        if excess > 0 { entries.removeLast(excess) }
        entries.overwrite(UInt16(entries.count - start - Self.headByteCount), at: start + 1)
        // Rare: options mostly arrive, and are set, in order.
        if position < start {
            let entry = Array(entries[start...])
            entries.removeLast(entry.count)
            entries.insert(contentsOf: entry, at: position)
        }
    }
}

extension DHCPOptions: WireCodable {
    private static let pad: UInt8 = 0
    private static let end: UInt8 = 255

    /// Reads options up to the end mark, the end of the bytes, or a truncated option: some firmware omits the mark, and some relays cut a
    /// message to their own buffer. What came before is still good.
    package init(parsing wire: inout Span<UInt8>) { append(parsing: &wire) }

    /// Reads one more field of options: the `file` or `sname` field of an overloaded message (RFC 2131 §4.1).
    package mutating func append(parsing wire: inout Span<UInt8>) {
        while let code = try? wire.read(UInt8.self), code != Self.end {
            if code == Self.pad { continue }
            guard let length = try? wire.read(UInt8.self), wire.count >= Int(length) else { break }
            let value = wire.extracting(first: Int(length))
            wire = wire.extracting(droppingFirst: Int(length))
            let former = self[code]
            if former != nil, Self.fixedLengthCodes.contains(code) { continue }
            put(code) { entries in
                if let former { entries += former }
                for index in value.indices { entries.append(value[index]) }
            }
        }
        wire = wire.extracting(first: 0)
    }

    /// Options of a fixed length: a second one is a mistake, not a continuation (RFC 3396), and the first one counts.
    private static let fixedLengthCodes: Set<UInt8> = [50, 51, 52, 53, 54, 57, 97]

    /// Bytes of all options as written, including the end mark.
    package var byteCount: Int {
        var position = 0
        var count = 1
        while position < entries.count {
            count += Self.writtenByteCount(valueRange(at: position).count)
            position += byteCount(at: position)
        }
        return count
    }

    /// Bytes of an option as written, for a value of `count` bytes.
    private static func writtenByteCount(_ count: Int) -> Int { count + 2 * max(1, (count + 254) / 255) }

    /// Drops what does not fit into `limit` bytes. Options in `wanted` are kept first, in this order, then the others by code.
    package mutating func fit(_ limit: Int, wanted: some Sequence<UInt8>) {
        guard byteCount > limit else { return }
        var kept = Self()
        var left = limit - 1
        for code in Array(wanted) + codes where !kept.has(code) {
            guard let position = position(of: code) else { continue }
            let cost = Self.writtenByteCount(valueRange(at: position).count)
            guard cost <= left else { continue }
            left -= cost
            kept.copy(code, from: self)
        }
        self = kept
    }

    /// In the order of `rank`; a value above 255 bytes in several parts (RFC 3396 §5); then the end mark.
    package func write(to wire: inout [UInt8]) {
        var position = 0
        while position < entries.count {
            var part = valueRange(at: position)
            repeat {
                let count = min(255, part.count)
                wire.append(entries[position])
                wire.append(UInt8(count))
                wire.append(contentsOf: entries[part.prefix(count)])
                part = part.dropFirst(count)
            } while !part.isEmpty
            position += byteCount(at: position)
        }
        wire.append(Self.end)
    }
}
