import Linux
import Wire

/// What this host's kernel learnt about its networks (ARP): which hardware address answers for an address.
///
/// It is the only evidence about a machine with an address from another DHCP server. Another machine can take over an address there, but
/// has to push its holder off the network first.
struct NeighbourTable {
    /// Milliseconds that an answer is cached: a booting machine sends a dozen requests within that time.
    private static let lifetime = 2_000

    struct Neighbour: Equatable {
        var machine: MACAddress
        /// The name of the interface that it is on.
        var interface: String
    }

    private var known: [IPv4Address: Neighbour] = [:]
    private var readAt: Int?

    /// - Parameter now: milliseconds of `EventLoop.now`.
    mutating func neighbour(at address: IPv4Address, now: Int) -> Neighbour? {
        if readAt.map({ now - $0 > Self.lifetime }) ?? true {
            let table = try? WholeFile.read("/proc/net/arp")
            known = table.map { Self.read(String(decoding: $0, as: UTF8.self)) } ?? [:]
            readAt = now
        }
        return known[address]
    }

    /// `/proc/net/arp` (proc(5)): address, type of hardware, flags, hardware address, mask and interface, below a line of titles.
    /// Only complete entries (flag 2) of Ethernet (type 1) count.
    static func read(_ text: String) -> [IPv4Address: Neighbour] {
        var found: [IPv4Address: Neighbour] = [:]
        for line in text.split(separator: "\n").dropFirst() {
            let words = line.split(separator: " ", omittingEmptySubsequences: true)
            guard words.count >= 6, words[1] == "0x1", let flags = Int(words[2].dropFirst(2), radix: 16),
                flags & 2 != 0, let address = IPv4Address(words[0]), let machine = MACAddress(words[3])
            else { continue }
            found[address] = Neighbour(machine: machine, interface: String(words[5]))
        }
        return found
    }
}

/// Which refusals were reported already: a continuing one is reported now and then.
///
/// A flood of invented machines or addresses does not suppress the reports of a node's own.
struct RefusalLog {
    private struct Key: Hashable {
        var machine: MACAddress
        /// Nil: stands for any, when there are too many.
        var peer: IPv4Address?
    }

    private struct Table {
        private var toldAt: [Key: Int] = [:]
        private var clearedAt = 0

        /// - Returns: whether it was not reported within the last minute; nil: the table is full.
        mutating func note(_ key: Key, most: Int, _ now: Int) -> Bool? {
            if let last = toldAt[key], now - last < RefusalLog.silence { return false }
            if toldAt.count >= most {
                // A flood does not search the whole table each time.
                guard now - clearedAt >= 1_000 else { return nil }
                clearedAt = now
                toldAt = toldAt.filter { now - $0.value < RefusalLog.silence }
                guard toldAt.count < most else { return nil }
            }
            toldAt[key] = now
            return true
        }
    }

    /// Pairs of a node's card and a peer, and of another machine and a peer.
    private static let (nodeLimit, otherLimit) = (4_096, 256)
    /// Milliseconds.
    private static let silence = 60_000

    private var nodes = Table()
    private var others = Table()

    mutating func isNew(_ machine: MACAddress, isNode: Bool, _ peer: IPv4Address, now: Int) -> Bool {
        let key = Key(machine: machine, peer: peer)
        guard isNode else { return others.note(key, most: Self.otherLimit, now) == true }
        // There are no more of the second kind than nodes have cards.
        return nodes.note(key, most: Self.nodeLimit, now)
            ?? nodes.note(Key(machine: machine), most: .max, now) == true
    }
}
