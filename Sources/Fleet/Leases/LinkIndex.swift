import Wire

/// Finds the link of an address in logarithmic time of the number of subnets.
struct LinkIndex: Sendable {
    private struct Entry {
        let range: ClosedRange<IPv4Address>
        let link: Int
    }

    /// By address; subnets do not overlap.
    private let entries: [Entry]

    init(_ links: [DHCPLink]) {
        entries = links.enumerated().flatMap { index, link in
            link.subnets.map { Entry(range: $0.network.base...$0.network.broadcast, link: index) }
        }.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    /// The position of the link among those served; nil when the address is in none.
    func link(of address: IPv4Address) -> Int? {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].range.lowerBound <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, entries[low - 1].range.contains(address) else { return nil }
        return entries[low - 1].link
    }
}
