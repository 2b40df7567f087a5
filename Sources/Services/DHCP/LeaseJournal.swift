package import Fleet
import Glibc
package import Linux
import Wire

/// The leases on disk: an append-only file that is rewritten when it has grown too long.
///
/// Layout: eight bytes of magic, then records of `[length: UInt16][CRC-32: UInt32][payload]`, big-endian. A payload is `[address:
/// UInt32][expiry: UInt64][holder kind: UInt8][holder length: UInt8][holder][host name]`. A truncated or damaged record ends the journal:
/// it was being written when the machine stopped, and its client was never answered. Zeros follow: writing a record over them does not
/// change the length, so that `fdatasync` has one block to write instead of two.
package struct LeaseJournal: ~Copyable {
    /// Length and checksum of a record.
    private static let headByteCount = 6
    private static let magic = Array("ROOSTLJ1".utf8)
    /// Above this size the journal is rewritten whenever it has grown to four times its size after the last rewrite.
    private static let compactionByteCount = 8 << 20
    /// Zeros that are added at a time.
    private static let extensionByteCount = 256 << 10

    private let path: String
    private var file: FileDescriptor
    /// Bytes of the magic and the records.
    private var byteCount: Int
    /// Bytes of the file, including the zeros.
    private var extent: Int
    private var compactedByteCount: Int

    /// Opens the journal, creating it if needed.
    package init(_ path: String) throws(SystemError) {
        let byteCount = try Self.compact(path)
        file = try Self.open(path)
        self.byteCount = byteCount
        extent = byteCount
        compactedByteCount = byteCount
        self.path = path
    }

    /// The latest lease of each address in the journal at `path`; empty when it is missing.
    package static func leases(at path: String) throws(SystemError) -> [Lease] {
        var latest: [UInt32: Lease] = [:]
        do {
            for lease in read(try WholeFile.read(path, limit: 1 << 30)) {
                latest[lease.address.rawValue] = lease
            }
        } catch  where error.number == ENOENT {}
        return Array(latest.values)
    }

    /// Appends `leases` and returns once they are on the disk.
    package mutating func append(_ leases: [Lease]) throws(SystemError) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(leases.count * 48)
        for lease in leases { Self.write(lease, to: &bytes) }
        try extend(to: byteCount + bytes.count)
        do {
            try file.append(bytes, at: byteCount, as: .leases)
        } catch {
            // Half a record may be there, and complete ones whose clients got no answer.
            if ftruncate(file.number, off_t(byteCount)) == 0 { extent = byteCount }
            throw error
        }
        byteCount += bytes.count
        if byteCount > max(Self.compactionByteCount, compactedByteCount * 4) {
            // The leases are on the disk already; if the journal cannot be shortened now (a full disk), it stays long.
            compactedByteCount = byteCount
            guard let shorter = try? Self.compact(path) else { return }
            file = try Self.open(path)
            byteCount = shorter
            extent = shorter
            compactedByteCount = shorter
        }
    }

    /// Extends the file with zeros up to `needed` bytes and beyond; on a nearly full disk, no further than needed.
    private mutating func extend(to needed: Int) throws(SystemError) {
        guard needed > extent else { return }
        do {
            try layZeros(until: needed + Self.extensionByteCount)
        } catch {
            try layZeros(until: needed)
        }
    }

    private mutating func layZeros(until end: Int) throws(SystemError) {
        try file.append([UInt8](repeating: 0, count: end - extent), at: extent, as: .leasesRoom)
        extent = end
    }

    /// Rewrites the journal with the latest lease of each address, and returns its length in bytes.
    private static func compact(_ path: String) throws(SystemError) -> Int {
        var bytes = magic
        for lease in try leases(at: path) { write(lease, to: &bytes) }
        try WholeFile.replace(path, with: bytes, mode: 0o600, at: .leasesCompact)
        return bytes.count
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor(opening: path, flags: O_WRONLY)
    }

    private static func write(_ lease: Lease, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.write(UInt16(0))
        bytes.write(UInt32(0))
        bytes.write(lease.address.rawValue)
        bytes.write(UInt64(clamping: lease.expiresAt))
        switch lease.holder {
        case .macAddress(let address):
            bytes.append(1)
            bytes.append(6)
            bytes.write(UInt16(truncatingIfNeeded: address.rawValue >> 32))
            bytes.write(UInt32(truncatingIfNeeded: address.rawValue))
        case .clientIdentifier(let identifier):
            bytes.append(2)
            let kept = identifier.prefix(Int(UInt8.max))
            bytes.append(UInt8(kept.count))
            bytes += kept
        case .foreign:
            bytes.append(3)
            bytes.append(0)
        }
        bytes.append(contentsOf: lease.hostName.utf8)
        let payload = start + headByteCount
        bytes.overwrite(UInt16(bytes.count - payload), at: start)
        bytes.overwrite(CRC32.of(bytes.span.extracting(payload..<bytes.count)), at: start + 2)
    }

    /// The leases in a journal's bytes, in the order written.
    package static func read(_ bytes: [UInt8]) -> [Lease] {
        guard bytes.starts(with: magic) else { return [] }
        var wire = bytes.span.extracting(droppingFirst: magic.count)
        var leases: [Lease] = []
        while let count = try? wire.read(UInt16.self), count > 0, let checksum = try? wire.read(UInt32.self),
            let payload = try? wire.read(byteCount: Int(count)), CRC32.of(payload) == checksum
        {
            var fields = payload.span
            guard let lease = try? lease(parsing: &fields) else { break }
            leases.append(lease)
        }
        return leases
    }

    private static func lease(parsing wire: inout Span<UInt8>) throws(WireError) -> Lease {
        let address = try IPv4Address(parsing: &wire)
        let expiresAt = Int(clamping: try wire.read(UInt64.self))
        let kind: UInt8 = try wire.read()
        let holderBytes = try wire.read(byteCount: Int(try wire.read(UInt8.self)))
        let holder: LeaseHolder
        switch kind {
        case 1:
            var fields = holderBytes.span
            holder = .macAddress(try MACAddress(parsing: &fields))
        case 2: holder = .clientIdentifier(holderBytes)
        case 3: holder = .foreign(address)
        default: throw .invalid("holder")
        }
        return Lease(
            address: address, holder: holder, expiresAt: expiresAt, hostName: try String(parsing: &wire))
    }
}
