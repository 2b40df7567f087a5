import Commands
import Foundation
import Logging
import Synchronization
import Wire

/// Log lines on standard error: text for people and systemd's journal, or one JSON object per line for programs.
enum ServerLog {
    enum Format: String, CaseIterable {
        /// No time stamp under systemd, one elsewhere.
        case text
        /// `{"time":…,"level":…,"message":…}` with the event's own fields.
        case json
    }

    static let logger = Logger(label: "roost") { _ in Handler() }

    /// Bytes of a line: machines can choose names as long as a packet.
    private static let byteLimit = 8_192

    private static let format = Mutex(Format.text)

    /// Sets the format of later lines.
    static func use(_ wanted: Format) { format.withLock { $0 = wanted } }

    /// The text of an event, with its line end: a single line, whatever names machines chose.
    ///
    /// - Parameter time: nil when another program adds it.
    static func line(
        _ level: String, _ message: String, _ fields: [(key: String, value: String)], as format: Format,
        at time: String?
    ) -> String {
        switch format {
        case .text:
            let rest = fields.map { " \($0.key)=\($0.value)" }.joined()
            let text = PlainText("\(message)\(rest)".beginning(byteCount: byteLimit))
            return "\(time.map { "\($0) " } ?? "")\(level == "info" ? "" : "\(level): ")\(text)\n"
        case .json:
            var object = ["level": level, "message": message.beginning(byteCount: byteLimit)]
            object["time"] = time
            for (key, value) in fields where object[key] == nil {
                object[key] = value.beginning(byteCount: byteLimit)
            }
            let data = try? JSONSerialization.data(
                withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])
            return data.map { "\(PlainText(json: $0))\n" } ?? ""
        }
    }

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
            let format = ServerLog.format.withLock { $0 }
            let time = isJournal && format == .text ? nil : Date().formatted(.iso8601)
            let line = ServerLog.line(
                event.level.rawValue, "\(event.message)", fields.map { ($0.key, "\($0.value)") }, as: format,
                at: time)
            printError(line, terminator: "")
        }
    }
}
