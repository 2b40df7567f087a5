import API
import Fleet
import Foundation

@testable import Center

extension ActTarget {
    var terminal: TerminalName { get throws { try TerminalName("ts-of-\(place.node)") } }
    var pool: PoolName { get throws { try PoolName("pool-of-\(place.node)") } }
}

extension ActRow {
    static let terminals = [
        ActRow("terminals", .read, .anywhere) { acts, _ in try acts.terminals("", offset: 0, limit: 9) },
        ActRow("terminalStates", .read, .anywhere) { acts, _ in try acts.terminalStates() },
        ActRow("terminal", .read) { try $0.terminal($1.terminal) },
        ActRow("saveTerminal", .configure) {
            try await $0.saveTerminal(
                TerminalServer(name: TerminalName("fresh"), group: $1.group, address: "10.77.0.9"))
        },
        ActRow("patchTerminal", .configure) {
            try await $0.patchTerminal($1.terminal, MergePatch(Data(#"{"sessionLimit":9}"#.utf8)))
        },
        ActRow("removeTerminal", .configure) { try await $0.removeTerminal($1.terminal) },
        ActRow("admit", .configure) { try await $0.admit(.draining, to: $1.terminal, restarts: true) },
        ActRow("planAdmission", .configure) {
            try $0.planAdmission(.maintenance, of: $1.terminal, restarts: nil)
        },
        ActRow("pools", .read, .anywhere) { acts, _ in try acts.pools("", offset: 0, limit: 9) },
        ActRow("pool", .read) { try $0.pool($1.pool) },
        ActRow("savePool", .configure) {
            try await $0.savePool(TerminalPool(name: PoolName("fresh"), group: $1.group))
        },
        ActRow("patchPool", .configure) {
            try await $0.patchPool($1.pool, MergePatch(Data(#"{"idleMinutes":30}"#.utf8)))
        },
        ActRow("removePool", .configure) { try await $0.removePool($1.pool) },
        ActRow("requireChangingTerminals", .configure) {
            try $0.requireChangingTerminals(in: $1.group)
        },
        ActRow("requireChangingTerminal", .configure) { try $0.requireChangingTerminal($1.terminal) },
        ActRow("requireState", .configure) {
            try $0.requireState(of: TerminalServer.self, at: $1.terminal, isNew: false, tag: "*")
        },
        ActRow("placement", .read) {
            try $0.placement(
                of: "ann", at: $1.place.node, pool: $1.pool.text, protocols: [.rdp])
        },
        ActRow("placements", .read, .anywhere) { acts, _ in
            try acts.placements("", offset: 0, limit: 9)
        },
        ActRow("placementOutcomes", .read, .anywhere) { acts, _ in try acts.placementOutcomes() },
        ActRow("unservedPools", .read, .anywhere) { acts, _ in try acts.unservedPools() },
        ActRow("placedTroubles", .read, .anywhere) { acts, _ in try acts.placedTroubles() },
        ActRow("terminalTroubles", .read, .anywhere) { acts, _ in try acts.terminalTroubles() },
    ]
}
