import Foundation
import Logging
import Synchronization
import Wire

/// Lines on standard error: as people and systemd's journal want them, or one JSON object each for programs.
enum ServerLog {
    enum Format: String, CaseIterable {
        /// No time stamp under systemd, one elsewhere.
        case text
        /// `{"time":…,"level":…,"message":…}` with the event's own fields.
        case json
    }

    static let logger = Logger(label: "roost") { _ in Handler() }

    /// Bytes of a line: machines choose names as long as a packet.
    private static let byteLimit = 8_192

    private static let format = Mutex(Format.text)

    /// Lines from now on have this form.
    static func use(_ wanted: Format) { format.withLock { $0 = wanted } }

    private struct Handler: LogHandler {
        var logLevel = Logger.Level.info
        var metadata: Logger.Metadata = [:]
        private let isJournal = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] != nil

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
                .filter { !$0.key.hasPrefix("hb.") }
            let time = Date().formatted(.iso8601)
            let line: String
            switch ServerLog.format.withLock({ $0 }) {
            case .text:
                let level = event.level == .info ? "" : "\(event.level): "
                let rest = fields.map { " \($0.key)=\($0.value)" }.joined()
                // A name that somebody typed must not look like a line of ours.
                let text = PlainText("\(event.message)\(rest)".beginning(byteCount: byteLimit))
                line = "\(isJournal ? "" : "\(time) ")\(level)\(text)\n"
            case .json:
                var object = ["time": time, "level": event.level.rawValue, "message": "\(event.message)"]
                for (key, value) in fields where object[key] == nil { object[key] = "\(value)" }
                let data = try? JSONSerialization.data(
                    withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
                line = data.map { String(decoding: $0, as: UTF8.self) + "\n" } ?? ""
            }
            printError(line, terminator: "")
        }
    }
}
