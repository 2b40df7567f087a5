import Foundation
import Testing
import Wire

@testable import Fleet

@Suite struct EffectiveSettingsTests {
    @Test func `the strongest level wins, with its origin and the hidden values`() throws {
        let snapshot = try Sample.snapshot(
            nodeSettings: ["loader": .text("grub")], site: ["loader": .text("snponly")])
        let setting = snapshot.settings(of: snapshot.node(at: Sample.mac))[Settings.loader.definition]
        #expect(setting.value == .text("grub"))
        #expect(setting.origin.description == "node pc-1")
        #expect(setting.hidden.map(\.origin.description) == ["group /school", "site", "default"])
    }

    @Test func `lists are joined without duplicates, maps merge, consoles are replaced`() throws {
        let snapshot = try Sample.snapshot(
            nodeSettings: [
                "kernel-arguments": .list(["quiet", "b"]), "hosts": .map(["10.0.0.1": "x", "10.0.0.2": "y"]),
                "console": .list(["ttyS0"]),
            ],
            site: [
                "kernel-arguments": .list(["a", "quiet"]), "hosts": .map(["10.0.0.1": "old"]),
                "console": .list(["tty0", "ttyS1"]),
            ])
        let settings = snapshot.settings(of: snapshot.node(at: Sample.mac))
        #expect(settings[Settings.kernelArguments]?.map(\.settingText) == ["a", "quiet", "b"])
        #expect(settings[Settings.hosts]?.map { "\($0.key) \($0.text)" } == ["10.0.0.1 x", "10.0.0.2 y"])
        #expect(settings[Settings.console] == [.serial])
    }

    @Test func `an unknown machine has the site's settings`() throws {
        let snapshot = try Sample.snapshot(site: ["time-zone": .text("Europe/Athens")])
        #expect(snapshot.settings(of: nil)[Settings.timeZone]?.settingText == "Europe/Athens")
    }

    @Test(arguments: [
        ("kernel-arguments", "quiet a;b"), ("kernel-arguments", "a\"b"), ("overlay-size", "0%"),
        ("overlay-size", "101%"),
        ("overlay-size", "lots"), ("root-password-hash", "secret"), ("time-zone", "../etc"),
        ("nbd-connections", "17"),
        ("root-mode", "floppy"), ("files", "etc/motd=x"), ("files", "/a/../b=x"), ("files", "/a:999=x"),
        ("image", "Debian!"),
        ("ssh-authorized-keys", "key"),
    ])
    func `a harmful value is refused`(name: String, text: String) throws {
        let definition = try #require(SettingDefinition.named(name))
        #expect(throws: InvalidSetting.self) { try definition.checked(try definition.value(fromText: text)) }
    }

    @Test(arguments: [
        ("kernel-arguments", "quiet, nosmt"), ("overlay-size", "512M"), ("files", "/etc/motd:600=hello"),
        ("image", "debian@2"),
    ])
    func `a valid value is accepted`(name: String, text: String) throws {
        let definition = try #require(SettingDefinition.named(name))
        _ = try definition.checked(try definition.value(fromText: text))
    }
}

@Suite struct NameTests {
    @Test(arguments: [
        ("pc-1", true), ("PC-1", true), ("-pc", false), ("pc.1", false), ("", false),
        (String(repeating: "a", count: 64), false),
    ])
    func `a node's name is one label of a host name`(text: String, isValid: Bool) {
        #expect(((try? NodeName(text)) != nil) == isValid)
    }

    @Test(arguments: [
        ("/", true), ("/school/room-12", true), ("school", false), ("/school/", false), ("//a", false),
        ("/a b", false),
    ])
    func `a group is a path from the site`(text: String, isValid: Bool) {
        #expect(((try? GroupPath(text)) != nil) == isValid)
    }

    @Test(arguments: [
        ("debian", "debian@stable"), ("debian@3", "debian@3"), ("debian@canary", "debian@canary"),
        ("debian@0123456789ab", "debian@0123456789ab"), ("debian@", nil), ("De@1", nil),
    ])
    func `an image reference names a channel, a number or a digest`(text: String, shown: String?) {
        #expect(ImageReference(text)?.description == shown)
    }
}

@Suite struct BootTrackerTests {
    @Test func `retransmissions are one event, and a new power-on is a new boot`() {
        var tracker = BootTracker()
        var boots = 0
        func note(_ stage: BootStage, _ at: Int) -> BootEvent? {
            tracker.note(stage, of: Sample.mac, at: at, detail: "") {
                boots += 1
                return "boot\(boots)"
            }
        }
        #expect(note(.dhcp, 0)?.boot == "boot1")
        #expect(note(.dhcp, 1_000) == nil)
        #expect(note(.loader, 2_000)?.boot == "boot1")
        // iPXE requests an address again: still the same boot.
        #expect(note(.dhcp, 3_000) == nil)
        #expect(note(.kernel, 4_000)?.boot == "boot1")
        #expect(note(.dhcp, 60_000)?.boot == "boot2")
        #expect(tracker.machine(ofBoot: "boot1") == nil)
        #expect(tracker.machine(ofBoot: "boot2") == Sample.mac)
    }

    @Test func `a machine stuck in its loader opens a new boot after five minutes`() {
        var tracker = BootTracker()
        _ = tracker.note(.dhcp, of: Sample.mac, at: 0, detail: "") { "a" }
        #expect(tracker.note(.dhcp, of: Sample.mac, at: 299_000, detail: "", makeBoot: { "b" }) == nil)
        #expect(tracker.note(.dhcp, of: Sample.mac, at: 301_000, detail: "", makeBoot: { "b" })?.boot == "b")
    }

    @Test func `a restarted server knows the current boots`() {
        var tracker = BootTracker()
        tracker.restore([
            BootTimeline(
                boot: "x", macAddress: Sample.mac, entries: [.init(stage: .kernel, at: 1, detail: "")])
        ])
        #expect(tracker.currentBoot(of: Sample.mac) == "x")
        #expect(tracker.note(.dhcp, of: Sample.mac, at: 2, detail: "", makeBoot: { "y" })?.boot == "y")
    }

    @Test func `a setting is found by a former name, and stored under its present one`() throws {
        let (former, name) = ("ssh-authorised-keys", "ssh-authorized-keys")
        #expect(SettingDefinition.named(former)?.name == name)
        let record = #"{"path":"/","settings":{"\#(former)":["a"]}}"#
        let group = try JSONDecoder().decode(NodeGroup.self, from: Data(record.utf8))
        #expect(group.settings == [name: .list(["a"])])
        let both = #"{"path":"/","settings":{"\#(former)":["a"],"\#(name)":["b"]}}"#
        #expect(
            try JSONDecoder().decode(NodeGroup.self, from: Data(both.utf8)).settings == [name: .list(["b"])])
    }
}
