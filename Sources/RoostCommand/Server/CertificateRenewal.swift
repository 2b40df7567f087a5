import Center
import HTTPClient
import Logging

/// Keeps the certificate of the pages one that holds: when the clock was set, and as time goes by.
struct CertificateRenewal: Sendable {
    private static let period = Duration.seconds(12 * 3_600)

    /// Nil: it comes from elsewhere, and others see to it.
    let worker: CertificateWorkerConnection?
    let center: ControlCenter?

    /// Has made again what does not hold now, and shows it from the next connection on.
    func renew() async {
        do {
            try await worker?.renew()
            try center?.reloadCertificates()
        } catch {
            ServerLog.logger.error("center: the certificate is the one of before: \(ErrorText.of(error))")
        }
    }

    /// Looks twice a day, until cancelled.
    func watch() async throws {
        while true {
            try await Task.sleep(for: Self.period)
            await renew()
        }
    }
}
