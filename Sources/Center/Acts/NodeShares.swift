import Fleet
import Wire

/// How many nodes have what.
struct NodeCounts: Sendable {
    /// Values with the number of their nodes, the most frequent first.
    typealias Counts = [(name: String, count: Int)]

    /// Versions that boot next; an empty name stands for nothing.
    var next: Counts = []
    /// Versions that run, or ran last.
    var booted: Counts = []
    var hardware: Counts = []
}

/// What nodes have, and how many of them have it: all of them are counted.
struct NodeShares: Sendable {
    private struct Kind: Hashable {
        var vendor: String
        var product: String
        var memoryMebibytes: Int
    }

    /// Nil: nothing.
    private var next: [Digest?: Int] = [:]
    private var booted: [Digest: Int] = [:]
    private var kinds: [Kind: Int] = [:]
    /// A machine of each kind.
    private var samples: [Kind: Hardware] = [:]

    /// - Parameter next: what it boots next; nil: nothing.
    mutating func add(_ next: Digest?, booted: Digest?, _ known: SharedHardware?) {
        self.next[next, default: 0] += 1
        if let booted { self.booted[booted, default: 0] += 1 }
        // Not the whole report: it is copied for the first machine of a kind only.
        guard let known else { return }
        let kind = Kind(
            vendor: known.report.vendor, product: known.report.product,
            memoryMebibytes: known.report.memoryMebibytes)
        kinds[kind, default: 0] += 1
        if samples[kind] == nil { samples[kind] = known.report }
    }

    /// By name.
    func counts(in snapshot: FleetSnapshot) -> NodeCounts {
        NodeCounts(
            next: Self.sorted(next.map { (name($0.key, in: snapshot), $0.value) }),
            booted: Self.sorted(booted.map { (name($0.key, in: snapshot), $0.value) }),
            hardware: Self.sorted(kinds.map { (samples[$0.key]?.headline ?? "", $0.value) }))
    }

    private func name(_ digest: Digest?, in snapshot: FleetSnapshot) -> String {
        digest.map { LiveFacts.name(of: $0, in: snapshot) } ?? ""
    }

    private static func sorted(_ counts: NodeCounts.Counts) -> NodeCounts.Counts {
        counts.sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}
