package import Fleet
import Glibc
package import Linux
import Wire

/// The keys that configurations went to, on the disk before the first of them goes out: the store, which has them with their boots, is
/// written behind.
///
/// A file of fixed length, in which the newest record takes the place of the oldest: nothing grows, and a full disk stops nothing. A record has
/// `[CRC-32: UInt32][number: UInt64][card: 6 bytes][boot: 16][address: UInt32][time: UInt64][key: 16][0: UInt16]`, big-endian, and lies in one
/// sector. One that is damaged was being written when the machine stopped, and its configuration did not go out.
package struct DeliveryJournal: ~Copyable {
    static let recordByteCount = 64
    /// More than nodes ask for in the seconds by which the store is behind.
    static let recordCount = 4_096
    private static let (bootByteCount, keyByteCount, checksumByteCount) = (16, 16, 4)

    private let file: FileDescriptor
    /// Of the record that comes next.
    private var number: UInt64

    /// Opens the journal, creating it if needed.
    package init(_ path: String) throws(SystemError) {
        let number = try Self.prepare(path)
        file = try FileDescriptor(opening: path, flags: O_WRONLY)
        self.number = number
    }

    /// Makes the file unless it is there in its full length.
    ///
    /// - Returns: the number of the record that comes next.
    private static func prepare(_ path: String) throws(SystemError) -> UInt64 {
        let length = recordByteCount * recordCount
        if FileStatus(path)?.byteCount != length {
            try WholeFile.replace(
                path, with: [UInt8](repeating: 0, count: length), mode: 0o600, at: .deliveries)
        }
        return try records(at: path).map { $0.number &+ 1 }.max() ?? 0
    }

    /// What is in the journal at `path`, in no order; empty when it is missing.
    package static func deliveries(at path: String) throws(SystemError) -> [WrittenDelivery] {
        try records(at: path).map(\.delivery)
    }

    /// Writes `deliveries`, and returns once they are on the disk.
    package mutating func append(_ deliveries: [WrittenDelivery]) throws(SystemError) {
        var rest = deliveries[...]
        while !rest.isEmpty {
            let place = Int(number % UInt64(Self.recordCount))
            let part = rest.prefix(Self.recordCount - place)
            var bytes: [UInt8] = []
            for (index, delivery) in part.enumerated() {
                bytes += Self.record(number &+ UInt64(index), delivery)
            }
            try file.append(bytes, at: place * Self.recordByteCount, as: .deliveries)
            number &+= UInt64(part.count)
            rest = rest.dropFirst(part.count)
        }
    }

    private static func record(_ number: UInt64, _ written: WrittenDelivery) -> [UInt8] {
        var content: [UInt8] = []
        content.write(number)
        content.write(UInt16(truncatingIfNeeded: written.machine.rawValue >> 32))
        content.write(UInt32(truncatingIfNeeded: written.machine.rawValue))
        content += padded(Array(written.boot.utf8), to: bootByteCount)
        content.write(written.delivery.address.rawValue)
        content.write(UInt64(clamping: written.at))
        content += padded(written.delivery.keyBytes, to: keyByteCount)
        content.write(UInt16(0))
        var bytes: [UInt8] = []
        bytes.write(CRC32.of(content.span))
        return bytes + content
    }

    private static func padded(_ bytes: [UInt8], to count: Int) -> [UInt8] {
        Array(bytes.prefix(count)) + [UInt8](repeating: 0, count: max(0, count - bytes.count))
    }

    private static func records(
        at path: String
    ) throws(SystemError) -> [(number: UInt64, delivery: WrittenDelivery)] {
        let bytes: [UInt8]
        do { bytes = try WholeFile.read(path, limit: 1 << 20) } catch {
            guard error.number == ENOENT else { throw error }
            return []
        }
        return stride(from: 0, through: bytes.count - recordByteCount, by: recordByteCount).compactMap {
            start in
            let record = bytes[start..<start + recordByteCount]
            return try? parsed(Array(record))
        }
    }

    private static func parsed(
        _ record: [UInt8]
    ) throws(WireError) -> (number: UInt64, delivery: WrittenDelivery) {
        var wire = record.span
        guard try wire.read(UInt32.self) == CRC32.of(record.span.extracting(droppingFirst: checksumByteCount))
        else { throw .invalid("checksum") }
        let number: UInt64 = try wire.read()
        let machine = try MACAddress(parsing: &wire)
        let boot = try wire.read(byteCount: bootByteCount).prefix { $0 != 0 }
        let address = try IPv4Address(parsing: &wire)
        let at = Int(clamping: try wire.read(UInt64.self))
        let key = try wire.read(byteCount: keyByteCount)
        return (
            number,
            WrittenDelivery(
                machine: machine, boot: String(decoding: boot, as: UTF8.self), at: at,
                delivery: ConfigurationDelivery(address: address, publicKey: key))
        )
    }
}
