import Testing
import Wire

@testable import Fleet

/// Well-formed values without a meaning: refused when set at any level, but kept where they are already.
@Suite struct NewSettingTests {
    /// As written by `ssh-keygen`.
    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILAiD4wxfco/OU/Kiktyt9ReEbFDKr81BZDAgsTw9lYi me@home"

    private func problem(_ name: String, _ value: SettingValue) -> String? {
        SettingDefinition.named(name)?.newProblem(value)?.english
    }

    @Test func `a truncated key is refused`() {
        #expect(problem("ssh-authorized-keys", .list([Self.key])) == nil)
        #expect(problem("ssh-authorized-keys", .list(["command=\"/bin/true\" \(Self.key)"])) == nil)
        for count in [32, 40, 41, 60, 79] {
            let cut = String(Self.key.prefix(count))
            #expect(
                problem("ssh-authorized-keys", .list([Self.key, cut]))?.contains("is incomplete") == true,
                "\(count)")
        }
        // Unknown key types are not checked.
        #expect(problem("ssh-authorized-keys", .list(["ssh-new AAAA x", "ssh-rsa BBBB b"])) == nil)
    }

    @Test(arguments: [
        ("-----BEGIN OPENSSH PRIVATE KEY-----", "private key"),
        ("PuTTY-User-Key-File-3: ssh-ed25519", "private key"),
        ("---- BEGIN SSH2 PUBLIC KEY ----", "ssh-keygen -i"), ("-----BEGIN PUBLIC KEY-----", "ssh-keygen"),
    ])
    func `a line that is not a public key is named for what it is, and not shown`(line: String, words: String)
    {
        let error = #expect(throws: InvalidSetting.self) {
            try SettingAssignment(
                "ssh-authorized-keys=@key",
                files: .init(
                    text: { _, _ in "\(line)\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU\n" }, map: { _, _ in [] }))
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("b3BlbnNz") == false)
    }

    @Test(arguments: [
        ("time-zone", SettingValue.text("europe/berlin"), "capitals"),
        ("time-zone", .text("UTC+1"), "time zone"),
        ("console", .list(["tty0", "/dev/ttyS0"]), "ttyS0"),
        ("hosts", .map(["printer": "10.0.0.5"]), "ADDRESS=NAME"),
        ("hosts", .map(["10.0.0.5": "printer a;b"]), "‘a;b’ is not the name of a host"),
        ("hosts", .map(["10.0.0.5": " "]), "10.0.0.5 has no name"),
        ("files", .map(["/proc/sys/vm/swappiness": "1"]), "/proc is the kernel's"),
        ("files", .map(["/dev/x:600": "1"]), "/dev is the kernel's"),
    ])
    func `a value without effect is refused`(name: String, value: SettingValue, words: String) throws {
        #expect(problem(name, value)?.contains(words) == true, "\(problem(name, value) ?? "")")
        // For the site, a group and a node alike; present values stay.
        let kept = Node(
            name: try NodeName("pc-1"), macAddresses: [MACAddress(rawValue: 0x0200_0000_0001)],
            settings: [name: value])
        let new = Node(
            name: try NodeName("pc-2"), macAddresses: [MACAddress(rawValue: 0x0200_0000_0002)],
            settings: [name: value])
        let snapshot = FleetSnapshot(revision: 1, nodes: [kept], groups: [], images: [])
        var changed = kept
        changed.tags = ["lab"]
        _ = try snapshot.applying([.node(kept.name, changed)], revision: 2)
        for edit in [
            FleetEdit.node(new.name, new), .group(.site, NodeGroup(path: .site, settings: [name: value])),
        ] {
            #expect(throws: InvalidSetting.self) { try snapshot.applying([edit], revision: 2) }
        }
    }

    @Test(arguments: [
        ("files", SettingValue.map(["etc/motd": "x"]), "is not an absolute path"),
        ("files", .map(["/": "x"]), "is a directory"), ("files", .map(["/etc/motd/": "x"]), "is a directory"),
        ("files", .map(["/etc/motd:999": "x"]), "not a mode in octal"),
        ("files", .map(["/etc/motd:u+x": "x"]), "not a mode in octal"),
        ("files", .map(["/etc/../motd": "x"]), "has ‘//’, ‘.’, ‘..’"),
        ("files", .map(["/etc//motd": "x"]), "has ‘//’, ‘.’, ‘..’"),
        ("persistent-directories", .list(["home"]), "is not an absolute path"),
        ("persistent-directories", .list(["/"]), "is the whole root"),
        ("persistent-directories", .list(["/home/"]), "no ‘/’ at the end"),
        ("persistent-directories", .list(["/a/../b"]), "is not a plain path"),
    ])
    func `a path is refused with what is wrong with it`(name: String, value: SettingValue, words: String) {
        let problem = SettingDefinition.named(name)?.problem(value)
        #expect(problem?.english.contains(words) == true, "\(problem ?? "")")
    }

    @Test(arguments: ["/run/x", "/procedures", "/etc/proc/x", "/developers/x:755"])
    func `files of the root are accepted`(path: String) {
        #expect(problem("files", .map([path: "x"])) == nil)
    }

    @Test(arguments: [
        "Europe/Lisbon", "UTC", "Etc/GMT+1", "America/Argentina/Buenos_Aires", "CET", "EST5EDT", "W-SU",
        "America/St_Johns", "Antarctica/DumontDUrville",
    ])
    func `time zone names are accepted`(zone: String) { #expect(problem("time-zone", .text(zone)) == nil) }

    @Test func `hosts lines can begin with addresses of both kinds`() {
        #expect(problem("hosts", .map(["10.0.0.5": "printer # a;b", "fd00::5": "scanner_2.lan"])) == nil)
    }
}
