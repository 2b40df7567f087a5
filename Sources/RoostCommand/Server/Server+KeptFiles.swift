import Center
import Fleet
import Logging
import NetworkErrors

extension Server {
    /// Reads the kept files, and follows their changes until the process ends.
    static func keep(_ files: KeptFiles, _ watch: KeptFileWatch, in fleet: LiveFleet) async {
        @Sendable func take(_ readings: [KeptFileWatch.Reading]) async {
            for (scope, file) in readings where await !files.take(file, of: scope, into: fleet) {
                watch.retry(scope)
            }
        }
        do { try await files.removeOthers(from: fleet) } catch {
            ServerLog.logger.error(
                "cannot remove kept files that roost.yaml no longer names: \(ErrorText.of(error))")
        }
        // Before the first node boots.
        await take(watch.look(isFirst: true))
        Task { for await readings in watch.readings { await take(readings) } }
    }
}
