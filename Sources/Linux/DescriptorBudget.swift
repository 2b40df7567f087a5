import CLinux
import Glibc

/// How many descriptors each part of the server may have, so that what strangers open never takes those of leases, store and log.
package struct DescriptorBudget: Equatable, Sendable {
    /// What the parts have where there is plenty.
    private static let (mostNBD, mostHTTP, mostCenter, mostTFTP, mostFiles) = (
        20_000, 20_000, 8_000, 4_096, 512
    )
    /// More than this is not asked for: a program that is started looks at each number below it.
    private static let wanted = 65_536

    /// Connections; one to a volume counts twice, since its file is open as well.
    package var nbd: Int
    package var http: Int
    package var center: Int
    /// Transfers.
    package var tftp: Int
    /// Files that are kept open without being read.
    package var files: Int

    /// - Parameter limit: descriptors of the process. A quarter, 4,096 at most, is in nobody's share: sockets, store, journals, logs
    ///   and programs that the server starts live from it.
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

    /// Raises the process's limit as far as it may, and divides it.
    package static func raised() -> Self {
        _ = roost_watch_descriptor_limit(UInt64(wanted))
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return Self(limit: 1_024)
        }
        return Self(limit: Int(clamping: limit.rlim_cur))
    }
}
