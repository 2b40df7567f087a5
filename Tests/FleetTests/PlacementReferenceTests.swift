import Testing

@testable import Fleet

/// Placement goes through the servers once, and keeps the best. Here the same is said plainly, with all servers compared at the end.
@Suite struct PlacementReferenceTests {
    private static let now = 1_000_000

    /// A server as invented, and what is to be said of it.
    private struct Look {
        let name: String
        let level: Int
        let use: TerminalUse
        /// The protocol that shows the session where it should be another one.
        let way: (shown: SessionProtocol, missing: SessionProtocol)?
    }

    /// Servers that are often equally free, in one to three levels, some with a protocol that does not answer.
    private static func servers(_ dice: inout SeededDice) -> (servers: [PlacementServer], levels: [[Int]]) {
        let most = [12, 25, 60][Int.random(in: 0...2, using: &dice)]
        let servers = (0..<Int.random(in: 0...15, using: &dice)).map { number in
            var server = PlacementServer(
                name: "ts\(number)", sessionLimit: Bool.random(using: &dice) ? most / 2 : nil,
                protocols: Bool.random(using: &dice) ? .rdp : [.rdp, .ssh])
            let sessions = most - Int.random(in: 0...3, using: &dice)
            server.heard(
                TerminalLoad(
                    processorCount: 4, loadAverage: Double(sessions) * 0.1, memoryByteCount: 32 << 30,
                    usedMemoryByteCount: 1 << 30 + sessions * 300_000_000, idleMemoryByteCount: 1 << 30,
                    sessionCount: sessions), at: now)
            if Int.random(in: 0...3, using: &dice) == 0 { server.silentProtocols = .rdp }
            server.isDraining = Int.random(in: 0...7, using: &dice) == 0
            return server
        }
        var levels = [[Int]](repeating: [], count: Int.random(in: 1...3, using: &dice))
        for index in servers.indices.shuffled(using: &dice) {
            levels[Int.random(in: levels.indices, using: &dice)].append(index)
        }
        return (servers, levels)
    }

    /// The freest of the first level with room, of servers that show the session as they should before others; else the freest of all.
    private static func freest(_ looks: [Look]) -> [Look] {
        let withRoom = looks.filter { $0.use.share <= 1 }
        let right = withRoom.filter { $0.way == nil }
        var candidates = right.isEmpty ? withRoom : right
        if candidates.isEmpty {
            candidates = looks
        } else {
            let first = candidates.map(\.level).min()
            candidates.removeAll { $0.level != first }
        }
        let least = candidates.map(\.use.share).min()
        return candidates.filter { $0.use.share == least }
    }

    /// What is to be said of a server that is not chosen.
    private static func reason(_ look: Look, chosenLevel: Int, hasRoom: Bool) -> Placement.Reason {
        if look.use.share > 1, hasRoom { return .noRoom(look.use) }
        if look.use.share <= 1, let way = look.way {
            return .lesser(way.shown, missing: way.missing, look.use)
        }
        return look.level > chosenLevel ? .laterLevel(look.use) : .lessFree(look.use)
    }

    @Test(arguments: 0..<100)
    func `the choice and the reason for each server are those of a plain comparison`(seed: Int) throws {
        var dice = SeededDice(seed)
        let (servers, levels) = Self.servers(&dice)
        let cost = SessionCost(of: servers)
        let logIn = LogIn(
            user: "user\(seed)", protocols: Bool.random(using: &dice) ? .rdp : [.rdp, .ssh],
            former: servers.randomElement(using: &dice)?.name)
        let placement = Placement(
            logIn, levels: levels, of: servers, cost: cost, now: Self.now,
            terms: PlacementTerms(protocols: [.rdp, .ssh]))

        let order = levels.enumerated().flatMap { level, members in members.map { (level, servers[$0]) } }
        #expect(placement.verdicts.map(\.server) == order.map(\.1.name))
        #expect(placement.verdicts.map(\.level) == order.map(\.0))
        let looks = order.compactMap { level, server -> Look? in
            let shown = logIn.protocols.intersection(server.protocols).subtracting(server.silentProtocols)
            let sessions = server.sessionCount
            if server.isDraining || shown.isEmpty || server.sessionLimit.map({ sessions >= $0 }) == true {
                return nil
            }
            return Look(
                name: server.name, level: level, use: server.use(cost: cost),
                way: shown.contains(.rdp) ? nil : (.ssh, .rdp))
        }
        let freest = Self.freest(looks)
        if freest.isEmpty {
            #expect(placement.server == nil && placement.verdicts.allSatisfy { $0.reason.use == nil })
            return
        }
        // Without room anywhere, some may be equally free on several levels.
        let best = try #require(freest.first { $0.level == placement.level })
        let chosen = try #require(looks.first { $0.name == placement.server })
        let hasRoom = best.use.share <= 1
        if let former = looks.first(where: { $0.name == logIn.former }), former.level == best.level,
            former.use.share <= best.use.share
                + min(Placement.preference, Placement.nearness * best.use.share),
            former.use.share <= 1 || !hasRoom, (former.way == nil) == (best.way == nil)
        {
            #expect(chosen.name == former.name)
        } else {
            #expect(freest.contains { $0.name == chosen.name })
        }
        for verdict in placement.verdicts {
            guard let look = looks.first(where: { $0.name == verdict.server }) else {
                #expect(verdict.reason.use == nil)
                continue
            }
            if look.name != chosen.name {
                #expect(
                    verdict.reason == Self.reason(look, chosenLevel: best.level, hasRoom: hasRoom), "\(look)")
            } else if let way = look.way {
                #expect(verdict.reason == .fallback(way.shown, missing: way.missing, look.use))
            } else {
                let former: Placement.Reason = .former(look.use)
                #expect(
                    verdict.reason == .freest(look.use)
                        || verdict.reason == former && look.name == logIn.former)
            }
        }
        #expect(placement.reasonCounts.values.reduce(0, +) == placement.verdicts.count)
        for (code, count) in placement.reasonCounts {
            #expect(placement.verdicts.count { $0.reason.code == code } == count)
        }
    }
}
