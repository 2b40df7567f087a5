import Foundation
import Testing

@testable import Center

/// Templates and their views, compared key by key.
@Suite struct ViewTemplateTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources/Center")

    private static let sources = Dictionary(
        uniqueKeysWithValues: Assets.templates.map { ($0.name, $0.source) })

    private static func pageSources() throws -> [(path: String, text: String)] {
        let folder = root.appendingPathComponent("Pages")
        let files = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
        return try files.filter { $0.hasSuffix(".swift") }.map { file in
            (file, try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8))
        }
    }

    @Test func `every key of a template exists in its view, and every property of a view is shown`() throws {
        var walk = try TemplateWalk(Self.sources)
        for page in Assets.pages { try walk.follow(page) }
        #expect(walk.faults == [])
        #expect(walk.unused() == [])
        #expect(walk.book.schemas.count > 80)
    }

    @Test func `every template belongs to a view`() throws {
        let names = try FileManager.default.contentsOfDirectory(
            atPath: Self.root.appendingPathComponent("Assets").path)
        let files = names.filter { $0.hasSuffix(".mustache") }.map { String($0.dropLast(9)) }
        #expect(Set(files) == Set(Assets.templates.map(\.name)))
        #expect(files.count == Assets.templates.count)
    }

    @Test func `pages are rendered from views alone`() throws {
        for (path, text) in try Self.pageSources() {
            #expect(!text.contains("String: Any]") && !text.contains("[String : Any]"), "\(path)")
        }
    }

    /// One mistake each, which the walk must report.
    @Test(arguments: [
        ("{{text}}{{txet}}", "no view has ‘txet’"), ("{{#rows}}{{nmae}}{{/rows}}", "no view has ‘nmae’"),
        ("{{#one}}{{name}}{{/one}}{{name}}", "no view has ‘name’"), ("{{rows}}", "is no text"),
        ("{{#rows}}{{.}}{{/rows}}", "{{.}} is a Row"), ("{{#count}}{{/count}}", "a number is always there"),
        ("{{^whole}}{{/whole}}", "it is always there"), ("{{#one}}{{>state}}{{/one}}", "of another view"),
    ])
    func `a misspelt key, or one of another kind, is reported`(template: String, fault: String) throws {
        var walk = try TemplateWalk(["sample": template, "state": "{{text}}"])
        try walk.follow(SampleView.self)
        #expect(walk.faults.count == 1)
        #expect(walk.faults.first?.contains(fault) == true, "\(walk.faults)")
    }

    @Test func `a property that no template shows is reported`() throws {
        let template =
            "{{text}}{{count}}{{csrf}}{{#rows}}{{name}}{{/rows}}{{#one}}{{name}}{{/one}}{{#whole}}{{/whole}}"
        var walk = try TemplateWalk(["sample": template])
        try walk.follow(SampleView.self)
        #expect(walk.faults == [])
        #expect(walk.unused() == ["SampleView.marks"])
    }

    @Test func `a page's own phrases are translated into every language`() throws {
        var phrases: Set<String> = []
        for (_, text) in try Self.pageSources() {
            // The title of a page, before its highlighted menu entry.
            phrases.formUnion(text.matches(of: /"([A-Z][^"\\]+)",\s+section:/).map { String($0.1) })
            let one = text.matches(of: /\bwords\(\s*"((?:[^"\\]|\\.)*)"/).map(\.1)
            let several = text.matches(of: /\bwords\.all\(([^)]*)\)/).flatMap {
                $0.1.matches(of: /"([^"\\]*)"/).map(\.1)
            }
            phrases.formUnion((one + several).filter { !$0.contains("\\(") }.map(String.init))
        }
        #expect(phrases.count > 100)
        let words = Words.of(.french)
        #expect(phrases.filter { !words.has($0) }.sorted() == [])
    }
}

private struct SampleView: TemplateView {
    static let template = PageTemplate("sample", "")

    var text: String
    var count: Int
    var rows: [Row]
    var one: Row?
    var whole: Row
    var marks: [String]

    struct Row: View {
        var name: String
    }
}
