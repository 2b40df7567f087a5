import Testing
import Wire

@testable import Fleet

/// Variables of LTSP as settings of their own, and what a node gets of them.
@Suite struct LTSPSettingsTests {
    private func archive(site: [String: SettingValue], node: [String: SettingValue] = [:]) throws -> String {
        let snapshot = try Sample.snapshot(nodeSettings: node, site: site)
        let bytes = configurationArchive(
            of: try NodeContents(
                for: Sample.mac, being: snapshot.node(at: Sample.mac), in: snapshot, policy: Sample.policy(),
                hostKey: { _, _ in HostKeyFiles(privateFile: "", publicLine: "") }))
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test func `names are those of the old programs`() throws {
        #expect(try SettingDefinition.settable("lts.SCREEN_07").phase == .initialisation)
        #expect(SettingDefinition.named("ltsp.LTSP_debug") != nil)
        for name in ["lts.screen", "lts.", "lts.1A", "lts.A-B", "other.A", "ltsp.A B"] {
            #expect(SettingDefinition.named(name) == nil, "\(name)")
        }
    }

    @Test(arguments: ["a\rb", "a\u{0}b", String(repeating: "x", count: 65_537)])
    func `a value that is no text is refused`(value: String) {
        #expect(throws: InvalidSetting.self) {
            try SettingDefinition.settable("lts.A").checked(.text(value))
        }
    }

    @Test func `passwords are hidden, and all values are sealed`() {
        for name in ["lts.LDM_PASSWORD", "lts.LDM_PASSWORD_HASH", "ltsp.PASSWORDS_LAB", "lts.MY_TOKEN"] {
            #expect(SettingDefinition.isSecret(name), "\(name)")
        }
        #expect(!SettingDefinition.isSecret("lts.SOUND") && SettingDefinition.isSealed("lts.SOUND"))
        let shown = RecordSettings.redacted(["lts.LDM_PASSWORD": .text("x"), "lts.SOUND": .text("True")])
        #expect(shown == ["lts.LDM_PASSWORD": RecordSettings.hidden, "lts.SOUND": .text("True")])
        #expect(
            RecordSettings.merged(shown, into: ["lts.LDM_PASSWORD": .text("x")])["lts.LDM_PASSWORD"]
                == .text("x"))
    }

    @Test func `a node gets the variables that apply, as text that shells read`() throws {
        let archive = try archive(
            site: ["lts.SOUND": .text("True"), "lts.RCFILE_1": .text("echo \"$HOME\" `id` \\ 'x'")],
            node: ["lts.SOUND": .text(""), "ltsp.LIGHTDM_CONF": .text("a\nb")])
        #expect(archive.contains("etc/lts.conf") && archive.contains("[Default]\nRCFILE_1="))
        #expect(archive.contains(#"RCFILE_1="echo \"\$HOME\" \`id\` \\ 'x'""#))
        #expect(!archive.contains("SOUND="))
        #expect(archive.contains("etc/ltsp/ltsp.conf") && archive.contains("[common]\nLIGHTDM_CONF=\"a\nb\""))
        #expect(archive.contains("etc/roost/lts.env"))
    }

    @Test func `what a node is given is what getltscfg reads there`() throws {
        let values = [("A", "x # y"), ("B", "q\"q"), ("C", "$A `b` \\"), ("D", "it's [x] = 1")]
        let text = LTSPFileText.of(
            values.map { (name: $0.0, value: $0.1) }, header: "[Default]", isOneLine: true)
        let conf = LTSConf(Array(text.utf8))
        #expect(conf.errors.isEmpty)
        #expect(conf.variables(of: LTSPMachine()).map(\.value) == values.map(\.1))
    }

    @Test(arguments: ["  [Seat:*]", "INCLUDE = Seat", "include=Seat"])
    func `what a file cannot have is left to the environment file`(line: String) {
        let value = "a\n\(line)\nb"
        let file = LTSPFileText.of([("LIGHTDM_CONF", value)], header: "[common]", isOneLine: false)
        #expect(!file.contains("Seat"))
        let conf = LTSPConf(Array("\(file)A=1\n".utf8))
        #expect(conf.variables(of: LTSPMachine()).map(\.name) == ["A"])
        #expect(LTSPFileText.of([("A", value)], header: nil, isOneLine: false).hasSuffix("A=\"\(value)\"\n"))
        #expect(!LTSPFileText.of([("A", "a\nb")], header: "[Default]", isOneLine: true).contains("A=\"a"))
    }

    @Test func `a node without variables gets no file of them`() throws {
        #expect(try !archive(site: [:]).contains("lts.conf"))
        let own = try archive(site: ["lts.SOUND": .text("True"), "files": .map(["/etc/lts.conf": "own"])])
        #expect(own.contains("own\n") && !own.contains("[Default]"))
    }

    @Test func `pages and the command line show them with their origin`() throws {
        let snapshot = try Sample.snapshot(nodeSettings: ["lts.SOUND": .text("False")])
        let shown = snapshot.settings(of: snapshot.node(at: Sample.mac)).all.last
        let node = SettingOrigin.node(try NodeName("pc-1"))
        #expect(shown?.definition.name == "lts.SOUND" && shown?.origin == node)
    }
}
