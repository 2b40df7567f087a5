import Foundation
import Testing
import Wire

@testable import Fleet

/// Files of LTSP that stay the truth: what they set, on whom, and over what.
@Suite struct KeptFileTests {
    private func file(
        _ text: String, _ scope: KeptScope = .site, _ dialect: LTSPVariableKind.Dialect = .lts
    ) -> KeptFile {
        KeptFile(
            scope, path: "/etc/roost/\(dialect.rawValue)", dialect: dialect, main: dialect.rawValue,
            [dialect.rawValue: Array(text.utf8)])
    }

    private func fleet(_ files: [KeptFile], nodes: [Node], site: [String: SettingValue] = [:])
        throws -> FleetSnapshot
    {
        let empty = FleetSnapshot(
            revision: 1, nodes: nodes, groups: [NodeGroup(path: .site, settings: site)], images: [])
        return try empty.applying(files.map { .keptFile($0.scope, $0) }, revision: 2)
    }

    private func node(_ name: String, _ card: UInt64, settings: [String: SettingValue] = [:]) throws -> Node {
        Node(name: try NodeName(name), macAddresses: [MACAddress(rawValue: card)], settings: settings)
    }

    private let text = """
        [default]
        TIMEZONE = Europe/Dublin
        SOUND = True
        HOSTS_1 = "10.1.0.1 main"
        [02:00:00:00:00:01]
        SOUND = NONE
        LDM_PASSWORD = tiger
        [hall-*]
        TIMEZONE = Europe/Rome
        HOSTS_2 = "10.1.0.2 printer"

        """

    @Test func `sections count for machines without records of theirs`() throws {
        let fleet = try fleet(
            [file(text)], nodes: [try node("pc", 0x0200_0000_0001), try node("hall-7", 0x0200_0000_0002)])
        func settings(_ name: String) throws -> EffectiveSettings {
            fleet.settings(of: fleet.nodes[try NodeName(name)])
        }
        let (pc, hall) = (try settings("pc"), try settings("hall-7"))
        #expect(try pc.value(of: Settings.timeZone).settingText == "Europe/Dublin")
        #expect(try hall.value(of: Settings.timeZone).settingText == "Europe/Rome")
        #expect(pc.origin(of: Settings.timeZone).description == "file lts.conf:2 [default]")
        #expect(hall.origin(of: Settings.timeZone).description == "file lts.conf:9 [hall-*]")
        #expect(try hall.value(of: Settings.hosts).map(\.text) == ["main", "printer"])
        #expect(pc.variables(.lts).map(\.name) == ["LDM_PASSWORD"])
        #expect(hall.variables(.lts).map(\.value) == ["True"])
        #expect(fleet.settings(of: nil).variables(.lts).map(\.name) == ["SOUND"])
    }

    @Test func `the file is stronger than the site, groups and rules, and weaker than the node itself`()
        throws
    {
        let zone = Settings.timeZone.name
        let own = try node("own", 0x0200_0000_0003, settings: [zone: .text("Europe/Oslo")])
        let fleet = try fleet(
            [file(text)], nodes: [own, try node("pc", 0x0200_0000_0004)], site: [zone: .text("Europe/Paris")])
        let rule = MatchRule(
            name: try RuleName("all"), condition: "name ~ \"*\"", settings: [zone: .text("Europe/Athens")])
        let after = try fleet.applying([.rule(rule.name, rule)], revision: 3)
        let pc = after.settings(of: after.nodes[try NodeName("pc")])[
            Settings.timeZone.definition]
        #expect(pc.value == .text("Europe/Dublin"))
        #expect(pc.hidden.map(\.value) == [.text("Europe/Athens"), .text("Europe/Paris"), .text("Etc/UTC")])
        #expect(after.settings(of: own).origin(of: Settings.timeZone) == .node(own.name))
    }

    @Test func `an image's file counts for the nodes that boot it, and cannot choose the image`() throws {
        let name = try ImageName("debian")
        var contents = FleetSnapshot.Contents()
        let pc = try node("pc", 0x0200_0000_0001)
        let other = try node("other", 0x0200_0000_0002, settings: ["image": .text("other")])
        contents.nodes = [pc.name: pc, other.name: other]
        contents.groups[.site] = NodeGroup(path: .site, settings: ["image": .text("debian")])
        contents.images[name] = ImageCatalogue(
            name: name, versions: [try Sample.version("debian", 1, "a")], channels: [:])
        contents.keptFiles = [
            .site: file("[default]\nSOUND = True\nVOLUME = 1\n"),
            .image(name): file(
                "[clients]\nDEFAULT_IMAGE=debian\nIMAGE_TO_RAM=1\nVOLUME=2\n", .image(name), .ltsp),
        ]
        let fleet = FleetSnapshot(revision: 1, contents: contents)
        let settings = fleet.settings(of: pc)
        #expect(settings[Settings.rootMode] == .ram)
        #expect(settings.origin(of: Settings.image) == .group(.site))
        #expect(settings.variables(.ltsp).map(\.value) == ["2"])
        #expect(fleet.settings(of: other)[Settings.rootMode] == .nbd)
        #expect(fleet.settings(of: other).variables(.lts).map(\.name) == ["SOUND", "VOLUME"])
    }

    @Test func `addresses count where they are known`() throws {
        let address = try #require(IPv4Address("192.168.40.7"))
        let pc = try node("pc", 0x0200_0000_0001)
        let fleet = try fleet([file("[192.168.40.*]\nSOUND = True\n")], nodes: [pc])
        #expect(fleet.settings(of: pc).variables(.lts).isEmpty)
        #expect(fleet.settings(of: pc, at: address).variables(.lts).map(\.name) == ["SOUND"])
        var fixed = pc
        fixed.address = address
        #expect(fleet.settings(of: fixed).variables(.lts).map(\.name) == ["SOUND"])
        let reserved = try fleet.applying(
            [
                .reservation(
                    .macAddress(pc.macAddresses[0]), DHCPReservation(.macAddress(pc.macAddresses[0]), address)
                )
            ],
            revision: 3)
        #expect(reserved.settings(of: pc).variables(.lts).map(\.name) == ["SOUND"])
    }

    @Test func `of several cards, the one that a section names counts`() throws {
        let cards = [MACAddress(rawValue: 0x0200_0000_0009), MACAddress(rawValue: 0x0200_0000_0001)]
        let pc = Node(name: try NodeName("pc"), macAddresses: cards)
        let fleet = try fleet([file(text)], nodes: [pc])
        #expect(fleet.settings(of: pc).variables(.lts).map(\.name) == ["LDM_PASSWORD"])
    }

    @Test(arguments: [LTSPVariableKind.Dialect.lts, .ltsp])
    func `machines of one kind have the same variables`(dialect: LTSPVariableKind.Dialect) throws {
        let samples =
            dialect == .lts
            ? [text, "[default]\nA = 1\n[hall-1]\nLIKE = x\n[x]\nA = \"$B\"\n[10.0.0.*]\nB = 2\n"]
            : [
                "[clients]\nA=1\n[hall-*]\nHOSTNAME=h\nINCLUDE=x\n[x]\nB=\"$A\"\n[h]\nC=1\n",
                "[clients]\nA=\"$IP_ADDRESS-$HOSTNAME\"\n[10.0.0.1]\nB=\"$MAC_ADDRESS\"\n",
            ]
        for sample in samples {
            let file = file(sample, .site, dialect).file
            var known: [LTSPMachineKind: [LTSPVariable]] = [:]
            for (name, address) in [("hall-1", "10.0.0.1"), ("hall-2", ""), ("pc", "10.0.0.1"), ("pc", "")] {
                for card in ["02:00:00:00:00:01", "02:00:00:00:00:02", ""] {
                    let machine = LTSPMachine(macAddress: card, address: address, hostName: name)
                    let (kind, variables) = (file.kind(of: machine), file.variables(of: machine))
                    #expect(known[kind] == nil || known[kind] == variables, "\(machine)")
                    known[kind] = variables
                }
            }
        }
    }

    @Test func `a name that no shell takes is not given to old clients`() throws {
        let fleet = try fleet([file("[default]\n\"A=B\" = 1\nC-D = 2\nE = 3\n")], nodes: [])
        let reader = VariableReader(
            node: nil, card: nil, address: IPv4Address(rawValue: 1), isNodeItself: false)
        let text = try #require(fleet.variableFile(.lts, for: reader))
        #expect(LTSConf(Array(text.utf8)).problems == [])
        #expect(LTSConf(Array(text.utf8)).variables(of: LTSPMachine()).map(\.name) == ["E"])
    }

    @Test func `a wrong file is refused as a whole, with file and line`() throws {
        for (text, line) in [
            ("[default]\nA =\nB = 1\n", "lts.conf:2"), ("[a]\nLIKE = b\n[b]\nLIKE = a\n", "lts.conf:4"),
            ("[default]\r\nA = 1\r\n", "lts.conf:1"), ("A = 1\n", "lts.conf:1"), ("\u{1}", "lts.conf:1"),
        ] {
            #expect(throws: InvalidSetting.self) { try fleet([file(text)], nodes: []) }
            let problem = file(text).file.problems.first(where: \.isError)
            #expect(problem?.description.hasPrefix(line) == true, "\(problem?.description ?? text)")
        }
    }

    @Test func `a file is stored as it is, and shown without passwords`() throws {
        let kept = file(text)
        let coder = JSONEncoder()
        let shown = String(decoding: try coder.encode(kept), as: UTF8.self)
        #expect(!shown.contains("tiger") && shown.contains("LDM_PASSWORD = (set)"))
        coder.userInfo[RecordSettings.revealsSecrets] = true
        #expect(try JSONDecoder().decode(KeptFile.self, from: coder.encode(kept)) == kept)
        let lines = ["PASSWORDS_A='x", "y", "z'", "B=1"]
        #expect(KeptFile.redacted(lines) == ["PASSWORDS_A= (set)", "(set)", "(set)", "B=1"])
        let commands = ["RCFILE_1 = \"join --token 2a4576.5043\"", "RCFILE_2 = \"true\""]
        #expect(KeptFile.redacted(commands) == ["RCFILE_1 = (set)", "RCFILE_2 = \"true\""])
        let bytes: [UInt8] = [0x5B, 0x61, 0x5D, 0x0D, 0x0A, 0xE9]
        let old = KeptFile(.site, path: "/a", dialect: .lts, main: "a", ["a": bytes])
        #expect(old.texts["a"] == .list(["[a]\r", "é"]))
    }

    @Test func `boots of many nodes heed the sections of each`() throws {
        let snapshot = try Sample.snapshot(site: ["image": .text("debian")])
        var contents = snapshot.contents
        for number in 1...4 {
            let card = try node("hall-\(number)", 0x0200_0000_0010 + UInt64(number))
            contents.nodes[card.name] = card
        }
        contents.keptFiles[.site] = file(
            "[hall-3]\nDEFAULT_IMAGE=debian\nKERNEL_PARAMETERS=x\n", .site, .ltsp)
        let fleet = FleetSnapshot(revision: 1, contents: contents)
        var boots = NextBoots(in: fleet, under: Sample.policy())
        for name in fleet.nodeOrder {
            let node = try #require(fleet.nodes[name])
            let alone = fleet.nextBoot(of: node, under: Sample.policy(), asking: nil)
            let boot = boots.boot(of: node)
            #expect(boot.version == alone.version && boot.lack == alone.lack, "\(name)")
        }
    }
}
