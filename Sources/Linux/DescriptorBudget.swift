import CLinux
import Glibc

/// How many descriptors each part of the server may use, so that connections from outside never take those of leases, store and log.
package struct DescriptorBudget: Equatable, Sendable {
    /// The shares when descriptors are plentiful.
    private static let (mostNBD, mostHTTP, mostCenter, mostTFTP, mostFiles) = (
        20_000, 20_000, 8_000, 4_096, 512
    )
    /// We ask for no more than this: some programs, when started, check every number below the limit.
    private static let wanted = 65_536

    /// Connections; one to a volume counts twice, because its file is open as well.
    package var nbd: Int
    package var http: Int
    package var center: Int
    /// Transfers.
    package var tftp: Int
    /// Files kept open without being read.
    package var files: Int

    /// - Parameter limit: descriptors of the process. A quarter, at most 4,096, is not shared out: it is for sockets, store, journals, logs
    ///   and programs that the server starts.
    package init(limit: Int) {
        let shared = max(0, limit - min(4_096, limit / 4))
        let most = Self.mostNBD + Self.mostHTTP + Self.mostCenter + Self.mostTFTP + Self.mostFiles
        func share(_ part: Int) -> Int { min(part, part * shared / most) }
        nbd = share(Self.mostNBD)
        http = share(Self.mostHTTP)
        center = share(Self.mostCenter)
        tftp = share(Self.mostTFTP)
        files = share(Self.mostFiles)
    }

    /// Raises the process's limit as far as allowed, and divides it.
    package static func raised() -> Self {
        _ = roost_watch_descriptor_limit(UInt64(wanted))
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return Self(limit: 1_024)
        }
        return Self(limit: Int(clamping: limit.rlim_cur))
    }
}
