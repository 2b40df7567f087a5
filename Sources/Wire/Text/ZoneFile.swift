/// A time zone, as a file of `/usr/share/zoneinfo` has it (TZif, RFC 9636).
package struct ZoneFile: Equatable, Sendable {
    /// The offset from a moment on.
    private struct Change: Equatable, Sendable {
        /// Seconds since 1970.
        var at: Int
        /// Seconds east of UTC.
        var offset: Int
    }

    /// More than a file of the last hundred and fifty years has.
    private static let changeLimit = 10_000
    private static let typeLimit = 256
    /// A day and an hour: the zone farthest from UTC was 15 hours away.
    private static let offsetLimit = 25 * 3_600

    private var changes: [Change] = []
    /// Before the first change.
    private var firstOffset = 0
    /// After the last change; nil: its offset holds.
    private var rule: ZoneRule?

    package static let utc = Self()

    private init() {}

    /// Seconds east of UTC at a moment.
    ///
    /// - Parameter second: since 1970.
    package func offset(at second: Int) -> Int {
        guard let last = changes.last else { return rule?.offset(at: second) ?? firstOffset }
        if second >= last.at { return rule?.offset(at: second) ?? last.offset }
        var (low, high) = (0, changes.count)
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].at <= second { low = middle + 1 } else { high = middle }
        }
        return low == 0 ? firstOffset : changes[low - 1].offset
    }

    // MARK: Reading

    package init(parsing bytes: [UInt8]) throws(WireError) {
        var wire = bytes.span
        let counts = try Counts(parsing: &wire)
        guard counts.version >= UInt8(ascii: "2") else {
            try read(counts, timeByteCount: 4, &wire)
            return
        }
        // Old programs read the first part, whose times have 32 bits.
        try wire.skip(counts.byteCount(timeByteCount: 4))
        try read(Counts(parsing: &wire), timeByteCount: 8, &wire)
        try readFooter(&wire)
    }

    /// How much of each kind a part has, in the order of its header.
    private struct Counts {
        var version: UInt8
        var utcMarks, standardMarks, leapSeconds, times, types, characters: Int

        init(parsing wire: inout Span<UInt8>) throws(WireError) {
            guard try wire.read(byteCount: 4) == Array("TZif".utf8) else { throw .invalid("magic") }
            version = try wire.read()
            try wire.skip(15)
            utcMarks = Int(try wire.read(UInt32.self))
            standardMarks = Int(try wire.read(UInt32.self))
            leapSeconds = Int(try wire.read(UInt32.self))
            times = Int(try wire.read(UInt32.self))
            types = Int(try wire.read(UInt32.self))
            characters = Int(try wire.read(UInt32.self))
        }

        func byteCount(timeByteCount: Int) -> Int {
            times * (timeByteCount + 1) + types * 6 + characters + leapSeconds * (timeByteCount + 4)
                + standardMarks + utcMarks
        }
    }

    private mutating func read(_ counts: Counts, timeByteCount: Int, _ wire: inout Span<UInt8>)
        throws(WireError)
    {
        guard counts.times <= Self.changeLimit else {
            throw .tooLong("timecnt", count: counts.times, limit: Self.changeLimit)
        }
        guard (1...Self.typeLimit).contains(counts.types) else { throw .invalid("typecnt") }
        let rest = counts.byteCount(timeByteCount: timeByteCount)
        guard wire.count >= rest else { throw .truncated(needed: rest, left: wire.count) }
        var times: [Int] = []
        for _ in 0..<counts.times {
            times.append(
                timeByteCount == 8 ? Int(try wire.read(Int64.self)) : Int(try wire.read(Int32.self)))
        }
        guard zip(times, times.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw .invalid("transition times")
        }
        let kinds = try wire.read(byteCount: counts.times)
        var offsets: [Int] = []
        for _ in 0..<counts.types {
            offsets.append(Int(try wire.read(Int32.self)))
            try wire.skip(2)
        }
        guard offsets.allSatisfy({ abs($0) <= Self.offsetLimit }) else { throw .invalid("utoff") }
        guard kinds.allSatisfy({ Int($0) < offsets.count }) else { throw .invalid("transition types") }
        try wire.skip(rest - counts.times * (timeByteCount + 1) - counts.types * 6)
        changes = zip(times, kinds).map { Change(at: $0, offset: offsets[Int($1)]) }
        firstOffset = offsets[0]
    }

    /// The rule for the time after the last change, between two line ends; it may be empty.
    private mutating func readFooter(_ wire: inout Span<UInt8>) throws(WireError) {
        let footer = try wire.read(byteCount: wire.count)
        guard footer.count >= 2, footer.first == 10, footer.last == 10 else { throw .invalid("footer") }
        if footer.count == 2 { return }
        guard let rule = ZoneRule(String(decoding: footer.dropFirst().dropLast(), as: UTF8.self)) else {
            throw .invalid("TZ string")
        }
        self.rule = rule
    }
}

extension ZoneFile {
    /// What clocks there show, as seconds since 1970 on them.
    package func local(at second: Int) -> Int { second + offset(at: second) }

    /// The moment at which clocks there show a time: the first one where they show it twice, and where they skip it, as many minutes after
    /// the change as it lies in what they skip (RFC 5545 §3.3.5).
    ///
    /// - Parameter local: seconds since 1970 on these clocks.
    package func moment(ofLocal local: Int) -> Int {
        let (before, after) = (offset(at: local - 86_400), offset(at: local + 86_400))
        let first = local - before
        if offset(at: first) == before { return first }
        return offset(at: local - after) == after ? local - after : first
    }
}
