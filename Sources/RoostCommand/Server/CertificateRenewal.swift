import Center
import Logging
import NetworkErrors

/// Keeps the certificate of the pages valid: when the clock was set, and over time.
struct CertificateRenewal: Sendable {
    private static let period = Duration.seconds(12 * 3_600)

    /// Nil: the certificate is external and renewed elsewhere.
    let worker: CertificateWorkerConnection?
    let center: ControlCenter?

    /// Renews an invalid certificate, and uses it for new connections.
    func renew() async {
        do {
            try await worker?.renew()
            try center?.reloadCertificates()
        } catch {
            ServerLog.logger.error(
                "center: the certificate cannot be renewed, and the previous one stays in use: \(ErrorText.of(error))"
            )
        }
    }

    /// Checks twice a day, until cancelled.
    func watch() async throws {
        while true {
            try await Task.sleep(for: Self.period)
            await renew()
        }
    }
}
