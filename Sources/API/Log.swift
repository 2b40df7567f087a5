package import Wire

/// What a node logged.
package struct LogAnswer: Codable, Sendable {
    package struct Crash: Codable, Sendable {
        /// Seconds since 1970.
        @SecondTimestamp package var at: Int
        package var text: String

        package init(at: Int, text: String) {
            self.at = at
            self.text = text
        }
    }

    /// Oldest first: time in UTC, severity, text.
    package var lines: [String]
    /// Newest first.
    package var crashes: [Crash]

    package init(lines: [String], crashes: [Crash]) {
        self.lines = lines
        self.crashes = crashes
    }
}
