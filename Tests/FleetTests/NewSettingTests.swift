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
        ("kernel-arguments", .list(["roost.token=x"]), "there is no word ‘roost.token’ of Roost"),
        ("kernel-arguments", .list(["roost.overly=1"]), "did you mean ‘roost.overlay’?"),
        ("kernel-arguments", .list(["quiet", "roost.overlay=10%"]), "Roost itself tells the node"),
        ("kernel-arguments", .list(["BOOTIF=01-02-00-00-00-00-01"]), "which card it boots with"),
        ("kernel-arguments", .list(["root=/dev/sda1"]), "the root is the image's"),
        ("kernel-arguments", .list(["initrd=x"]), "the loader names"),
        ("kernel-arguments", .list(["rdinit=/bin/sh"]), "init= is the image's"),
        ("kernel-arguments", .list(["net.ifnames=1"]), "keeps its name"),
        ("console", .list(["console=ttyS0"]), "here it is ttyS0"),
        ("overlay-size", .text("1K"), "16M to 16384G"),
        ("overlay-size", .text("99999999999G"), "16M to 16384G"),
        ("persistent-directories", .list(["/proc/x"]), "made anew at each start"),
        ("persistent-directories", .list(["/run"]), "made anew at each start"),
        ("dns", .list(["0.0.0.0"]), "not the address of one host"),
        ("dns", .list(["224.0.0.1"]), "not the address of one host"), ("dns", .list(["ff02::1"]), "one host"),
        ("ntp", .list(["10.0.0.300"]), "neither an address nor the name"),
        ("ntp", .list(["255.255.255.255"]), "not the address of one host"),
        ("syslog", .text("10.0.0.300:514"), "neither an address nor the name"),
        ("locale", .text("german"), "such as pt_PT.UTF-8"),
        ("locale", .text("de_de.UTF-8"), "did you mean ‘de_DE.UTF-8’?"),
        ("locale", .text("DE_DE"), "did you mean ‘de_DE’?"),
        ("keymap", .text("de_DE.UTF-8"), "is a locale"), ("keymap", .text("DE"), "did you mean ‘de’?"),
        ("keymap", .text("de-latin1.map.gz"), "the layout is de-latin1"),
        ("cron", .map(["a": "60 3 * * * root true"]), "‘60’ in ‘a’: the minute of cron is 0 to 59"),
        ("cron", .map(["a": "0 3-1 * * * root true"]), "the hour of cron is 0 to 23"),
        ("cron", .map(["a": "0 3 0 * * root true"]), "the day of the month of cron is 1 to 31"),
        ("cron", .map(["a": "0 3 * * mo root true"]), "the day of the week of cron is 0 to 7"),
        ("cron", .map(["a": "*/0 * * * * root true"]), "the minute of cron is 0 to 59"),
        ("cron", .map(["a": "@dayly root true"]), "is not one of @reboot"),
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

    @Test(arguments: [
        (
            "kernel-arguments",
            SettingValue.list(["quiet", "roost.break=root", "init=/bin/sh", "ip=dhcp", "panic=2"])
        ),
        ("console", .list(["ttyS0,115200", "tty0"])), ("overlay-size", .text("100%")),
        ("overlay-size", .text("16M")), ("persistent-directories", .list(["/srv/run", "/var/log"])),
        ("dns", .list(["10.0.0.1", "fd77::1"])), ("ntp", .list(["0.pool.ntp.org", "10.0.0.1"])),
        ("syslog", .text("logs.example:514")),
        ("locale", .text("C.UTF-8")), ("locale", .text("POSIX")), ("locale", .text("de_DE@euro")),
        ("locale", .text("sr_RS.UTF-8@latin")), ("locale", .text("eo")), ("locale", .text("ast_ES.utf8")),
        ("keymap", .text("us")), ("keymap", .text("dvorak-ca-fr")), ("keymap", .text("ANSI-dvorak")),
        ("keymap", .text("bg_bds-utf8")), ("cron", .map(["a": "*/5,7 0-23/2 1,15 jan-mar Sun root true"])),
        ("cron", .map(["a": "0 0 * * 7 root true", "b": "@reboot root true", "c": "off"])),
    ])
    func `a value with an effect is taken`(name: String, value: SettingValue) throws {
        let definition = try #require(SettingDefinition.named(name))
        #expect(throws: Never.self) { try definition.checked(value) }
        #expect(problem(name, value) == nil, "\(problem(name, value) ?? "")")
    }

    @Test(arguments: [
        ("overlay-size", SettingValue.text("+5%")), ("timers", .map(["a": "+3:30 -- true"])),
        ("timers", .map(["a": "03:+5 -- true"])), ("users", .map(["ann": "uid=1000 name=A\u{1B}[2J"])),
        ("users", .map(["ann": "uid=1000 name=A\tB"])),
    ])
    func `signs and control characters are no part of a value`(name: String, value: SettingValue) throws {
        let definition = try #require(SettingDefinition.named(name))
        #expect(throws: InvalidSetting.self) { try definition.checked(value) }
    }
}
