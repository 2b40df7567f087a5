import Fleet
import Wire

/// What terminal servers say to a probe, and files of LTSP-Cluster's load balancer.
extension Parsers {
    static let terminals: [Parser] = [
        Parser(
            name: "port-dialogue",
            seeds: [
                [3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 1, 8, 0, 1, 0, 0, 0],
                [3, 0, 0, 19, 14, 0xD0, 0, 0, 0, 0, 0, 3, 0, 8, 0, 5, 0, 0, 0],
                Array("Hello\r\nSSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".utf8), Array("RFB 003.008\n".utf8),
            ]
        ) { bytes in
            for service in [PortDialogue.Service.rdp, .ssh, .vnc] {
                var (whole, parts) = (PortDialogue(service), PortDialogue(service))
                let result = whole.handle(bytes)
                var step = PortDialogue.Step.wait
                for byte in bytes where step == .wait { step = parts.handle([byte]) }
                // What arrives in parts means the same, up to where it is decided.
                if step == .startTLS { precondition(result == .startTLS, "parts mean something else") }
                if case .over(let finding) = step { precondition(!"\(finding)".isEmpty, "no words") }
            }
        },
        Parser(
            name: "exporter",
            seeds: [
                #"windows_cpu_time_total{core="0,0",mode="idle"} 9e2\#nwindows_memory_available_bytes 1\#n"#,
                #"windows_terminal_services_session_info{state="active",user="A\\b"} 1"#,
                "node_load1 0.4\nnode_memory_MemTotal_bytes 8e9\nnode_memory_MemAvailable_bytes 1\nnode_cpu_seconds_total{cpu=\"0\"} 1\n",
            ].map { Array($0.utf8) }
        ) { bytes in
            let text = ExporterText(bytes, namesBeginningWith: ExporterReading.prefixes)
            guard let reading = ExporterReading(text) else { return }
            if let load = TerminalLoad(reading, since: reading, sessionCount: 1) {
                var server = PlacementServer(name: "a")
                server.heard(load, at: 1)
                _ = Placement(LogIn(user: "a"), levels: [[0]], of: [server], cost: .usual, now: 1)
            }
        },
        Parser(
            name: "load-expression",
            seeds: ["$CPUFREQ*$CPUCOUNT/120", "max(1, min(2, -MEMTOTAL))/(.7+3)"].map { Array($0.utf8) }
        ) { bytes in
            let expression = try LoadExpression(String(decoding: bytes, as: UTF8.self))
            _ = expression.value { _ in 0 }
        },
        Parser(
            name: "lbsconfig",
            seeds: [
                """
                <?xml version="1.0"?><lbsconfig><nodes><group default="true" name="a&amp;b"><node address="http://a:1" name="a"/>
                </group></nodes><rules><variable name="LOADAVG" weight="5"><rule capacity=".7" critical="3"/></variable></rules></lbsconfig>
                """
            ].map { Array($0.utf8) }
        ) { bytes in
            let result = LBSImport(bytes)
            precondition(!result.isRefused || result.isEmpty, "a refused file imports something")
            let empty = FleetSnapshot(revision: 1, nodes: [], groups: [NodeGroup(path: .site)], images: [])
            let edits =
                result.servers.map { FleetEdit.terminal($0.name, $0) }
                + result.pools.map { FleetEdit.pool($0.name, $0) }
            if !edits.isEmpty { _ = try? empty.applying(edits, revision: 2) }
        },
    ]
}
