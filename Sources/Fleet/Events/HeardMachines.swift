package import Wire

/// When machines were last heard of, by their own requests, reports and log lines. Times are milliseconds of the monotonic clock.
package struct HeardMachines: Sendable {
    /// Milliseconds of silence after which a machine that asks for orders every ten seconds is lost.
    package static let lostAfter = 60_000

    private let times: [MACAddress: Int]
    private let now: Int
    /// Since when this server listens.
    private let since: Int

    /// - Parameter times: of each machine that was heard of since `since`.
    package init(_ times: [MACAddress: Int] = [:], now: Int = 0, since: Int = 0) {
        self.times = times
        self.now = now
        self.since = since
    }

    /// Milliseconds since a machine was heard of; nil: not since this server listens.
    package subscript(_ machine: MACAddress) -> Int? { times[machine].map { now - $0 } }

    /// Milliseconds in which nothing was heard of a machine while this server listened.
    package func silence(of machine: MACAddress) -> Int { now - (times[machine] ?? since) }
}
