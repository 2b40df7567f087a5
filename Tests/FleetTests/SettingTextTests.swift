import Testing

@testable import Fleet

@Suite struct SettingTextTests {
    private func value(_ text: String, files: [String: String] = [:]) throws -> SettingValue {
        let assignment = try SettingAssignment(
            text,
            files: SettingAssignment.Files(
                text: { path, _ in
                    guard let content = files[path] else { throw InvalidSetting("\(path) is not there") }
                    return content
                },
                map: { path, definition in
                    try (files[path] ?? "").split(whereSeparator: \.isNewline).map {
                        try SettingDefinition.pair($0, of: definition.name)
                    }
                }))
        guard case .set(let value) = assignment.act else { throw InvalidSetting("no value") }
        return value
    }

    @Test(arguments: [
        ("console=ttyS0,115200", ["ttyS0,115200"]),
        ("console=tty0,ttyS0,115200n8", ["tty0", "ttyS0,115200n8"]),
        ("console=uart8250,io,0x3f8,9600n8,tty0", ["uart8250,io,0x3f8,9600n8", "tty0"]),
        ("console=\"ttyS0,115200\",tty0", ["ttyS0,115200", "tty0"]),
        ("kernel-arguments=isolcpus=1,2", ["isolcpus=1,2"]),
        ("kernel-arguments=quiet,splash", ["quiet", "splash"]),
        (
            "kernel-arguments=quiet modprobe.blacklist=nouveau,radeon nosmt",
            ["quiet", "modprobe.blacklist=nouveau,radeon", "nosmt"]
        ),
        ("kernel-arguments=video=HDMI-A-1:1920x1080,rotate=90", ["video=HDMI-A-1:1920x1080,rotate=90"]),
        (
            "ssh-authorized-keys=ssh-ed25519 AAAA ann, at home,ssh-rsa BBBB bob",
            ["ssh-ed25519 AAAA ann, at home", "ssh-rsa BBBB bob"]
        ),
        (
            #"ssh-authorized-keys=from="10.0.0.0/8,192.168.0.1",restrict ssh-ed25519 AAAA ann"#,
            [#"from="10.0.0.0/8,192.168.0.1",restrict ssh-ed25519 AAAA ann"#]
        ),
        ("swap=zram:50%, disk", ["zram:50%", "disk"]), ("swap=", []),
    ])
    func `a comma that cannot end an entry is part of it`(text: String, entries: [String]) throws {
        #expect(try value(text) == .list(entries))
    }

    @Test(arguments: [
        (
            "files=/etc/motd=Hello, world,/etc/issue:600=Hi",
            ["/etc/motd": "Hello, world", "/etc/issue:600": "Hi"]
        ),
        ("files=/etc/a=1\n2,3\n", ["/etc/a": "1\n2,3\n"]),
        ("files=\"/etc/a=x,/etc/b=y\"", ["/etc/a": "x,/etc/b=y"]),
        (#"files=/etc/a=x\,/etc/b=y"#, ["/etc/a": "x,/etc/b=y"]), ("files=/etc/a=", ["/etc/a": ""]),
        ("hosts=10.0.0.1=a b,fd00::1=c", ["10.0.0.1": "a b", "fd00::1": "c"]),
        (
            "enrolment-by-network=10.0.0.0/8=open,10.77.0.0/24=refuse",
            ["10.0.0.0/8": "open", "10.77.0.0/24": "refuse"]
        ),
    ])
    func `an entry of a map begins at its key`(text: String, map: [String: String]) throws {
        #expect(try value(text) == .map(map))
    }

    @Test func `a file can replace any value`() throws {
        let files = [
            "hello.sh": "#!/bin/sh\necho a, b\n", "keys": "# mine\nssh-ed25519 AAAA a\n\nssh-rsa BBBB b\n",
            "zone": "Europe/Paris\n", "map": "/etc/a=1, 2\n/etc/b=@zone",
        ]
        #expect(
            try value("files=/etc/motd=Hi,/usr/local/bin/hello:755=@hello.sh", files: files)
                == .map(["/etc/motd": "Hi", "/usr/local/bin/hello:755": "#!/bin/sh\necho a, b\n"]))
        #expect(
            try value("files=@map", files: files) == .map(["/etc/a": "1, 2", "/etc/b": "Europe/Paris\n"]))
        let keys = ["ssh-ed25519 AAAA a", "ssh-rsa BBBB b"]
        #expect(try value("ssh-authorized-keys=@keys", files: files) == .list(keys))
        #expect(
            try value("ssh-authorized-keys=ssh-rsa CCCC c,@keys", files: files)
                == .list(["ssh-rsa CCCC c"] + keys))
        let tabbed = ["tabbed": "# mine\r\nssh-ed25519 AAAA\ta b\r\n"]
        #expect(
            try value("ssh-authorized-keys=@tabbed", files: tabbed) == .list(["ssh-ed25519 AAAA a b"]))
        #expect(try value("time-zone=@zone", files: files) == .text("Europe/Paris"))
        #expect(try value("files=/etc/a=@@home") == .map(["/etc/a": "@home"]))
        #expect(throws: InvalidSetting.self) { try SettingAssignment("files=/etc/a=@b") }
    }

    /// A list of keys that was empty by accident would lock all people out.
    @Test(arguments: [
        "ssh-authorized-keys=@none", "files=@none", "time-zone=@none", "kernel-arguments=quiet,@none",
    ])
    func `a file with nothing in it takes nothing away`(text: String) throws {
        for content in ["", "\n\r\n"] {
            let error = #expect(throws: InvalidSetting.self) { try value(text, files: ["none": content]) }
            #expect(error?.description.contains("nothing in none") == true, "\(error?.description ?? "")")
        }
        #expect(try value("ssh-authorized-keys=") == .list([]))
        #expect(try value("files=/etc/a=@none", files: ["none": ""]) == .map(["/etc/a": ""]))
    }

    @Test(arguments: ["files=/etc/a=1,/etc/a=2", "files=@map"])
    func `a key that is there twice is refused`(text: String) {
        let error = #expect(throws: InvalidSetting.self) {
            try value(text, files: ["map": "/etc/a=1\n/etc/b=2\n/etc/a=3\n"])
        }
        #expect(error?.description.contains("‘/etc/a’ is there twice") == true)
    }

    @Test func `entries are added and removed`() throws {
        #expect(try SettingAssignment("kernel-arguments+=quiet").act == .add(.list(["quiet"])))
        #expect(try SettingAssignment("kernel-arguments-=quiet").act == .remove(["quiet"]))
        #expect(try SettingAssignment("files-=/etc/a, /etc/b").act == .remove(["/etc/a", "/etc/b"]))
        for text in [
            "loader-=ipxe", "loader", "=x", "nonsense=1", "files=/etc/a", "files=a=b", "console=\"tty0",
        ] {
            #expect(throws: (any Error).self, "\(text)") { try SettingAssignment(text) }
        }
    }

    @Test(arguments: [
        ("console", SettingValue.list(["tty0", "ttyS0,115200"])),
        ("kernel-arguments", .list(["quiet", "isolcpus=1,2"])),
        ("files", .map(["/etc/a": "1, \"2\"", "/etc/b": "@x,/etc/c=3"])), ("nbd-connections", .integer(3)),
        ("ssh-authorized-keys", .list([#"from="a,b" ssh-ed25519 AAAA x, y"#, "ssh-rsa BBBB"])),
        ("netconsole", .boolean(true)), ("time-zone", .text("Europe/Paris")),
    ])
    func `a typed form of a value parses to the same value`(name: String, given: SettingValue) throws {
        let definition = try SettingDefinition.settable(name)
        #expect(try value("\(name)=\(definition.typed(given))") == given)
    }
}
