/// The agreed terms of a transfer: the request's options within our limits.
package struct TFTPNegotiation: Equatable, Sendable {
    /// Bytes of a full block (RFC 2348).
    package var blockByteCount = 512
    /// Blocks sent before waiting for an acknowledgement (RFC 7440).
    package var windowBlockCount = 1
    /// Seconds until a retransmission, when the client asked for it (RFC 2349 §3).
    package var timeoutSeconds: Int?
    /// The options to acknowledge, in the order of the request; empty means that no OACK is sent.
    package var acknowledged: [TFTPRequest.Option] = []

    package struct Limits: Equatable, Sendable {
        /// The largest block that fits the path: 1468 bytes for Ethernet's 1,500.
        package var blockByteLimit: Int
        package var windowBlockLimit: Int
        /// A transfer whose client is silent is kept six times as long, at least half a minute.
        package var timeoutSeconds: ClosedRange<Int>

        package init(
            blockByteLimit: Int = 1468, windowBlockLimit: Int = 64, timeoutSeconds: ClosedRange<Int> = 1...30
        ) {
            self.blockByteLimit = blockByteLimit
            self.windowBlockLimit = windowBlockLimit
            self.timeoutSeconds = timeoutSeconds
        }
    }

    /// Options that are unknown, or whose value is not a number in the RFC's range, are left out, never refused: the client carries on
    /// without them (RFC 2347 §3). So is a time-out above our limit, which an answer may not change (RFC 2349 §3). Sizes above the range
    /// are lowered. If an option comes twice, which the RFC forbids, the first one counts, so that what we acknowledge is what we do.
    package init(_ request: TFTPRequest, fileByteCount: Int, limits: Limits) {
        for (index, option) in request.options.enumerated() {
            guard !request.options[..<index].contains(where: { $0.name == option.name }) else { continue }
            // The client's own value means nothing: the answer is the file's size.
            if option.name == "tsize" { acknowledge(option.name, fileByteCount) }
            guard let wanted = Int(option.value), wanted >= 0 else { continue }
            switch option.name {
            case "blksize" where wanted >= 8:
                blockByteCount = min(wanted, limits.blockByteLimit)
                acknowledge(option.name, blockByteCount)
            case "timeout" where limits.timeoutSeconds.contains(wanted):
                timeoutSeconds = wanted
                acknowledge(option.name, wanted)
            case "windowsize" where wanted >= 1:
                windowBlockCount = min(wanted, limits.windowBlockLimit)
                acknowledge(option.name, windowBlockCount)
            default: continue
            }
        }
    }

    private mutating func acknowledge(_ name: String, _ value: Int) {
        acknowledged.append(TFTPRequest.Option(name: name, value: String(value)))
    }
}
