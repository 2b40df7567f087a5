import Linux
import Wire

/// What this host's kernel has learnt of its networks (ARP): whose hardware address answers for an address.
///
/// It is the least that there is to know of a machine that has its address from another DHCP server. Another machine can
/// take over an address there, but for that it has to push its holder from the network first.
struct NeighbourTable {
    /// Milliseconds for which an answer holds: a machine that boots asks for a dozen things within that.
    private static let lifetime = 2_000

    private var known: [IPv4Address: MACAddress] = [:]
    private var readAt: Int?

    /// - Parameter now: milliseconds of `EventLoop.now`.
    mutating func machine(at address: IPv4Address, now: Int) -> MACAddress? {
        if readAt.map({ now - $0 > Self.lifetime }) ?? true {
            let table = try? WholeFile.read("/proc/net/arp")
            known = table.map { Self.read(String(decoding: $0, as: UTF8.self)) } ?? [:]
            readAt = now
        }
        return known[address]
    }

    /// `/proc/net/arp` (proc(5)): address, type of hardware, flags, hardware address, mask and interface, below a line of titles.
    /// Only complete entries (flag 2) of Ethernet (type 1) count.
    static func read(_ text: String) -> [IPv4Address: MACAddress] {
        var found: [IPv4Address: MACAddress] = [:]
        for line in text.split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 6, words[1] == "0x1", let flags = Int(words[2].dropFirst(2), radix: 16),
                flags & 2 != 0, let address = IPv4Address(words[0]), let machine = MACAddress(words[3])
            else { continue }
            found[address] = machine
        }
        return found
    }
}

/// Which refusals have been told already: one that goes on is told once in a while.
struct RefusalLog {
    private struct Key: Hashable {
        var machine: MACAddress
        var peer: IPv4Address
    }

    private static let limit = 4_096
    /// Milliseconds.
    private static let silence = 60_000

    private var toldAt: [Key: Int] = [:]

    mutating func isNew(_ machine: MACAddress, _ peer: IPv4Address, now: Int) -> Bool {
        let key = Key(machine: machine, peer: peer)
        if let last = toldAt[key], now - last < Self.silence { return false }
        if toldAt.count >= Self.limit {
            toldAt = toldAt.filter { now - $0.value < Self.silence }
            // More pairs than that within a minute: a flood, of which enough has been told.
            guard toldAt.count < Self.limit else { return false }
        }
        toldAt[key] = now
        return true
    }
}
