import Foundation
import Testing

@testable import Fleet

/// An old file with its answers, from `Tests/Corpus`.
struct CorpusFile: Sendable, CustomTestStringConvertible {
    struct Answers: Decodable, Sendable {
        var shape: String
        /// None where the file is broken.
        var machines: [Machine]?
        var error: [Int]?
        var warning: [Int]?
    }

    struct Machine: Decodable, Sendable {
        var host: String
        var ip: String
        var mac: String
        var role: String?
        var applet: String?
        var vars: [String: String]
        var hooks: [String]
        var lines: [String]

        var machine: LTSPMachine { LTSPMachine(macAddress: mac, address: ip, hostName: host) }
        var reading: LTSPConf.Reading { .init(isServer: role == "server", applet: applet ?? "init") }
    }

    static let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Corpus")

    static let all: [Self] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
        return names.sorted().compactMap { name in
            let answers = directory.appendingPathComponent("\(name).json")
            guard name.hasSuffix(".conf"),
                let bytes = try? Data(contentsOf: directory.appendingPathComponent(name)),
                let read = try? JSONDecoder().decode(Answers.self, from: Data(contentsOf: answers))
            else { return nil }
            return Self(name: name, bytes: Array(bytes), answers: read)
        }
    }()

    var name: String
    var bytes: [UInt8]
    var answers: Answers

    var testDescription: String { name }
    var dialect: LTSPVariableKind.Dialect { name.hasSuffix(".ltsp.conf") ? .ltsp : .lts }

    var file: LTSPFile {
        switch dialect {
        case .lts: .lts(LTSConf(bytes, file: name))
        case .ltsp: .ltsp(LTSPConf(bytes, file: name))
        }
    }

    /// As the server has a file that it keeps.
    var kept: KeptFile {
        KeptFile(.site, path: "/etc/roost/\(name)", dialect: dialect, main: name, [name: bytes])
    }
}

/// Old files in the shapes that people publish: their values, what is wrong with them, and the report of their lines.
@Suite struct LTSPCorpusTests {
    @Test func `no file of the corpus is without its answers`() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: CorpusFile.directory.path)
        #expect(CorpusFile.all.map(\.name) == names.filter { $0.hasSuffix(".conf") }.sorted())
        #expect(CorpusFile.all.count + LTSPSample.lts.count + LTSPSample.ltsp.count > 75)
    }

    @Test(arguments: CorpusFile.all)
    func `each machine has what the old programs gave it`(sample: CorpusFile) throws {
        for machine in sample.answers.machines ?? [] {
            let variables: [LTSPVariable]
            switch sample.file {
            case .lts(let conf):
                variables = conf.variables(of: machine.machine)
                #expect(
                    ["PREINIT_", "INIT_COMMAND_", "RCFILE_"].flatMap(variables.inVersionOrder).map(\.name)
                        == machine.hooks)
                #expect(
                    ["FSTAB_", "HOSTS_", "MODULE_", "CRONTAB_"].flatMap(variables.inVersionOrder).map(\.name)
                        == machine.lines)
            case .ltsp(let conf):
                variables = conf.variables(of: machine.machine, machine.reading)
                let applet = machine.reading.applet.uppercased().replacing("-", with: "_")
                #expect(
                    ["PRE_\(applet)_", "POST_\(applet)_"].flatMap(variables.inByteOrder).map(\.name)
                        == machine.hooks)
                #expect(
                    ["FSTAB_", "CRONTAB_", "HOSTS_", "PASSWORDS_"].flatMap(variables.inByteOrder).map(\.name)
                        == machine.lines)
            }
            #expect(variables.values == machine.vars, "\(machine.machine)")
            for variable in variables {
                #expect(variable.place.line > 0 && variable.place.file == sample.name)
            }
        }
    }

    @Test(arguments: CorpusFile.all)
    func `errors and warnings name the line`(sample: CorpusFile) {
        let problems = sample.file.problems
        let errors = problems.filter(\.isError)
        #expect(errors.isEmpty == (sample.answers.error == nil), "\(errors)")
        if let lines = sample.answers.error {
            #expect(errors.first.flatMap(\.line).map(lines.contains) == true, "\(errors)")
        }
        if let lines = sample.answers.warning {
            #expect(problems.contains { lines.contains($0.line ?? 0) && !$0.isError }, "\(problems)")
        }
        #expect(problems.allSatisfy { $0.file == sample.name && $0.text.english.utf8.count < 300 })
    }

    /// Kept by a server, a file passes through its lines and the store's form, and each machine of one kind is found out once.
    @Test(arguments: CorpusFile.all)
    func `a kept file gives clients the same, and is refused for the same errors`(sample: CorpusFile) throws {
        let kept = sample.kept
        let coder = JSONEncoder()
        coder.userInfo[RecordSettings.revealsSecrets] = true
        let stored = try JSONDecoder().decode(KeptFile.self, from: coder.encode(kept))
        #expect(stored == kept && stored.file.problems == sample.file.problems)
        let empty = FleetSnapshot(
            revision: 1, nodes: [], groups: [NodeGroup(path: .site)], images: [])
        if sample.answers.error != nil {
            #expect(throws: InvalidSetting.self) { try empty.applying([.keptFile(.site, kept)], revision: 2) }
            return
        }
        let fleet = try empty.applying([.keptFile(.site, kept)], revision: 2)
        let reading = try #require(fleet.keptReading(.site))
        for machine in sample.answers.machines ?? []
        where machine.reading == LTSPConf.Reading() {
            let variables = reading.variables(of: [machine.machine]).values
            for (name, value) in machine.vars {
                #expect(variables[name] == value, "\(name)")
            }
        }
    }

    @Test(arguments: CorpusFile.all)
    func `the report has every line, and no value of a password`(sample: CorpusFile) throws {
        let result = LTSPImport(sample.file, into: .init(images: ["lab_a"]))
        #expect(result.isRefused == (sample.answers.error != nil) && (!result.isRefused || result.isEmpty))
        let told = Set(result.rows.map(\.line)).union(result.problems.compactMap(\.line))
        for (index, line) in sample.bytes.split(separator: 0x0A, omittingEmptySubsequences: false)
            .enumerated()
        {
            let text = String(decoding: line, as: UTF8.self).trimmingCharacters(in: .whitespaces)
            let begins = text.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
            guard !begins.isEmpty, text.dropFirst(begins.count).drop(while: \.isWhitespace).first == "=",
                !result.isRefused
            else { continue }
            // A line of a value that goes on over several is told where the value begins.
            let isInside = sample.dialect == .ltsp && begins.lowercased() == String(begins)
            #expect(told.contains(index + 1) || isInside, "line \(index + 1): \(text)")
        }
        for row in result.rows {
            #expect(!row.text.isEmpty && row.text.utf8.count < 400, "\(row)")
            for word in ["gonbidatua", "pasahitz", "cXdlcg"] {
                #expect(!row.text.contains(word), "\(row)")
            }
        }
    }
}
