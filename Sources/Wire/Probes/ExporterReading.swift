/// What an exporter for Prometheus tells of a terminal server, by the names that `windows_exporter` (0.31) and `node_exporter` (1.9) give
/// their figures, and by those of versions that are still in use.
///
/// Figures that are not there are nil, never zero.
package struct ExporterReading: Equatable, Sendable {
    package enum Kind: String, Equatable, Sendable {
        case windows = "windows_exporter"
        case node = "node_exporter"

        /// The port that it has unless people say otherwise.
        package var port: Int {
            switch self {
            case .windows: 9182
            case .node: 9100
            }
        }
    }

    package var kind: Kind
    package var processorCount: Int?
    /// Processes that run or wait, averaged over a minute.
    package var loadAverage: Double?
    /// Threads that wait for a processor.
    package var queueLength: Double?
    /// Seconds of all processors since the machine's start: in all, and without work.
    package var processorSeconds: Double?
    package var idleSeconds: Double?
    package var memoryByteCount: Double?
    package var availableByteCount: Double?
    /// Sessions that people have there, connected or not.
    package var sessionCount: Int?

    /// Names of what is read begin with one of these.
    package static let prefixes = [
        "windows_cpu_time_total", "windows_cs_", "windows_os_physical_memory_free_bytes", "windows_memory_",
        "windows_system_processor_queue_length", "windows_terminal_services_session_info",
        "windows_terminal_services_local_session_count", "windows_logon_", "node_load1 ",
        "node_cpu_seconds_total",
        "node_memory_MemTotal_bytes", "node_memory_MemAvailable_bytes", "node_logind_sessions",
    ]

    /// - Returns: nil where it is neither of the two.
    package init?(_ text: ExporterText) {
        let samples = text.samples
        if samples.contains(where: { $0.name.hasPrefix("windows_") }) {
            self.init(windows: text)
        } else if samples.contains(where: { $0.name.hasPrefix("node_") }) {
            self.init(node: text)
        } else {
            return nil
        }
    }

    private init(windows text: ExporterText) {
        kind = .windows
        note(text.samples.filter { $0.name == "windows_cpu_time_total" }, by: "core")
        if processorCount == nil { processorCount = Self.count(text.value("windows_cs_logical_processors")) }
        queueLength = text.value("windows_system_processor_queue_length")
        memoryByteCount =
            text.value("windows_memory_physical_total_bytes")
            ?? text.value("windows_cs_physical_memory_bytes")
        availableByteCount =
            text.value("windows_memory_available_bytes") ?? text.value("windows_memory_physical_free_bytes")
            ?? text.value("windows_os_physical_memory_free_bytes")
        sessionCount = Self.windowsSessions(text.samples)
    }

    private init(node text: ExporterText) {
        kind = .node
        note(text.samples.filter { $0.name == "node_cpu_seconds_total" }, by: "cpu")
        loadAverage = text.value("node_load1")
        memoryByteCount = text.value("node_memory_MemTotal_bytes")
        availableByteCount = text.value("node_memory_MemAvailable_bytes")
        let sessions = text.samples.filter { $0.name == "node_logind_sessions" }
        if !sessions.isEmpty {
            sessionCount = Self.count(
                sessions.filter { ["user", "user-early"].contains($0.labels["class"]) && $0.value > 0 }
                    .reduce(0) { $0 + $1.value })
        }
    }

    private mutating func note(_ times: [ExporterText.Sample], by processor: String) {
        guard !times.isEmpty else { return }
        processorCount = Set(times.compactMap { $0.labels[processor] }).count
        processorSeconds = times.reduce(0) { $0 + $1.value }
        idleSeconds = times.filter { $0.labels["mode"] == "idle" }.reduce(0) { $0 + $1.value }
    }

    /// A session has one sample for each state that it could be in, and 1 in the one that it is in.
    private static func windowsSessions(_ samples: [ExporterText.Sample]) -> Int? {
        let all = samples.filter { $0.name == "windows_terminal_services_session_info" }
        if !all.isEmpty {
            return all.count {
                $0.value == 1
                    && ["active", "connected", "disconnected", "shadow"].contains($0.labels["state"])
                    // What listens has no user, or only a domain.
                    && !($0.labels["user"] ?? "").isEmpty && $0.labels["user"]?.last != "\\"
            }
        }
        let counts = samples.filter { $0.name == "windows_terminal_services_local_session_count" }
        if !counts.isEmpty {
            return count(
                counts.filter { ["active", "inactive"].contains($0.labels["session"]) }
                    .reduce(0) { $0 + $1.value })
        }
        // Versions before 0.28 count log-ins by type; later ones tell each with its type.
        func isRemote(_ type: String?) -> Bool {
            type?.lowercased().filter { $0 != "_" && $0 != " " } == "remoteinteractive"
        }
        let types = samples.filter { $0.name == "windows_logon_logon_type" }
        if !types.isEmpty {
            return count(types.filter { isRemote($0.labels["status"]) }.reduce(0) { $0 + $1.value })
        }
        let logons = samples.filter { $0.name.hasPrefix("windows_logon_session_") }
        return logons.isEmpty ? nil : logons.count { isRemote($0.labels["type"]) }
    }

    private static func count(_ value: Double?) -> Int? {
        guard let value, value.isFinite, value >= 0 else { return nil }
        return Int(min(value, 1e6))
    }
}
