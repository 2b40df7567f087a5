import Foundation
import Logging

/// Lines on standard error, as systemd's journal and people want them: no time stamp under systemd, one elsewhere.
enum ServerLog {
    static let logger = Logger(label: "roost") { _ in Handler() }

    private struct Handler: LogHandler {
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]
        private let isJournal = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] != nil

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let time = isJournal ? "" : Date().formatted(.iso8601) + " "
            let line = "\(time)\(event.level == .info ? "" : "\(event.level): ")\(event.message)\n"
            FileHandle.standardError.write(Data(line.utf8))
        }
    }
}
