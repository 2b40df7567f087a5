import API
import Fleet
import Foundation
import Glibc
import Hummingbird
import Wire

/// For monitoring: Prometheus metrics (text format 0.0.4), and whether the server is alive and ready.
struct MetricsRoutes {
    func add(to routes: Routes) {
        // Without authentication: they only say yes or no.
        routes.group.get("healthz") { _, _ in "ok\n" }
        routes.group.get("readyz") { [door = routes.door] _, _ in
            try await door.checkReadiness()
            return "ready\n"
        }
        routes.get("metrics", .read) { _, _, acts in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: try await text(acts))))
        }
    }

    private func text(_ acts: Acts) async throws -> String {
        let (figures, server) = (try await acts.figures(), try await acts.serverFigures())
        var metrics = MetricsText()
        metrics.add(
            "roost_nodes", .gauge, "Nodes by what their last boot is doing.",
            MachineState.allCases.map { (["state": $0.rawValue], Double(figures.states[$0] ?? 0)) })
        metrics.add(
            "roost_unknown_machines", .gauge, "Unknown machines that were seen.",
            Double(figures.unknownCount))
        let counts = server.boots
        metrics.add(
            "roost_boots_total", .counter, "Boots since the server started, by how far they came.",
            [
                (["reached": "dhcp"], Double(counts.started)), (["reached": "ready"], Double(counts.ready)),
                (["reached": "failed"], Double(counts.failed)),
            ])
        let durations = [(["quantile": "0.5"], figures.median), (["quantile": "0.95"], figures.percentile95)]
        metrics.add(
            "roost_boot_seconds", .gauge, "Power-on to ready of the machines' last boots.",
            durations.compactMap { labels, value in value.map { (labels, Double($0) / 1_000) } })
        metrics.add(
            "roost_boot_stage_seconds", .gauge, "Median time that each stage of a boot takes.",
            BootStage.allCases.compactMap { stage in
                figures.stages[stage].map { (["stage": stage.rawValue], Double($0) / 1_000) }
            })
        let networks = server.networks
        metrics.add(
            "roost_pool_addresses", .gauge, "Addresses in the pools.",
            networks.map { (["network": $0.network], Double($0.size)) })
        metrics.add(
            "roost_pool_leased", .gauge, "Addresses that are leased.",
            networks.map { (["network": $0.network], Double($0.leased)) })
        metrics.add(
            "roost_root_connections", .gauge, "Open NBD connections.",
            server.connections.map {
                (["image": $0.image.text, "version": String($0.version)], Double($0.count))
            }.sorted { $0.0.description < $1.0.description })
        metrics.add("roost_revision", .gauge, "The configuration's revision.", Double(server.revision))
        metrics.add(
            "roost_event_listeners", .gauge, "Who listens to events now.", Double(server.listenerCount))
        let limited = server.limited
        metrics.add(
            "roost_limited_total", .counter,
            "What peers were refused because they had, or asked for, too much.",
            LimitedPlane.allCases.map { (["plane": $0.rawValue], Double(limited.totals[$0] ?? 0)) })
        metrics.add(
            "roost_limited_peers", .gauge, "Peers that were refused something within the last minute.",
            Double(limited.peerCount))
        addReports(server, to: &metrics)
        metrics.add(
            "roost_info", .gauge, "The version of the server.", [(["version": server.version], 1)])
        addProcess(to: &metrics)
        return metrics.text
    }

    private func addReports(_ server: Acts.ServerFigures, to metrics: inout MetricsText) {
        let figures = server.reports.sorted { $0.key.rawValue < $1.key.rawValue }
        metrics.add(
            "roost_reports_waiting", .gauge, "Reports of nodes that are not recorded yet.",
            figures.map { (["kind": $0.key.rawValue], Double($0.value.waiting)) })
        metrics.add(
            "roost_reports_dropped_total", .counter,
            "Reports of nodes that found no room, because they came faster than they were recorded.",
            figures.map { (["kind": $0.key.rawValue], Double($0.value.dropped)) })
    }

    /// The metric names of Prometheus's own client libraries.
    private func addProcess(to metrics: inout MetricsText) {
        var usage = rusage()
        if unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let seconds = [usage.ru_utime, usage.ru_stime].reduce(0.0) {
                $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6
            }
            metrics.add("process_cpu_seconds_total", .counter, "Processor time of the server.", seconds)
        }
        if let statm = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = statm.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
        {
            metrics.add(
                "process_resident_memory_bytes", .gauge, "Memory of the server.",
                pages * Double(sysconf(Int32(_SC_PAGESIZE))))
        }
    }
}

/// Metrics in Prometheus's text format.
struct MetricsText {
    enum Kind: String {
        case gauge, counter
    }

    private(set) var text = ""

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        add(name, kind, help, [([:], value)])
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [([String: String], Double)]) {
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
        for (labels, value) in samples {
            let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }
            let shown = value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
            text += "\(name)\(pairs.isEmpty ? "" : "{\(pairs.joined(separator: ","))}") \(shown)\n"
        }
    }

    /// A label's value. Scalar by scalar: a quotation mark followed by a combining accent ends the value, too.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in PlainText(text).description.unicodeScalars {
            if scalar == "\\" || scalar == "\"" { escaped += "\\" }
            escaped.unicodeScalars.append(scalar)
        }
        return escaped
    }
}
