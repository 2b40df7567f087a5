import NIOCore
import NIOSSL
import Sealing
import Synchronization

/// The connections of agents that are open, by the certificates that were shown on them: one whose certificate no longer counts is closed.
final class AgentConnections: Sendable {
    private struct Connection: Sendable {
        var channel: any Channel
        var fingerprint: String
    }

    private struct State {
        var open: [ObjectIdentifier: Connection] = [:]
        var madeCount = 0
    }

    private let state = Mutex(State())

    /// Those that are open, and all that there have been.
    var count: Int { state.withLock(\.open.count) }
    var madeCount: Int { state.withLock(\.madeCount) }

    /// The SHA-256 of the certificate that was shown on a connection, in hexadecimal digits; nil: none was.
    func fingerprint(of channel: any Channel) async throws -> String? {
        let id = ObjectIdentifier(channel)
        if let connection = state.withLock({ $0.open[id] }) { return connection.fingerprint }
        guard let certificate = try await channel.nioSSL_peerCertificate().get() else { return nil }
        let fingerprint = Hashing.hexadecimal(Hashing.sha256(try certificate.toDERBytes()))
        state.withLock { state in
            state.open[id] = Connection(channel: channel, fingerprint: fingerprint)
            state.madeCount += 1
        }
        // At once where it is closed already.
        channel.closeFuture.whenComplete { [weak self] _ in
            _ = self?.state.withLock { $0.open.removeValue(forKey: id) }
        }
        return fingerprint
    }

    /// Closes those whose certificate no longer counts.
    func close(unless counts: (String) async -> Bool) async {
        let shown = Set(state.withLock { $0.open.values.map(\.fingerprint) })
        var gone: Set<String> = []
        for fingerprint in shown where await !counts(fingerprint) { gone.insert(fingerprint) }
        guard !gone.isEmpty else { return }
        let channels = state.withLock { state in
            state.open.values.filter { gone.contains($0.fingerprint) }.map(\.channel)
        }
        for channel in channels { channel.close(promise: nil) }
    }
}
