import Foundation
import Testing
import Wire

@testable import Fleet

/// The table of settings, and values parsed by it.
@Suite struct SettingTableTests {
    private static let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")

    @Test func `every setting of the table is in the registry`() throws {
        let file = Self.sources.appendingPathComponent("Fleet/Settings/Settings.swift")
        let text = try String(contentsOf: file, encoding: .utf8)
        let declared = text.matches(of: /static let \w+ = Setting(?:<[^(]*>)?\(\s*"([a-z-]+)"/).map {
            String($0.output.1)
        }
        // Values that are only typed are stored under another name.
        #expect(declared.filter { $0 != Settings.rootPassword.name } == SettingDefinition.all.map(\.name))
        #expect(declared.count == 55)
        #expect(
            try SettingDefinition.settable(Settings.rootPassword.name) == Settings.rootPassword.definition)
        #expect(SettingDefinition.named(Settings.rootPassword.name) == nil)
    }

    @Test func `every default is a valid value`() throws {
        for definition in SettingDefinition.all {
            #expect(throws: Never.self, "\(definition.name)") {
                try definition.checked(definition.defaultValue)
            }
            #expect(definition.newProblem(definition.defaultValue) == nil, "\(definition.name)")
        }
    }

    private func level(_ settings: [String: SettingValue], _ origin: SettingOrigin = .group(.site))
        -> EffectiveSettings
    {
        EffectiveSettings(levels: [(origin, settings)])
    }

    private func roundTrip<Value>(_ setting: Setting<Value>, _ stored: SettingValue, _ value: Value) throws {
        #expect(try level([setting.name: stored]).value(of: setting) == value, "\(setting.name)")
        var settings: [String: SettingValue] = [:]
        settings.set(setting, to: value)
        #expect(settings == [setting.name: stored], "\(setting.name)")
        #expect(level(settings)[setting] == value, "\(setting.name)")
        #expect(try level([:]).value(of: setting) == setting.defaultValue, "\(setting.name)")
    }

    @Test func `stored values are parsed, and stored again unchanged`() throws {
        try roundTrip(Settings.rootMode, .text("ram"), .ram)
        try roundTrip(Settings.image, .text(""), nil)
        try roundTrip(Settings.image, .text("debian"), ImageReference("debian"))
        try roundTrip(Settings.image, .text("debian@2"), ImageReference("debian@2"))
        try roundTrip(Settings.bootBrake, .integer(7), 7)
        try roundTrip(Settings.netconsole, .boolean(true), true)
        try roundTrip(Settings.volumeSize, .text("512M"), VolumeSize(reading: "512M"))
        try roundTrip(
            Settings.swap, .list(["zram:25%", "disk", "server:512M"]),
            [.zram(percent: 25), .disk, .server(byteCount: 512 << 20)])
        try roundTrip(
            Settings.files, .map(["/etc/a:600": "x"]), [try ConfiguredFile(reading: "/etc/a:600", "x")])
        try roundTrip(
            Settings.mounts, .map(["/srv": "LABEL=data ext4 nofail"]),
            [try MountLine(reading: "/srv", "LABEL=data ext4 nofail")])
        try roundTrip(Settings.nameServers, .list(["10.0.0.1"]), [try NameServer(reading: "10.0.0.1")])
        try roundTrip(
            Settings.commands, .map(["a": "late -- true"]), [try NodeCommand(reading: "a", "late -- true")])
        try roundTrip(
            Settings.enrolmentByNetwork, .map(["10.0.0.0/8": "refuse"]),
            [try NetworkEnrolment(reading: "10.0.0.0/8", "refuse")])
    }

    @Test func `a text is stored letter by letter`() throws {
        for (definition, text) in [
            (Settings.overlaySize.definition, "25%"), (Settings.volumeSize.definition, "1T"),
            (Settings.timeZone.definition, "Europe/Lisbon"), (Settings.persistentDisk.definition, "data"),
            (Settings.registrationPIN.definition, "471108"),
        ] {
            #expect(try definition.value(fromText: text) == .text(text))
        }
    }

    // MARK: Unreadable values

    @Test(arguments: [
        ("time-zone", SettingValue.integer(3), "‘3’ is not text"),
        ("time-zone", .text("a b"), "‘a b’ is not a time zone"),
        ("root-mode", .text("floppy"), "‘floppy’ is not one of nbd, ram, nfs, persistent"),
        ("nbd-connections", .integer(99), "99 is not within 1 to 16"),
        ("kernel-arguments", .text("quiet"), "‘quiet’ is not a list"),
        ("swap", .list(["floppy"]), "‘floppy’ is not zram:50%, disk or server:2G"),
        ("hosts", .list([]), "is not a map of key=value"),
        ("files", .text("secret"), "its value is not valid"),
        ("root-password-hash", .text("secret"), "its value is not valid"),
    ])
    func `a node with an unreadable setting boots nothing, and shows the setting and its level`(
        name: String, value: SettingValue, problem: String
    ) throws {
        let snapshot = try Sample.snapshot(nodeSettings: [name: value])
        let plan = bootPlan(
            for: BootIdentity(macAddress: Sample.mac), in: snapshot, under: Sample.policy())
        guard case .nothing(let because) = plan.target else {
            Issue.record("it boots")
            return
        }
        #expect(because.english.hasPrefix("setting \(name) of node pc-1 cannot be read: "))
        #expect(because.english.contains(problem) && !because.english.contains("secret"), "\(because)")
        #expect(plan.reasons.last?.because == because)
        let node = try #require(snapshot.node(at: Sample.mac))
        #expect(snapshot.lack(of: node, under: Sample.policy()) == because)
        #expect(snapshot.settingProblems(limit: 5) == [because.english])
    }

    @Test func `a required text of the wrong kind does not become empty`() {
        let settings = level([Settings.timeZone.name: .list([]), Settings.image.name: .boolean(false)])
        #expect(settings[Settings.timeZone] == nil)
        #expect(settings[Settings.image] == nil as ImageReference??)
        #expect(throws: UnreadableSetting.self) { try settings.value(of: Settings.image) }
        #expect(settings[Settings.rootMode] == .nbd)
    }

    @Test func `the unreadable one of several levels is named, and a stronger value hides it`()
        throws
    {
        let node = SettingOrigin.node(try NodeName("pc-1"))
        func settings(_ name: String, _ weak: SettingValue, _ strong: SettingValue) -> EffectiveSettings {
            EffectiveSettings(levels: [(.group(.site), [name: weak]), (node, [name: strong])])
        }
        let lists = settings(Settings.swap.name, .list(["floppy"]), .list(["disk"]))
        let problem = #expect(throws: UnreadableSetting.self) { try lists.value(of: Settings.swap) }
        #expect(problem?.origin == .group(.site))
        #expect(problem?.description.contains("setting swap of the site cannot be read") == true)
        let kinds = settings(Settings.swap.name, .text("disk"), .list(["disk"]))
        #expect(throws: UnreadableSetting.self) { try kinds.value(of: Settings.swap) }
        let modes = settings(Settings.rootMode.name, .text("floppy"), .text("ram"))
        #expect(try modes.value(of: Settings.rootMode) == .ram)
        #expect(modes.firstBootProblem == nil)
    }

    @Test func `a value sealed with another key has no effect, and is reported`() throws {
        let closed = SettingValue(sealed: "AAAA")
        let snapshot = try Sample.snapshot(
            nodeSettings: [Settings.files.name: closed, Settings.rootPasswordHash.name: closed],
            site: [Settings.files.name: .map(["/etc/motd": "hi"])])
        let settings = snapshot.settings(of: snapshot.node(at: Sample.mac))
        #expect(try settings.value(of: Settings.files).map(\.path) == ["etc/motd"])
        #expect(try settings.value(of: Settings.rootPasswordHash) == nil)
        #expect(settings.firstBootProblem == nil)
        let problems = snapshot.settingProblems(limit: 5)
        #expect(problems.count == 2)
        #expect(problems.first?.hasPrefix("setting files of node pc-1 is sealed with another key") == true)
        // Nothing else is sealed.
        #expect(level([Settings.hosts.name: closed])[Settings.hosts]?.first?.key == "sealed")
    }

    @Test func `unknown machines are refused if their rules are unreadable`() throws {
        let here = Sample.server
        #expect(try Sample.snapshot().enrolment(at: here) == .open)
        #expect(
            try Sample.snapshot(site: [Settings.enrolment.name: .text("maybe")]).enrolment(at: here)
                == .refuse)
        let rules: [String: SettingValue] = [
            Settings.enrolment.name: .text("quarantine"),
            Settings.enrolmentByNetwork.name: .map(["10.0.0.0/8": "open", "10.77.0.0/16": "refuse"]),
        ]
        let snapshot = try Sample.snapshot(site: rules)
        #expect(snapshot.enrolment(at: here) == .refuse)
        #expect(snapshot.enrolment(at: try #require(IPv4Address("10.1.1.1"))) == .open)
        #expect(snapshot.enrolment(at: try #require(IPv4Address("192.168.1.1"))) == .quarantine)
    }

    @Test func `values accepted by an earlier program are read, and refused when set again`() throws {
        let lines: SettingValue = .list(["ssh-ed25519 AAAA a\r"])
        #expect(level([Settings.authorizedKeys.name: lines])[Settings.authorizedKeys]?.count == 1)
        #expect(throws: InvalidSetting.self) { try Settings.authorizedKeys.definition.checked(lines) }
        let hosts: SettingValue = .map(["10.0.0.1": "a\nb"])
        #expect(level([Settings.hosts.name: hosts])[Settings.hosts]?.count == 1)
        #expect(throws: InvalidSetting.self) { try Settings.hosts.definition.checked(hosts) }
    }

    // MARK: Levels and namespaces

    @Test func `an image's own settings are weaker than the site's`() throws {
        let image = SettingOrigin.image(try ImageName("debian"))
        let settings = EffectiveSettings(levels: [
            (image, [Settings.rootMode.name: .text("ram"), Settings.bootBrake.name: .integer(1)]),
            (.group(.site), [Settings.bootBrake.name: .integer(2)]),
        ])
        #expect(settings[Settings.rootMode] == .ram && settings[Settings.bootBrake] == 2)
        #expect(settings.origin(of: Settings.rootMode) == image)
        #expect(settings.origin(of: Settings.rootMode).description == "image debian")
        #expect(settings[Settings.bootBrake.definition].hidden.map(\.origin) == [image, .productDefault])
        #expect(settings.origin(of: Settings.loader) == .productDefault)
    }

    /// A setting of a namespace: the meaning of its key.
    private static func screen(_ key: String, _ name: String) throws(InvalidSetting) -> Setting<KernelWord?> {
        guard key.allSatisfy({ $0.isUppercase || $0.isNumber || $0 == "_" }), !key.isEmpty else {
            throw InvalidSetting("\(name): a key has capitals, digits and _")
        }
        return Setting(name, .optional(), nil, at: .initialisation, "A word of another program")
    }

    @Test func `a namespace accepts free keys below its prefix, with its own parser`() throws {
        let namespace = SettingNamespace("lts", Self.screen)
        let registry = SettingRegistry(Settings.all, namespaces: [namespace])
        let definition = try registry.settable("lts.SCREEN_07")
        #expect(definition.name == "lts.SCREEN_07" && registry.named("lts.SCREEN_07") == definition)
        #expect(try definition.value(fromText: "ldm") == .text("ldm"))
        for name in ["lts.screen", "lts.", "other.SCREEN_07"] {
            #expect(registry.named(name) == nil)
            #expect(throws: InvalidSetting.self, "\(name)") { try registry.settable(name) }
        }
        #expect(throws: InvalidSetting.self) { try definition.value(fromText: "a b") }
        #expect(SettingDefinition.named("other.SCREEN_07") == nil)
        let own: [String: SettingValue] = [
            "lts.SCREEN_07": .text("ldm"), "lts.SCREEN_02": .text("shell"), "loader": .text("ipxe"),
        ]
        let setting = try Self.screen("SCREEN_07", "lts.SCREEN_07")
        #expect((level(own)[setting] ?? nil)?.settingText == "ldm")
    }
}
