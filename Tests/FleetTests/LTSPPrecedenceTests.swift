import Testing
import Wire

@testable import Fleet

/// Precedence in invented files, compared with the rules in their plainest form.
@Suite struct LTSPPrecedenceTests {
    private struct Section {
        var name: String
        var settings: [(String, String)] = []
        var likes: [String] = []
    }

    private static let machines: [LTSPMachine] = [.hall10, .hall11, .counter]
    /// Each with the pattern's meaning in plain words.
    private static let names = [
        "default", "hall-10", "HALL-11", "counter", "192.168.40.10", "10.55.0.60", "02:5b:c1:00:11:0a", "a",
        "b",
        "c", "hall-*", "hall-1?", "02:5B:*", "192.168.*", "*", "coun*r",
    ]

    private func matches(_ pattern: String, _ text: String) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        let rest = String(pattern.dropFirst())
        if first == "*" { return (0...text.count).contains { matches(rest, String(text.dropFirst($0))) } }
        guard let letter = text.first, first == "?" || first == letter else { return false }
        return matches(rest, String(text.dropFirst()))
    }

    // MARK: lts.conf

    private func file(_ dice: inout SeededDice) -> [Section] {
        var sections: [Section] = []
        for name in Self.names.shuffled(using: &dice).prefix(Int.random(in: 1...12, using: &dice)) {
            var section = Section(name: name)
            for _ in 0..<Int.random(in: 1...4, using: &dice) {
                let variable = ["A", "B", "C", "D"].randomElement(using: &dice) ?? "A"
                let value = Int.random(in: 0...6, using: &dice) == 0 ? "NONE" : "\(name)-\(sections.count)"
                section.settings.append((variable, value))
            }
            // Only to later letters, so that nothing goes in a circle.
            let likes = ["a", "b", "c"].filter { $0 > name || !["a", "b", "c"].contains(name) }
            for like in likes where Bool.random(using: &dice) { section.likes.append(like) }
            sections.append(section)
        }
        return sections
    }

    private func text(_ sections: [Section]) -> String {
        sections.map { section in
            "[\(section.name)]\n" + section.likes.map { "LIKE = \($0)\n" }.joined()
                + section.settings.map { "\($0) = \"\($1)\"\n" }.joined()
        }.joined()
    }

    private func expected(_ sections: [Section], _ machine: LTSPMachine) -> [String: String] {
        func section(_ name: String) -> Section? {
            sections.first { $0.name.lowercased() == name.lowercased() }
        }
        let identities = [machine.hostName, machine.address, machine.macAddress]
        var roots = identities.compactMap(section).prefix(1).map { $0 }
        roots += identities.compactMap { identity in
            sections.first {
                $0.name.lowercased() != identity && matches($0.name.lowercased(), identity)
            }
        }
        // Each root, then what it takes over, level by level.
        var chain: [Section] = []
        for root in roots {
            var level = [root]
            while !level.isEmpty {
                chain += level
                level = level.flatMap { $0.likes.compactMap(section) }
            }
        }
        if let usual = section("default") { chain.append(usual) }
        var values: [String: String] = [:]
        for section in chain.reversed() {
            for (variable, value) in section.settings { values[variable] = value }
        }
        return values.filter { $0.value != "NONE" }
    }

    @Test(arguments: 0..<8) func `sections, patterns and LIKE have the strength of the rules`(seed: Int) {
        var dice = SeededDice(seed)
        for round in 0..<250 {
            let sections = file(&dice)
            let conf = LTSConf(Array(text(sections).utf8))
            #expect(conf.errors == [], "seed \(seed), round \(round)")
            for machine in Self.machines {
                #expect(
                    conf.variables(of: machine).values == expected(sections, machine),
                    "seed \(seed), round \(round), \(machine.hostName):\n\(text(sections))")
            }
        }
    }

    // MARK: ltsp.conf

    @Test(arguments: 0..<8) func `the first header that matches each identity counts, in its turn`(seed: Int)
    {
        var dice = SeededDice(seed &+ 1_000)
        let names = ["clients", "common", "server"] + Self.names.dropFirst().filter { $0 != "*" } + ["init/"]
        for round in 0..<250 {
            var sections: [Section] = []
            for name in names.shuffled(using: &dice).prefix(Int.random(in: 1...12, using: &dice)) {
                let variable = ["A", "B", "C"].randomElement(using: &dice) ?? "A"
                sections.append(Section(name: name, settings: [(variable, "\(name)-\(sections.count)")]))
            }
            let text = sections.map { "[\($0.name)]\n" + $0.settings.map { "\($0)='\($1)'\n" }.joined() }
                .joined()
            let conf = LTSPConf(Array(text.utf8))
            for machine in Self.machines {
                var values: [String: String] = [:]
                var done: Set<String> = []
                for identity in [
                    "clients", "common", machine.macAddress, machine.address, machine.hostName, "init/",
                ] {
                    let match = sections.first { matches($0.name.lowercased(), identity) }
                    guard let match, done.insert(match.name).inserted else { continue }
                    for (variable, value) in match.settings { values[variable] = value }
                }
                #expect(
                    conf.variables(of: machine).values == values, "seed \(seed), round \(round):\n\(text)")
            }
        }
    }

    // MARK: Many machines

    @Test(.timeLimit(.minutes(10))) func `ten thousand machines have their variables from 200 sections`() {
        var text = "[default]\n" + (0..<20).map { "V\($0) = \"default \($0)\"\n" }.joined()
        for number in 0..<100 {
            text += "[group-\(number)]\nLIKE = group-\(number + 1)\nV\(number % 20) = group-\(number)\n"
            text += "[pc-\(number)*]\nV1 = room-\(number)\nLIKE = group-\(number)\n"
        }
        let conf = LTSConf(Array(text.utf8))
        #expect(conf.sections.count == 201 && conf.errors == [])
        var count = 0
        for number in 0..<10_000 {
            let machine = LTSPMachine(
                macAddress: MACAddress(rawValue: 0x0200_0000_0000 + UInt64(number)).description,
                address: "10.0.\(number / 256).\(number % 256)", hostName: "pc-\(number)")
            count += conf.variables(of: machine).count
        }
        #expect(count == 200_000)
    }
}
