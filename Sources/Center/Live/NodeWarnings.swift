import Fleet
import Wire

/// Problems of nodes before they boot, as lines for people who can fix them.
enum NodeWarnings {
    /// Lines of one kind.
    private static let lineLimit = 10

    /// Why nodes would boot nothing: one line per reason, with the number of nodes. Held nodes are not included.
    ///
    /// - Parameter clients: the machines' last DHCP requests.
    static func lacks(
        in snapshot: FleetSnapshot, under policy: BootPolicy, clients: [MACAddress: BootClient] = [:]
    ) -> [String] {
        var names: [String: [NodeName]] = [:]
        var boots = NextBoots(in: snapshot, under: policy, clients: clients)
        for name in snapshot.nodeOrder {
            guard let node = snapshot.nodes[name], snapshot.trouble(holding: node) == nil,
                let lack = boots.boot(of: node).lack
            else { continue }
            names[lack.english, default: []].append(name)
        }
        let lines = names.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }.map { lack, names in
            let who = names.count == 1 ? "node \(names[0]) boots" : "\(names.count) nodes boot"
            return "\(who) nothing: \(lack)"
        }
        return shortened(lines)
    }

    /// What is wrong with the networks as they are served.
    static func networks(in snapshot: FleetSnapshot, within plan: AddressPlan) -> [String] {
        shortened(plan.following(snapshot.contents).problems(in: snapshot).map { "networks: \($0.line)" })
    }

    /// Fixed addresses that cut machines off, or that no node gets: from before they were checked, or before the networks changed.
    static func addresses(in snapshot: FleetSnapshot, within plan: AddressPlan) -> [String] {
        shortened(
            snapshot.nodeOrder.compactMap { name in
                guard let address = snapshot.nodes[name]?.address, let problem = plan.problem(of: address),
                    problem.outcome != .untidy
                else { return nil }
                return
                    "node \(name): address \(address) \(problem.text), and is not given out (roost node set \(name) --address …)"
            })
    }

    /// Kept files that do not count as they are.
    static func keptFiles(_ files: [KeptFiles.State]) -> [String] {
        files.compactMap { file in
            file.refusal.map {
                "the kept file \(file.source.path) is refused, and what was read before stays in force: \($0)"
            }
        }
    }

    /// Files of the configuration that do not count as they are.
    static func watchedFiles(_ sources: [WatchedFiles.State]) -> [String] {
        sources.compactMap { state in
            state.refusal.map {
                "the files of source \(state.source.name) are refused, and what was applied before stays in force: \($0)"
            }
        }
    }

    /// Missing volumes: their nodes wait for them.
    static func volumes(missing names: [NodeName]) -> [String] {
        shortened(
            names.map { name in
                "the volume of \(name) has lost its file (roost volume reset \(name) gives it a new one, or put back volumes/\(name))"
            })
    }

    /// Reports by nodes that were not recorded.
    static func reports(_ figures: [ReportKind: ReportQueues.Figures]) -> [String] {
        figures.filter { $0.value.dropped > 0 }.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            kind, figures in
            "\(figures.dropped) reports of nodes (\(kind.rawValue)) were dropped since the server started: they came faster than the disk of the state directory can record them"
        }
    }

    private static func shortened(_ lines: [String]) -> [String] {
        lines.count > lineLimit
            ? lines.prefix(lineLimit) + ["and \(lines.count - lineLimit) more of this kind"] : lines
    }
}
