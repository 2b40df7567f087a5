import Glibc
import NIOCore
import NIOPosix

/// Whether a port of a terminal server takes connections. Nothing is said there.
enum PortKnock {
    enum Answer: Sendable {
        case open
        /// The server is there, and nothing listens.
        case refused
        case none
    }

    /// Milliseconds for one.
    private static let limit = 1_000

    static func answer(at host: String, _ port: Int) async -> Answer {
        let connection = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.milliseconds(Int64(limit)))
        do {
            let channel = try await connection.connect(host: host, port: port).get()
            channel.close(promise: nil)
            return .open
        } catch {
            return isRefusal(error) ? .refused : .none
        }
    }

    /// A name may have several addresses: each of them has to refuse.
    private static func isRefusal(_ error: any Error) -> Bool {
        switch error {
        case let error as IOError: error.errnoCode == ECONNREFUSED
        case let error as NIOConnectionError:
            !error.connectionErrors.isEmpty && error.connectionErrors.allSatisfy { isRefusal($0.error) }
        default: false
        }
    }
}
