import Foundation
import Testing

/// What the documents point to is there.
@Suite struct DocumentTests {
    private static let root = TidyTests.root

    private static let documents = Result {
        let names = try FileManager.default.subpathsOfDirectory(
            atPath: root.appendingPathComponent("docs").path)
        return ["README.md", "CONTRIBUTING.md", "SECURITY.md", "Examples/README.md"]
            + names.filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" }
    }

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The lines outside examples, with their numbers.
    private static func lines(of document: String) throws -> [(place: String, text: Substring)] {
        var isFenced = false
        return try text(document).split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .compactMap { number, line in
                if line.hasPrefix("```") { isFenced.toggle() }
                return isFenced ? nil : ("\(document):\(number + 1)", line)
            }
    }

    /// What the headings of a document are pointed to by.
    private static func anchors(of document: String) throws -> Set<String> {
        Set(
            try lines(of: document).compactMap { _, line in
                line.prefixMatch(of: /#+ (.*)/).map { heading in
                    String(
                        heading.output.1.lowercased().replacing(" ", with: "-").filter {
                            $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_"
                        })
                }
            })
    }

    @Test func `links lead to files and headings that are there`() throws {
        var count = 0
        for document in try Self.documents.get() {
            let folder = URL(fileURLWithPath: document, relativeTo: Self.root).deletingLastPathComponent()
            for (place, line) in try Self.lines(of: document) {
                for link in line.matches(of: /\]\(([^)# ]*)(?:#([^)]*))?\)/) {
                    let (target, anchor) = (link.output.1, link.output.2)
                    // The tests make the pictures, and they are in no repository.
                    guard !target.hasPrefix("http"), !target.hasPrefix("screenshots/") else { continue }
                    count += 1
                    let file = target.isEmpty ? document : folder.appendingPathComponent(String(target)).path
                    let url = URL(fileURLWithPath: file, relativeTo: Self.root).standardizedFileURL
                    #expect(FileManager.default.fileExists(atPath: url.path), "\(place): \(target)")
                    guard let anchor, url.pathExtension == "md" else { continue }
                    let path = url.path.dropFirst(Self.root.standardizedFileURL.path.count)
                    let known = try Self.anchors(of: String(path.drop { $0 == "/" }))
                    #expect(known.contains(String(anchor)), "\(place): \(target)#\(anchor)")
                }
            }
        }
        #expect(count > 200)
    }

    @Test func `pages, tabs and buttons that the guide names are called so`() throws {
        let phrases = Set(
            try Self.text("Sources/Center/Assets/phrases.txt").split(separator: "\n").map(String.init))
        var count = 0
        for document in try Self.documents.get() where document.hasPrefix("docs/guide/") {
            for (place, line) in try Self.lines(of: document) {
                for match in line.matches(of: /(?:pages?|tabs?|button) \*([^*]+)\*/) {
                    let names = match.output.1.split(separator: " → ").map(String.init)
                    count += 1
                    for name in names { #expect(phrases.contains(name), "\(place): \(name)") }
                }
            }
        }
        #expect(count > 20)
    }

    @Test func `requests that the guide names are in the API's description`() throws {
        let routes = try Self.text("Sources/Center/Assets/openapi.yaml").matches(of: /(?m)^  (\/\S*):$/).map {
            $0.output.1.split(separator: "/").map(String.init)
        }
        var count = 0
        for document in try Self.documents.get() where document.hasPrefix("docs/guide/") {
            for (place, line) in try Self.lines(of: document) {
                for match in line.matches(of: /`(?:GET|PUT|POST|PATCH|DELETE) (?:\/api\/v1)?(\/[^`? ]*)/) {
                    let path = match.output.1.split(separator: "/").map(String.init)
                    count += 1
                    let isKnown = routes.contains { route in
                        route.count == path.count
                            && zip(route, path).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
                    }
                    #expect(isKnown, "\(place): \(match.output.1)")
                }
            }
        }
        #expect(count > 8)
    }

    @Test func `keys of roost.yaml that documents name are in the example of all keys`() throws {
        let example = try Self.text("Packaging/roost.yaml")
        for document in try Self.documents.get() where !document.contains("decisions") {
            for (place, line) in try Self.lines(of: document) {
                for match in line.matches(of: /`(dhcp|tftp|http|nbd|nfs|logs|center)\.([a-z-]+)(?::[^`]*)?`/)
                {
                    // Only files of earlier versions have these.
                    guard !["networks", "reservations"].contains(match.output.2) else { continue }
                    #expect(
                        example.contains("  \(match.output.2):")
                            || example.contains("  # \(match.output.2):"),
                        "\(place): \(match.output.0)")
                }
            }
        }
    }
}
