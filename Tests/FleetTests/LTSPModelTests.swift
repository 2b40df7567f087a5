import Foundation
import Testing

@testable import Fleet

/// Invented files with all that decides which value counts, compared with models that follow the old programs' rules word by word, over plain
/// lists and by recursion.
@Suite struct LTSPModelTests {
    private static let seeds =
        0..<(ProcessInfo.processInfo.environment["ROOST_TEST_SAMPLE"] != nil ? 2 : 8)

    private static let machines: [LTSPMachine] = [
        .hall10, .hall11, .counter, LTSPMachine(macAddress: "02:5b:c1:00:11:0c"),
    ]

    private static func matches(_ pattern: Substring, _ text: Substring) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            return text.indices.contains { matches(pattern.dropFirst(), text[$0...]) }
                || matches(pattern.dropFirst(), "")
        }
        guard let letter = text.first, first == "?" || first == letter else { return false }
        return matches(pattern.dropFirst(), text.dropFirst())
    }

    // MARK: lts.conf

    /// A line: a setting, or LIKE.
    private typealias Line = (name: String, value: String)
    private typealias Section = (header: String, lines: [Line])

    private static let headers = [
        "Default", "DEFAULT", "hall-10", "Hall-10", "HALL-11", "counter", "192.168.40.10", "10.55.0.60",
        "02:5B:C1:00:11:0A", "02:5b:c1:00:11:0c", "Group", "group", "deep", "hall-*", "hall-1?", "02:5B:*",
        "192.168.*", "*", "c*r",
    ]

    private static func sections(_ dice: inout SeededDice, below names: [String]) -> [Section] {
        (0..<Int.random(in: 1...10, using: &dice)).map { number in
            let header = headers.randomElement(using: &dice) ?? "a"
            var lines: [Line] = (0..<Int.random(in: 1...4, using: &dice)).map { _ in
                let name = ["A", "a", "B", "SCREEN_07_A", "X_HORIZSYNC", "X_HORZSYNC"].randomElement(
                    using: &dice)
                let value = ["NONE", "none", "v\(number)", "w \(number)"].randomElement(using: &dice)
                return (name ?? "A", value ?? "")
            }
            // Only downwards in this list, so that nothing goes in a circle.
            let rank = names.firstIndex { $0 == header.lowercased() } ?? -1
            for (place, name) in names.enumerated() where place > rank && Bool.random(using: &dice) {
                let at = Int.random(in: 0...lines.count, using: &dice)
                lines.insert((["LIKE", "like"].randomElement(using: &dice) ?? "LIKE", name), at: at)
            }
            return (header, lines)
        }
    }

    private static func text(_ sections: [Section]) -> String {
        sections.map { section in
            "[\(section.header)]\n" + section.lines.map { "  \($0.name) = \"\($0.value)\"\n" }.joined()
        }.joined()
    }

    /// The chain of sections and the settings in it, as getltscfg has them in lists: each section as often as it is found.
    ///
    /// - Returns: the variables in the order in which they are printed.
    private static func model(_ sections: [Section], _ machine: LTSPMachine, kernel: [Line]) -> [Line] {
        let headers = sections.map { $0.header.lowercased() }
        var chain: [Int] = []
        func find(_ name: String, asPattern: Bool) -> Bool {
            let name = name.lowercased()
            guard !name.isEmpty else { return false }
            let found = headers.firstIndex { header in
                asPattern
                    ? header != name && header.contains { "*?".contains($0) }
                        && matches(header[...], name[...])
                    : header == name
            }
            guard let found else { return false }
            chain.append(found)
            return true
        }
        let likes = sections.map { $0.lines.filter { $0.name.lowercased() == "like" }.map(\.value) }
        func follow() {
            var place = 0
            while place < chain.count {
                for like in likes[chain[place]] { _ = find(like, asPattern: false) }
                place += 1
            }
        }
        let names = [machine.hostName, machine.address, machine.macAddress]
        _ = names.first { find($0, asPattern: false) }
        follow()
        for name in names where find(name, asPattern: true) { follow() }
        _ = find("default", asPattern: false)
        var values: [Line] = []
        for index in chain.reversed() {
            for line in sections[index].lines where line.name.lowercased() != "like" {
                let name = line.name.uppercased()
                if let place = values.firstIndex(where: { $0.name == name }) {
                    values[place].value = line.value
                } else {
                    values.append((name, line.value))
                }
            }
        }
        values.removeAll { $0.value.lowercased() == "none" }
        let words = kernel.map { ($0.name.uppercased(), $0.value) }
        return words.filter { word in !values.contains { $0.name == word.0 } } + values
    }

    @Test(arguments: seeds) func `an lts.conf has the values of a model of getltscfg`(seed: Int) {
        var dice = SeededDice(seed)
        for round in 0..<200 {
            let main = Self.sections(&dice, below: ["default", "group", "deep"])
            let more = Self.sections(&dice, below: ["default", "group", "deep"])
            // What is included counts as if it stood behind the rest.
            let place = Int.random(in: 0...main.count, using: &dice)
            let text =
                Self.text(Array(main[..<place])) + "include /etc/more.conf\n"
                + Self.text(Array(main[place...]))
            let kernel: [Line] = [("sound", "yes"), ("a", "kernel")].filter { _ in Bool.random(using: &dice) }
            let words = kernel.map { "ltsp.\($0.name)=\($0.value)" }.joined(separator: " ")
            let conf = LTSConf(Array(text.utf8)) { _ in Array(Self.text(more).utf8) }
            #expect(conf.errors == [], "seed \(seed), round \(round)")
            for machine in Self.machines {
                let variables = conf.variables(of: machine, kernelLine: words)
                let model = Self.model(main + more, machine, kernel: kernel)
                let expected = Dictionary(uniqueKeysWithValues: model.map { ($0.name, $0.value) })
                #expect(
                    variables.map { "\($0.name)=\($0.value)" } == model.map { "\($0.name)=\($0.value)" },
                    "seed \(seed), round \(round):\n\(text)")
                #expect(variables.values == expected, "seed \(seed), round \(round):\n\(text)")
                // What a screen sees, and the names of LTSP 4.
                let screen = variables.inScreen("07").values["A"]
                #expect(screen == expected["SCREEN_07_A"] ?? expected["A"])
                let former = variables.withFormerNames.values["X_HORZSYNC"]
                #expect(former == expected["X_HORZSYNC"] ?? expected["X_HORIZSYNC"])
            }
        }
    }

    // MARK: ltsp.conf

    private static let functions = [
        "clients", "common", "server", "Hall-10", "hall_10", "hall-11", "counter", "192.168.40.10", "10.55.*",
        "02:5b:c1:00:11:0a", "02:5B:*", "one", "two", "one|two", "hall-1?|counter", "init/", "init/hall-*",
        "init/10.55.0.60", "renamed", "ipxe/",
    ]

    private static func shell(_ dice: inout SeededDice) -> [Section] {
        (0..<Int.random(in: 1...10, using: &dice)).map { number in
            let lines: [Line] = (0..<Int.random(in: 1...4, using: &dice)).map { _ in
                switch Int.random(in: 0...9, using: &dice) {
                case 0: ("HOSTNAME", ["renamed", "counter"].randomElement(using: &dice) ?? "")
                case 1, 2:
                    ("INCLUDE", ["One", "two", "hall-10", "none-such"].randomElement(using: &dice) ?? "")
                case 3: ("A", "$A+\(number)")
                case 4: ("B", "${A:-none}")
                default: (["A", "B", "NONE"].randomElement(using: &dice) ?? "A", "v\(number)")
                }
            }
            return (functions.randomElement(using: &dice) ?? "a", lines)
        }
    }

    /// The functions that ini2sh writes, called as eval_ini does.
    private struct Shell {
        var sections: [Section]
        var values: [String: String] = [:]
        var set: Set<String> = []
        var done: Set<String> = []

        static func function(_ header: String) -> String {
            String(header.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
        }

        mutating func call(_ name: String) {
            let first = sections.first { section in
                section.header.lowercased().split(separator: "|").contains {
                    LTSPModelTests.matches($0, name[...])
                }
            }
            guard let first, done.insert(Self.function(first.header)).inserted else { return }
            // Of two functions with one name, the later definition is there.
            let body = sections.last { Self.function($0.header) == Self.function(first.header) }
            for line in body?.lines ?? [] {
                if line.name == "INCLUDE" {
                    call(line.value.lowercased())
                } else {
                    let a = values["A"] ?? ""
                    let value = line.value.split(separator: "+", omittingEmptySubsequences: false)
                        .map { $0 == "$A" ? a : $0 == "${A:-none}" ? (a.isEmpty ? "none" : a) : String($0) }
                    values[line.name] = value.joined(separator: "+")
                    set.insert(line.name)
                }
            }
        }

        mutating func run(_ machine: LTSPMachine, isServer: Bool, applet: String) -> [String: String] {
            values["HOSTNAME"] = machine.hostName
            if !isServer { call("clients") }
            call("common")
            if isServer { call("server") }
            for name in [machine.macAddress, machine.address] { call(name) }
            call(values["HOSTNAME"] ?? "")
            call("\(applet)/")
            for name in [machine.macAddress, machine.address] { call("\(applet)/\(name)") }
            call("\(applet)/\(values["HOSTNAME"] ?? "")")
            return values.filter { set.contains($0.key) }
        }
    }

    @Test(arguments: seeds) func `an ltsp.conf has the values of a model of the scripts of LTSP`(seed: Int) {
        var dice = SeededDice(seed &+ 100)
        for round in 0..<200 {
            let sections = Self.shell(&dice)
            let text = sections.map { section in
                "[\(section.header)]\n"
                    + section.lines.map {
                        $0.name == "INCLUDE" ? "INCLUDE = \($0.value)\n" : "\($0.name)=\"\($0.value)\"\n"
                    }.joined()
            }.joined()
            let conf = LTSPConf(Array(text.utf8))
            #expect(conf.errors == [], "seed \(seed), round \(round)")
            for machine in Self.machines {
                for (isServer, applet) in [(false, "init"), (true, "ipxe")] {
                    var shell = Shell(sections: sections)
                    let expected = shell.run(machine, isServer: isServer, applet: applet)
                    let values = conf.variables(of: machine, .init(isServer: isServer, applet: applet)).values
                    #expect(values == expected, "seed \(seed), round \(round), \(machine.hostName):\n\(text)")
                }
            }
        }
    }
}
