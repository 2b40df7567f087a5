import Foundation
import Testing

@testable import Center

/// Messages of the sources that can reach a page, and whether they are said in every language.
@Suite struct MessagePhrasesTests {
    /// Files with messages that only callers of the API, agents, imports by commands and the log get to see. In all others each message is
    /// in every language.
    private static let apart = [
        "Center/API/JSONAnswer.swift", "Center/API/NodeRoutes.swift", "Center/API/OtherMethods.swift",
        "Center/API/TerminalRoutes.swift", "Center/Access/HostCheck.swift",
        "Center/Access/ServerCertificate.swift", "Center/Acts/Edits.swift", "Center/Acts/EventActs.swift",
        "Center/Acts/MergePatch.swift", "Center/Acts/ReplicationActs.swift", "Center/AgentPort.swift",
        "Center/CenterContext.swift", "Center/Live/Terminals/Agents.swift",
        "Center/Pages/PageRenderer.swift", "Fleet/LTSP/LBSImportWork.swift",
        "Fleet/LTSP/LTSPImportWork.swift", "Fleet/LTSP/LTSPSettings.swift",
        "Fleet/LTSP/LTSPStepValue.swift", "Fleet/LTSP/LTSPTranslation.swift",
        "Fleet/Records/FleetEdit.swift",
    ]

    /// Messages there that are in English only. The number only falls.
    private static let openCount = 38

    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")

    /// What stands before a message.
    private static let openings: NSRegularExpression = {
        let pattern =
            #"(?:InvalidSetting\(|\.(?:notFound|conflict)\(|Problem\(\s*[0-9]+,\s*"[^"]*",|DHCPSettingsProblem\(|NoVersion\(\s*text:|because:|choice:|fatal\(|warn\(|TooLong\(|fail\(|throw problem\(|neverClosed\(|followed\(by:|Sentence\??\s[={]\s*(?:return )?)\s*(?=")"#
        do { return try NSRegularExpression(pattern: pattern) } catch { fatalError("\(error)") }
    }()

    /// The phrases of refusals and reasons in a source, as ``Sentence`` makes them of literals.
    static func phrases(in source: String) -> [String] {
        let code = source.split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.drop(while: \.isWhitespace).hasPrefix("//") }.joined(separator: "\n")
        // This engine reads all sources in a tenth of the time that a literal takes.
        let range = NSRange(code.startIndex..., in: code)
        return openings.matches(in: code, range: range).compactMap { match in
            Range(match.range, in: code).map { phrase(from: code[$0.upperBound...].dropFirst()) }
        }
    }

    /// Up to the closing quotation mark; values are `%1`, `%2`.
    private static func phrase(from text: Substring) -> String {
        var (phrase, values, rest) = ("", 0, text)
        while let character = rest.popFirst(), character != "\"" {
            guard character == "\\", let escaped = rest.popFirst() else {
                phrase.append(character)
                continue
            }
            guard escaped == "(" else {
                phrase.append(escaped == "n" ? "\n" : escaped)
                continue
            }
            values += 1
            phrase += "%\(values)"
            skipValue(&rest)
        }
        return phrase
    }

    /// To behind the bracket that closes a value, which may contain texts with values of their own.
    private static func skipValue(_ rest: inout Substring) {
        var depth = 1
        while depth > 0, let character = rest.popFirst() {
            switch character {
            case "(": depth += 1
            case ")": depth -= 1
            case "\"": skipText(&rest)
            default: break
            }
        }
    }

    private static func skipText(_ rest: inout Substring) {
        while let character = rest.popFirst(), character != "\"" {
            if character == "\\", rest.popFirst() == "(" { skipValue(&rest) }
        }
    }

    /// Whether a phrase says something besides its values: `‘%1’: %2` is the same in each language.
    private static func hasWords(_ phrase: String) -> Bool {
        var rest = phrase[...]
        while let character = rest.popFirst() {
            if character == "%", rest.first?.isNumber == true {
                rest = rest.dropFirst()
            } else if character.isLetter {
                return true
            }
        }
        return false
    }

    /// Whether a phrase, or what follows the name of a field, has all languages.
    private static func isTranslated(_ phrase: String, _ words: Words) -> Bool {
        if words.has(phrase) || !hasWords(phrase) { return true }
        guard let colon = phrase.firstRange(of: ": ") else { return false }
        let (name, rest) = (phrase[..<colon.lowerBound], phrase[colon.upperBound...])
        let isName = name.allSatisfy { $0.isLowercase || $0.isNumber || "-%. ".contains($0) }
        guard isName, !rest.isEmpty else { return false }
        // Its values are counted anew, as those of ``Sentence/halves``.
        let before = name.count { $0 == "%" }
        let renumbered = (1...9).reduce(into: String(rest)) { text, number in
            if number > before { text = text.replacing("%\(number)", with: "%\(number - before)") }
        }
        return isTranslated(renumbered, words)
    }

    @Test func `literals of a source become the phrases that sentences have`() {
        let source = #"""
            // InvalidSetting("a comment")
            throw InvalidSetting("mtu: \(a(")")) is \(b["x \(c)"] ?? "") of \"all\"")
            throw StoreError.conflict(
                "there is \(name)")
            BootPlan.Reason(choice: "nothing", because: text)
            """#
        #expect(
            Self.phrases(in: source) == ["mtu: %1 is %2 of \"all\"", "there is %1", "nothing"])
    }

    @Test func `refusals and reasons that pages show are in every language`() throws {
        let words = Words.of(.french)
        var (open, found): (Set<String>, Int) = ([], 0)
        for folder in ["Fleet", "Center"] {
            let root = Self.sources.appendingPathComponent(folder)
            let names = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
            for name in names.sorted() where name.hasSuffix(".swift") {
                let source = try String(contentsOf: root.appendingPathComponent(name), encoding: .utf8)
                let phrases = Self.phrases(in: source).filter { !$0.isEmpty }
                found += phrases.count
                let lacking = Set(phrases).filter { !Self.isTranslated($0, words) }
                if Self.apart.contains("\(folder)/\(name)") {
                    open.formUnion(lacking)
                } else {
                    #expect(lacking.sorted() == [], "\(folder)/\(name): add to phrases.txt")
                }
            }
        }
        #expect(found > 500)
        #expect(open.count <= Self.openCount, "\(open.sorted())")
        #expect(open.count > Self.openCount - 5, "openCount can be \(open.count)")
    }
}
