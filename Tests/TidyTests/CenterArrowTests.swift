import Foundation
import Testing

/// Inside the control center, arrows point one way: pages and API use acts, acts use what is live, and none of them the other way.
@Suite struct CenterArrowTests {
    /// Which of the center's own types each folder may name: folders, or single types of them.
    private static let allowed: [String: Set<String>] = [
        // What acts and the data planes share, and what proves who somebody is, stand beside each other.
        "Live": ["Access", "Ports", "CenterServices"],
        "Access": ["Live", "CenterAddress", "CenterContext", "Form", "Language"],
        "Acts": ["Live", "Access", "CenterServices"],
        "API": ["Acts", "CenterContext", "CalendarTime", "Clock", "ImageBuilds"],
        // The last three are the way in.
        "Pages": [
            "API", "Acts", "CenterContext", "Form", "CalendarTime", "Clock", "ImageBuilds", "Gate",
            "OpenIDProvider", "IdentityMiddleware",
        ],
    ]

    /// Members that lead around the acts, whatever they are members of; `context.caller` is what the acts are made for.
    private static let members: Set<Substring> = [
        "services", "fleet", "store", "snapshot", "caller", "require", "requireLeave", "requireSomewhere",
        "requireReading", "allows", "sees",
    ]
    /// Members of acts that acts are made of.
    private static let inner: Set<Substring> = [
        "change", "configuration", "facts", "image", "answer", "answers",
    ]
    private static let types: Set<Substring> = ["FleetSnapshot", "FleetEdit", "FleetStore"]

    /// The names of a line with their members: `acts.fleet.change`.
    private static func chains(of line: some StringProtocol) -> [[Substring]] {
        String(line.components(separatedBy: "//")[0]).split {
            !($0.isLetter || $0.isNumber || $0 == "_" || $0 == ".")
        }.map { $0.split(separator: ".", omittingEmptySubsequences: false) }
    }

    @Test func `each folder of the center names only types of what lies below it`() throws {
        let all = try TidyTests.sources(below: "Sources/Center")
        func folder(_ source: TidyTests.Source) -> String {
            let parts = source.path.split(separator: "/")
            return parts.count > 3 ? String(parts[2]) : "Center"
        }
        var homes: [Substring: String] = [:]
        let declaration = /^(package )?(final )?(struct|enum|class|actor|protocol|typealias) (\w+)/
        for source in all {
            for line in source.lines where line.first?.isLetter == true {
                if let name = line.firstMatch(of: declaration)?.output.4 { homes[name] = folder(source) }
            }
        }
        #expect(homes.count > 60)
        for source in all {
            let own = folder(source)
            guard let allowed = Self.allowed[own] else { continue }
            for (number, line) in source.lines.enumerated() {
                // Without texts: titles of pages are words of the language, too.
                let texts = line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                let code = texts.filter { $0.offset % 2 == 0 }.map(\.element).joined(separator: " ")
                for name in Self.chains(of: code).joined() {
                    guard let home = homes[name], home != own else { continue }
                    #expect(
                        allowed.contains(String(name)) || allowed.contains(home),
                        "\(source.path):\(number + 1): \(name) of \(home)")
                }
            }
        }
    }

    @Test func `API and pages reach the fleet through acts alone, and leave permissions to them`() throws {
        for source in try ["API", "Pages"].flatMap({ try TidyTests.sources(below: "Sources/Center/\($0)") }) {
            // The frame of pages has the entries that a caller may open.
            let isMenu = ["PageRenderer.swift", "LayoutView.swift"].contains {
                source.path.hasSuffix("/\($0)")
            }
            for (number, line) in source.lines.enumerated() {
                for chain in Self.chains(of: line.replacing("context.caller", with: "")) {
                    let wrong =
                        chain.dropFirst().contains { Self.members.contains($0) }
                        || chain.contains { Self.types.contains($0) }
                        || chain.contains("grants") && chain.last?.hasPrefix("allow") == true && !isMenu
                        || ["acts", "views"].contains(chain[0]) && chain.count > 1
                            && Self.inner.contains(chain[1])
                    if wrong {
                        Issue.record(
                            "\(source.path):\(number + 1): \(chain.joined(separator: ".")) passes the acts by"
                        )
                    }
                }
            }
        }
    }

    @Test func `what is live leaves permissions to the acts`() throws {
        for source in try ["Live", "Ports"].flatMap({ try TidyTests.sources(below: "Sources/Center/\($0)") })
        // An agent that joins is no caller: what the maker of its token may do is looked up when it is used.
        where !source.path.hasSuffix("/JoinTokens.swift") {
            for (number, line) in source.lines.enumerated() {
                for chain in Self.chains(of: line) where chain.last?.hasPrefix("allow") == true {
                    #expect(
                        !chain.contains("grants") && !chain.contains("caller"),
                        "\(source.path):\(number + 1): \(chain.joined(separator: "."))")
                }
            }
        }
    }

    @Test func `acts know nothing of HTTP`() throws {
        let foreign = ["Hummingbird", "HummingbirdCore", "HTTPTypes", "NIOCore", "NIOHTTP1", "Mustache"]
        for source in try TidyTests.sources(below: "Sources/Center/Acts") {
            for line in source.lines where foreign.contains(where: { line == "import \($0)" }) {
                Issue.record("\(source.path): \(line)")
            }
        }
    }
}
