import Foundation
import Testing
import Wire

@testable import Fleet

/// Configurations of LTSP-Cluster's load balancer with their answers, from `Tests/Corpus/lbsconfig`.
@Suite struct LBSImportTests {
    struct Answers: Decodable, Sendable {
        /// The fate of each element, with its line.
        var fates: [String]?
        /// Names with addresses.
        var servers: [String]?
        var pools: [String]?
        var usual: String?
        /// Figures with their weight, capacity and critical value.
        var rule: [String]?
        /// The line for which the file is refused.
        var error: Int?
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        var name: String
        var bytes: [UInt8]
        var answers: Answers

        var testDescription: String { name }
    }

    static let samples: [Sample] = {
        let directory = CorpusFile.directory.appendingPathComponent("lbsconfig")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.sorted().filter { $0.hasSuffix(".xml") }.compactMap { name in
            let answers = directory.appendingPathComponent(name).deletingPathExtension()
                .appendingPathExtension("json")
            guard let bytes = try? Data(contentsOf: directory.appendingPathComponent(name)),
                let read = try? JSONDecoder().decode(Answers.self, from: Data(contentsOf: answers))
            else { return nil }
            return Sample(name: name, bytes: Array(bytes), answers: read)
        }
    }()

    @Test func `there are files to read`() { #expect(Self.samples.count >= 12) }

    @Test(arguments: samples)
    func `a file becomes what its author meant, and every element has its fate`(sample: Sample) throws {
        let result = LBSImport(sample.bytes, file: sample.name)
        let answers = sample.answers
        if let line = answers.error {
            #expect(result.isRefused && result.isEmpty && result.usualPool == nil)
            #expect(result.problems.first?.line == line, "\(result.problems)")
            return
        }
        #expect(!result.isRefused, "\(result.problems)")
        #expect(result.rows.map { "\($0.line) \($0.fate.rawValue)" } == answers.fates, "\(result.rows)")
        #expect(result.servers.map { "\($0.name) \($0.address)" } == answers.servers)
        let pools = result.pools.map { pool in
            "\(pool.name): \(pool.levels.flatMap(\.servers).map(\.text).joined(separator: " "))"
        }
        #expect(pools == answers.pools)
        #expect(result.usualPool?.text == answers.usual)
        for pool in result.pools {
            let rule = (pool.rule ?? []).map { variable in
                "\(variable.figure.rawValue) \(variable.weight) \(variable.capacity.text)"
                    + (variable.critical.map { " \($0.text)" } ?? "")
            }
            #expect(rule == answers.rule)
        }
        for row in result.rows { #expect(!row.text.isEmpty && row.file == sample.name) }
    }

    @Test(arguments: samples) func `what is imported can be saved`(sample: Sample) throws {
        let result = LBSImport(sample.bytes, ports: [.rdp: 3389, .ssh: 22])
        let empty = FleetSnapshot(revision: 1, nodes: [], groups: [NodeGroup(path: .site)], images: [])
        let edits =
            result.servers.map { FleetEdit.terminal($0.name, $0) }
            + result.pools.map { FleetEdit.pool($0.name, $0) }
        guard !edits.isEmpty else { return }
        let after = try empty.applying(edits, revision: 2)
        #expect(after.contents.terminals.servers.count == result.servers.count)
        #expect(after.contents.terminals.pools.values.allSatisfy { $0.protocols == [.rdp, .ssh] })
    }

    @Test(arguments: samples) func `a damaged file stops nothing, and imports nothing that is not valid`(
        sample: Sample
    ) {
        var dice = SeededDice(sample.name.utf8.reduce(1) { $0 &* 31 &+ Int($1) } & 0xFFFF)
        for _ in 0..<200 {
            var bytes = sample.bytes
            for _ in 0..<3 where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &dice)
                switch Int.random(in: 0..<3, using: &dice) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &dice)
                case 1: bytes.remove(at: place)
                default: bytes.removeSubrange(place..<min(bytes.count, place + 20))
                }
            }
            let result = LBSImport(bytes)
            #expect(!result.isRefused || result.isEmpty)
        }
    }

    @Test func `limits hold`() {
        let deep = String(repeating: "<a>", count: 100)
        #expect(LBSImport(Array(deep.utf8)).isRefused)
        let many = "<lbsconfig>" + String(repeating: "<a/>", count: 60_000) + "</lbsconfig>"
        #expect(LBSImport(Array(many.utf8)).isRefused)
        #expect(LBSImport([UInt8](repeating: 32, count: 5 << 20)).isRefused)
        #expect(LBSImport([]).isRefused)
    }
}
