import Foundation
import Testing

@testable import Fleet

/// The files of the corpus, damaged as hands and disks damage them. What is read may be wrong; it is never inconsistent, and never endless.
@Suite struct LTSPMutationTests {
    private static let marks = [
        "[", "]", "=", "\"", "'", "#", "$", "${", "$(", "`", "\\", "\r", "\n", "\n\n", "\t", "NONE",
        "LIKE = ",
        "INCLUDE=", "include /etc/x\n", "[default]\n", "[*]\n", "[clients]\n", "\u{FEFF}", "\u{0}", "é",
        "if true\n",
        "fi\n", "case a in\n", "{\n", "}\n", "<<EOT\n", "&&", "unset A\n", "export ",
    ].map { Array($0.utf8) }

    private static func damaged(_ sample: CorpusFile, _ dice: inout SeededDice) -> [UInt8] {
        var bytes = sample.bytes
        for _ in 0..<Int.random(in: 1...4, using: &dice) {
            let place = Int.random(in: 0...bytes.count, using: &dice)
            let end = min(bytes.count, place + Int.random(in: 0...40, using: &dice))
            switch Int.random(in: 0...7, using: &dice) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 2: bytes.insert(UInt8.random(in: .min ... .max, using: &dice), at: place)
            case 3: bytes.removeLast(bytes.count - place)
            case 4:
                // A piece of another file.
                let other = CorpusFile.all.randomElement(using: &dice)?.bytes ?? []
                bytes.insert(
                    contentsOf: other.prefix(Int.random(in: 0...other.count, using: &dice)), at: place)
            case 5:
                // Two lines change their places.
                var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
                lines.swapAt(
                    Int.random(in: 0..<lines.count, using: &dice),
                    Int.random(in: 0..<lines.count, using: &dice))
                bytes = Array(lines.joined(separator: [0x0A]))
            default: bytes.insert(contentsOf: Self.marks.randomElement(using: &dice) ?? [], at: place)
            }
        }
        return bytes
    }

    private static func machines(of sample: CorpusFile) -> [LTSPMachine] {
        (sample.answers.machines ?? []).map(\.machine) + [
            LTSPMachine(), LTSPMachine(macAddress: "02:00:00:00:00:01", address: "10.0.0.1", hostName: "pc1"),
        ]
    }

    @Test(.timeLimit(.minutes(10)), arguments: CorpusFile.all)
    func `a damaged file is read or refused, and never in between`(sample: CorpusFile) throws {
        let isSample = ProcessInfo.processInfo.environment["ROOST_TEST_SAMPLE"] != nil
        let index = CorpusFile.all.firstIndex { $0.name == sample.name } ?? 0
        var dice = SeededDice(index &+ 7_000)
        let empty = FleetSnapshot(revision: 1, nodes: [], groups: [NodeGroup(path: .site)], images: [])
        for round in 0..<(isSample ? 15 : 60) {
            let bytes = Self.damaged(sample, &dice)
            let kept = KeptFile(
                .site, path: "/a", dialect: sample.dialect, main: sample.name, [sample.name: bytes])
            let file = kept.file
            let isRefused = file.problems.contains(where: \.isError)
            let lineCount = bytes.count { $0 == 0x0A } + 1
            let lines = 1...lineCount
            #expect(file.problems.allSatisfy { $0.line.map(lines.contains) ?? true }, "round \(round)")

            let result = LTSPImport(file)
            #expect(result.isRefused == isRefused && (!isRefused || result.isEmpty), "round \(round)")
            #expect(result.rows.allSatisfy { lines.contains($0.line) && !$0.text.isEmpty }, "round \(round)")

            let after = try? empty.applying([.keptFile(.site, kept)], revision: 2)
            #expect(!isRefused || after == nil, "round \(round)")
            var known: [LTSPMachineKind: [LTSPVariable]] = [:]
            for machine in Self.machines(of: sample) {
                let variables = file.variables(of: machine)
                #expect(Set(variables.map(\.name)).count == variables.count, "round \(round)")
                #expect(variables.allSatisfy { lines.contains($0.place.line) }, "round \(round)")
                // What is remembered for one machine holds for all of its kind.
                let kind = file.kind(of: machine)
                #expect(known[kind] == nil || known[kind] == variables, "round \(round)")
                known[kind] = variables
                guard let settings = after?.settings(of: nil, at: nil) else { continue }
                #expect(settings.namesSet.allSatisfy { SettingDefinition.named($0) != nil }, "round \(round)")
            }
        }
    }

    /// What people see of a file has no value of a password, wherever its quotation marks are.
    @Test(arguments: 0..<4) func `passwords are redacted in damaged files, too`(seed: Int) {
        var dice = SeededDice(seed &+ 9_000)
        for round in 0..<200 {
            let quote = ["", "\"", "'"].randomElement(using: &dice) ?? ""
            let gap = ["=", " = ", "\t=", "= ", " ="].randomElement(using: &dice) ?? "="
            let name = ["LDM_PASSWORD", "ldm_password", "MY_TOKEN", "PASSWORDS_A", "X_SECRET_1"]
                .randomElement(using: &dice)
            let indent = ["", "  ", "\t", "export "].randomElement(using: &dice) ?? ""
            let inner = ["", "# ", "=", "[a]", "$x "].randomElement(using: &dice) ?? ""
            let more =
                quote.isEmpty
                ? "" : ["", "\ntiger in the next line", "\n\ntiger"].randomElement(using: &dice) ?? ""
            let text =
                "[default]\nA = 1\n\(indent)\(name ?? "")\(gap)\(quote)\(inner)tiger\(more)\(quote)\nB = shown\n"
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            let shown = KeptFile.redacted(lines)
            #expect(shown.count == lines.count, "round \(round)")
            #expect(!shown.contains { $0.contains("tiger") }, "round \(round):\n\(text)")
            #expect(
                shown.contains("A = 1") && shown.contains("B = shown"), "round \(round):\n\(text)\(shown)")
        }
    }
}
