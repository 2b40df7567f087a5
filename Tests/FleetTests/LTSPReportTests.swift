import Testing
import Wire

@testable import Fleet

/// What the report says of lines that go nowhere, and what bad input costs.
@Suite struct LTSPReportTests {
    private func rows(_ text: String, _ dialect: LTSPVariableKind.Dialect = .lts) -> [LTSPImport.Row] {
        let bytes = Array(text.utf8)
        return LTSPImport(dialect == .lts ? .lts(LTSConf(bytes)) : .ltsp(LTSPConf(bytes))).rows
    }

    @Test func `a card that no machine can have is a line of the report`() throws {
        let text = "[default]\nSOUND = True\n[ab:cd:ef:00:00:01]\nLDM_USERNAME = guest\n"
        let result = LTSPImport(.lts(LTSConf(Array(text.utf8))))
        #expect(!result.isRefused && result.newNodes.isEmpty)
        let row = try #require(result.rows.last)
        #expect(row.fate == .notTaken && row.text.contains("ab:cd:ef:00:00:01 is a multicast address"))
    }

    @Test func `what has no meaning here is recorded only where a machine has its section`() {
        let told = rows(
            """
            [default]
            LDM_THEME = x
            [gone]
            LDM_THEME = y
            MY_OWN = z
            LTSCONF = w
            """ + "\n")
        #expect(told.map(\.fate) == [.recorded, .notTaken, .notTaken, .dropped])
        #expect(told[0].text == "lts.LDM_THEME: it has no meaning here (greeter; the site)")
        #expect(told[2].text.contains("no node ‘gone’"))
    }

    @Test func `a name is of one machine`() {
        let told = rows(
            "[clients]\nHOSTNAME=pc\n[pc-*]\nHOSTNAME=pc\n[02:00:00:00:00:01]\nHOSTNAME=pc\n", .ltsp)
        #expect(told.map(\.fate) == [.notTaken, .notTaken, .translated])
        #expect(told[1].text.contains("only to a new node"))
    }

    @Test func `a section that only sections without machines take over says so`() {
        let told = rows("[pod]\nLIKE = seats\nA = 1\n[seats]\nB = 1\n")
        #expect(told.last?.text.contains("none that has a section which takes it over") == true)
        #expect(told.first { $0.variable == "A" }?.text.contains("no section takes it over") == true)
    }

    @Test func `sections for the program of clients are for all; those for others are for none`() {
        let told = rows("[clients]\nA=1\n[init/]\nB=1\n[initrd-bottom/]\nC=1\n[server]\nD=1\n", .ltsp)
        #expect(told.map(\.fate) == [.recorded, .recorded, .notTaken, .notTaken])
        #expect(told[2].text.contains("one program of LTSP") && told[3].text.contains("for servers"))
    }

    @Test func `patterns for the program of clients are rules, stronger than those without it`() throws {
        let text =
            "[pc-*]\nNFS_HOME=a:/a\nSEARCH_DOMAIN=rome.example\n[init/pc-1*]\nSEARCH_DOMAIN=paris.example\n"
            + "[init/52:54:*]\nSEARCH_DOMAIN=oslo.example\n[init/10.0.*]\nSEARCH_DOMAIN=kyiv.example\n"
        let result = LTSPImport(.ltsp(LTSPConf(Array(text.utf8))))
        let rules = result.rules.sorted { $0.priority > $1.priority }
        #expect(
            rules.map(\.condition) == ["name ~ \"pc-1*\"", "mac ~ \"52:54:*\"", "name ~ \"pc-*\""])
        #expect(
            rules.map { $0.settings["dns-search"] } == [
                .list(["paris.example"]), .list(["oslo.example"]), .list(["rome.example"]),
            ])
        #expect(result.rows.last?.fate == .notTaken)
        #expect(result.rows.last?.text.contains("do not depend on addresses") == true)
    }

    @Test func `a machine's section for the program of clients counts for its node, a new one once`() throws {
        let (mac, other) = ("52:54:00:00:00:01", "52:54:00:00:00:02")
        let text =
            "[init/\(mac)]\nSEARCH_DOMAIN=paris.example\n[\(mac)]\nHOSTNAME=pc-1\nSEARCH_DOMAIN=rome.example\n"
            + "[init/pc-2]\nSEARCH_DOMAIN=oslo.example\n[initrd-bottom/pc-2]\nSEARCH_DOMAIN=kyiv.example\n"
        let card = try #require(MACAddress(other))
        let known = Node(name: try NodeName("pc-2"), group: .site, macAddresses: [card])
        let result = LTSPImport(.ltsp(LTSPConf(Array(text.utf8))), into: .init(nodes: [known]))
        #expect(result.newNodes.map(\.name.text) == ["pc-1"])
        #expect(result.newNodes.first?.settings["dns-search"] == .list(["paris.example"]))
        #expect(result.nodes[known.name]?["dns-search"] == .list(["oslo.example"]))
        #expect(result.rows.filter { $0.fate == .notTaken }.map(\.section) == ["initrd-bottom/pc-2"])
    }

    @Test func `what is set for the program on all clients is stronger than a pattern`() {
        let text =
            "[pc-*]\nSEARCH_DOMAIN=rome.example\nDNS_SERVER=10.0.0.1\n[init/]\nSEARCH_DOMAIN=paris.example\n"
        let result = LTSPImport(.ltsp(LTSPConf(Array(text.utf8))))
        #expect(result.site["dns-search"] == .list(["paris.example"]))
        #expect(result.rules.first?.settings["dns"] == .list(["10.0.0.1"]))
        #expect(result.rules.first?.settings["dns-search"] == nil)
    }

    // MARK: Bad input

    private static func wide(_ text: String, isBigEndian: Bool) -> [UInt8] {
        var bytes: [UInt8] = []
        for byte in text.utf8 { bytes += isBigEndian ? [0, byte] : [byte, 0] }
        return bytes
    }

    private static let noText: [([UInt8], Int, String)] = [
        ([0xFF, 0xFE, 0x00, 0x00, 0x5B, 0x00, 0x00, 0x00], 1, "UTF-32"),
        (wide("[default]\n", isBigEndian: false), 1, "in UTF-16"),
        (wide("[default]\n", isBigEndian: true), 1, "in UTF-16"),
        (Array("[default]\rA = 1\rB = 2\r".utf8), 1, "old Mac"),
        (Array("[default]\nA = 1\n\u{1B}[2J\n".utf8), 3, "character 27"),
        (Array("[default]\nA = 1\nB = \u{0}\n".utf8), 3, "character 0"),
    ]

    @Test(arguments: noText)
    func `bytes that are no text have one error, in both kinds of files`(
        bytes: [UInt8], line: Int, problem: String
    ) {
        for problems in [LTSConf(bytes).problems, LTSPConf(bytes).problems] {
            let errors = problems.filter(\.isError)
            #expect(errors.count == 1 && errors.first?.line ?? 0 == line, "\(errors)")
            #expect(errors.first?.text.english.contains(problem) == true, "\(errors)")
        }
    }

    // No argument of another test: those are described byte by byte.
    @Test func `a file that is too large has one error, in both kinds of files`() {
        let bytes = [UInt8](repeating: 0x5B, count: 5 << 20)
        for problems in [LTSConf(bytes).problems, LTSPConf(bytes).problems] {
            let errors = problems.filter(\.isError)
            #expect(errors.count == 1 && errors.first?.line ?? 0 == 0)
            #expect(errors.first?.text.english.contains("4 MiB") == true)
        }
    }

    @Test func `too many sections are one error, at the first that has no room`() {
        let text = (0..<12_000).map { "[pc\($0)]\nA = 1\n" }.joined()
        let errors = LTSConf(Array(text.utf8)).errors
        #expect(errors.map(\.line) == [20_001])
        #expect(LTSPConf(Array(text.utf8)).errors.count == 1)
    }

    @Test(.timeLimit(.minutes(10))) func `long chains, many patterns and deep nesting end soon`() {
        let chain =
            (0..<9_000).map { "[s\($0)]\nLIKE = s\($0 + 1)\nA\($0) = 1\n" }.joined() + "[s9000]\nZ = 1\n"
        let conf = LTSConf(Array(chain.utf8))
        // No more variables than a machine may have.
        for _ in 0..<20 { #expect(conf.variables(of: LTSPMachine(hostName: "s0")).count == 1_000) }
        let stars = "[clients]\nA=1\n[\(String(repeating: "*a", count: 500))]\nB=1\n"
        let machine = LTSPMachine(hostName: String(repeating: "a", count: 400) + "b")
        #expect(LTSPConf(Array(stars.utf8)).variables(of: machine).values == ["A": "1"])
        let includes = (0..<9_000).map { "[s\($0)]\nINCLUDE=s\($0 + 1)\nA=\($0)\n" }.joined()
        #expect(
            LTSPConf(Array(includes.utf8)).variables(of: LTSPMachine(hostName: "s0")).values == ["A": "0"])
        for text in [
            String(repeating: "$(", count: 20_000), String(repeating: "${", count: 20_000),
            String(repeating: "(", count: 20_000), String(repeating: "if true\n", count: 20_000),
        ] {
            #expect(!LTSPConf(Array("[clients]\nA=\(text)\n".utf8)).errors.isEmpty)
        }
    }
}
