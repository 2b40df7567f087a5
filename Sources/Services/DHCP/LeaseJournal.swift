package import Fleet
import Glibc
package import Linux
import Wire

/// The leases on disk: an append-only file that is written anew when it has grown too long.
///
/// Layout: eight bytes of magic, then records of `[length: UInt16][CRC-32: UInt32][payload]`, big-endian. A payload is
/// `[address: UInt32][expiry: UInt64][holder kind: UInt8][holder length: UInt8][holder][host name]`. A record that is cut
/// off or damaged ends the journal: it was being written when the machine stopped, and nobody was told of it.
package struct LeaseJournal: ~Copyable {
    private static let magic = Array("ROOSTLJ1".utf8)
    /// From this size on the journal is written anew when live leases fill less than a quarter of it.
    private static let compactionByteCount = 8 << 20

    private let path: String
    private var file: FileDescriptor
    private var byteCount: Int
    private var live: [IPv4AddressKey: Lease]

    /// `IPv4Address` as the key of live leases.
    private typealias IPv4AddressKey = UInt32

    /// Opens the journal and reads the leases that are in it; makes it when it is missing.
    package init(_ path: String) throws(SystemError) {
        var found: [IPv4AddressKey: Lease] = [:]
        do {
            for lease in Self.read(try WholeFile.read(path, limit: 1 << 30)) {
                found[lease.address.rawValue] = lease
            }
        } catch  where error.number == ENOENT {}
        let byteCount = try Self.rewrite(path, found.values)
        file = try Self.open(path)
        self.byteCount = byteCount
        self.path = path
        live = found
    }

    package var leases: [Lease] { Array(live.values) }

    /// Appends `leases` and returns when they are on the disk.
    package mutating func append(_ leases: [Lease]) throws(SystemError) {
        var bytes: [UInt8] = []
        for lease in leases {
            Self.write(lease, to: &bytes)
            live[lease.address.rawValue] = lease
        }
        do {
            try file.write(bytes)
            try file.synchroniseData()
        } catch {
            // Half a record may be there: what follows it would be lost with it.
            if ftruncate(file.number, off_t(byteCount)) == 0 { _ = lseek(file.number, 0, SEEK_END) }
            throw error
        }
        byteCount += bytes.count
        if byteCount > Self.compactionByteCount, byteCount > live.count * 4 * 48 {
            byteCount = try Self.rewrite(path, live.values)
            file = try Self.open(path)
        }
    }

    /// Writes the leases as a new journal and returns its length in bytes.
    private static func rewrite(
        _ path: String, _ leases: some Sequence<Lease>
    ) throws(SystemError) -> Int {
        var bytes = magic
        for lease in leases { write(lease, to: &bytes) }
        try WholeFile.replace(path, with: bytes, mode: 0o600)
        return bytes.count
    }

    private static func open(_ path: String) throws(SystemError) -> FileDescriptor {
        try FileDescriptor(opening: path, flags: O_WRONLY | O_APPEND)
    }

    private static func write(_ lease: Lease, to bytes: inout [UInt8]) {
        var payload: [UInt8] = []
        payload.write(lease.address.rawValue)
        payload.write(UInt64(lease.expiresAt))
        let (kind, holder): (UInt8, [UInt8])
        switch lease.holder {
        case .macAddress(let address):
            var wire: [UInt8] = []
            address.write(to: &wire)
            (kind, holder) = (1, wire)
        case .clientIdentifier(let identifier): (kind, holder) = (2, identifier)
        case .foreign: (kind, holder) = (3, [])
        }
        payload.append(kind)
        payload.append(UInt8(truncatingIfNeeded: holder.count))
        payload += holder
        payload.write(lease.hostName)
        bytes.write(UInt16(payload.count))
        bytes.write(CRC32.of(payload))
        bytes += payload
    }

    /// The leases of a journal's bytes, in the order of writing.
    package static func read(_ bytes: [UInt8]) -> [Lease] {
        guard bytes.starts(with: magic) else { return [] }
        var wire = bytes.span.extracting(droppingFirst: magic.count)
        var leases: [Lease] = []
        while let count = try? wire.read(UInt16.self), let checksum = try? wire.read(UInt32.self),
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
