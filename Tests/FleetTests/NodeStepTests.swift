import Testing
import Wire

@testable import Fleet

/// The steps of a node's configuration, derived from its settings.
@Suite struct NodeStepTests {
    private func steps(_ levels: [String: SettingValue]...) throws -> [NodeStep] {
        let names = ["site", "group"]
        let settings = EffectiveSettings(
            levels: try zip(names, levels).map { name, settings in
                (.group(try GroupPath(name == "site" ? "/" : "/\(name)")), settings)
            })
        return try nodeSteps(of: settings, domain: "school.example")
    }

    private func step(_ name: String, _ levels: [String: SettingValue]...) throws -> NodeStep? {
        let all = try levels.count > 1 ? steps(levels[0], levels[1]) : steps(levels[0])
        return all.first { $0.name == name }
    }

    @Test
    func `a node without settings has its name, hosts, name servers, key and zone, and no services of disks`()
        throws
    {
        #expect(
            try steps([:]).map(\.name) == [
                "host name", "hosts", "dns", "ssh host key", "time zone", "idle services",
            ])
        #expect(try steps([:]).allSatisfy { $0.phase == .beforeInit && $0.failure == .goOn })
    }

    @Test func `steps are in the order of their phases, files behind what settings make, commands last`()
        throws
    {
        let all = try steps([
            "commands": .map([
                "b": "late -- true", "a": "late -- true", "z": "before-init stop -- true",
                "end": "shutdown -- true", "c": "init retry=2 9s -- true",
            ]),
            "files": .map(["/etc/motd": "hi"]), "sysctl": .map(["net.ipv4.ip_forward": "1"]),
            "modules": .map(["br_netfilter": "load", "nouveau": "deny", "loop": "max_loop=64"]),
            "mounts": .map(["/srv": "LABEL=data ext4 nofail,noatime", "swap": "/dev/sda2 swap"]),
            "services": .map(["cups": "mask", "docker/o.conf": "[Service]\n", "ssh": "keep"]),
        ])
        #expect(
            all.map(\.name) == [
                "host name", "hosts", "dns", "ssh host key", "time zone", "modules", "sysctl", "mounts",
                "files", "idle services", "service drop-ins", "service cups", "command z",
                "module br_netfilter",
                "module loop", "sysctl values", "command c", "mount /srv", "command a", "command b",
                "command end",
            ])
        #expect(Set(all.map(\.name)).count == all.count)
        let command = try #require(all.first { $0.name == "command c" })
        #expect((command.attempts, command.secondLimit, command.failure) == (3, 9, .goOn))
        #expect(all.first { $0.name == "command z" }?.failure == .stop)
    }

    @Test func `services of disks are idle where changes live in memory, unless the settings name them`()
        throws
    {
        func idle(_ settings: [String: SettingValue]) throws -> [String]? {
            guard case .idleServices(let units)? = try step("idle services", settings)?.kind else {
                return nil
            }
            return units
        }
        let usual = try #require(try idle([:]))
        #expect(usual.contains("apt-daily.timer") && usual.contains("e2scrub_reap.service"))
        for mode in ["nbd", "ram", "nfs"] {
            #expect(try idle(["root-mode": .text(mode)]) == usual, "\(mode)")
        }
        #expect(try idle(["root-mode": .text("persistent")]) == nil)
        #expect(try idle(["root-mode": .text("nfs"), "nfs-root": .text("own")]) == nil)
        // By either name, and whatever is wanted of them; a drop-in says nothing about starting.
        let chosen = try idle([
            "services": .map([
                "e2scrub_reap": "keep", "fstrim.timer": "enable", "man-db.timer/a.conf": "[Timer]\n",
            ])
        ])
        #expect(chosen == usual.filter { $0 != "e2scrub_reap.service" && $0 != "fstrim.timer" })
    }

    @Test func `variables of LTSP are files, unless a file of that name is set`() throws {
        let variables = try step("ltsp variables", ["lts.SOUND": .text("True"), "ltsp.KIOSK": .text("1")])
        #expect(
            variables?.work.acts == [
                .copy(path: "/etc/lts.conf"), .copy(path: "/etc/roost/lts.env"),
                .copy(path: "/etc/ltsp/ltsp.conf"), .copy(path: "/etc/roost/ltsp.env"),
            ])
        let own = try steps(["lts.SOUND": .text("True"), "files": .map(["/etc/lts.conf": "mine"])])
        #expect(own.first { $0.name == "ltsp variables" }?.work.acts == [.copy(path: "/etc/roost/lts.env")])
        #expect(own.first { $0.name == "files" }?.work.acts == [.copy(path: "/etc/lts.conf")])
    }

    @Test func `a thin client's log-in screen is told how it begins, unless that is as usual`() throws {
        let step = try step("log-in screen", ["log-in": .text("automatic")])
        #expect(
            step?.work.acts == [
                .write(path: "/etc/roost/log-in", mode: 0o644, content: Array("automatic\n".utf8))
            ])
        #expect(step?.setting == "log-in" && step?.phase == .beforeInit)
        #expect(try self.step("log-in screen", ["log-in": .text("ask")]) == nil)
    }

    @Test func `commands that name it find the image's own root where LTSP had it`() throws {
        let step = try step("/rofs", ["commands": .map(["a": "cp /rofs/etc/ssh/*_config /etc/ssh"])])
        #expect(step?.work.acts.count == 1)
        #expect(step?.phase == .beforeInit && step?.setting == nil)
        #expect(try self.step("/rofs", ["commands": .map(["a": "cat /profs/x"])]) == nil)
    }

    @Test func `a stronger level replaces and removes what a weaker one says`() throws {
        let site: [String: SettingValue] = [
            "commands": .map(["a": "echo site", "b": "echo b"]),
            "mounts": .map(["/srv": "LABEL=one ext4"]), "services": .map(["cups": "remove", "nfs": "mask"]),
            "dns": .list(["10.0.0.1"]), "modules": .map(["loop": "load"]),
        ]
        let group: [String: SettingValue] = [
            "commands": .map(["a": "off"]), "mounts": .map(["/srv": "LABEL=two ext4"]),
            "services": .map(["cups": "keep"]), "dns": .list(["10.0.0.2"]), "modules": .map(["loop": "off"]),
        ]
        let names = try steps(site, group).map(\.name)
        #expect(!names.contains("command a") && names.contains("command b"))
        #expect(!names.contains("service cups") && names.contains("service nfs"))
        #expect(!names.contains("module loop"))
        let acts = try #require(try step("mounts", site, group)).work.acts
        #expect(
            acts.contains(
                .lines(path: "/etc/fstab", name: "mounts", text: "LABEL=two /srv ext4 defaults 0 0\n")))
        #expect(
            try #require(try step("dns", site, group)).work.acts == [
                .resolver(text: "search school.example\nnameserver 10.0.0.2\n")
            ])
    }

    @Test func `a command is read with its words, and without them`() throws {
        func command(_ text: String) throws -> NodeCommand { try NodeCommand(reading: "a", text) }
        let plain = try command("cp -- /a /b")
        #expect((plain.phase, plain.failure, plain.command) == (.late, .goOn, "cp -- /a /b"))
        #expect((plain.attempts, plain.secondLimit) == (1, 120))
        let full = try command("init stop retry=4 30s --\nline one\nline two\n")
        #expect((full.phase, full.failure, full.attempts, full.secondLimit) == (.atInit, .stop, 5, 30))
        #expect(full.command == "line one\nline two")
        #expect(try command("off").isOff)
    }

    @Test func `a command names secrets, and its step the files that they are in`() throws {
        let text = "late secret=TOKEN:join secret=KEY:other-key stop -- join \"$TOKEN\""
        let command = try NodeCommand(reading: "a", text)
        let (join, other) = (try SecretName("join"), try SecretName("other-key"))
        #expect(command.secrets == ["TOKEN": join, "KEY": other] && command.failure == .stop)
        let secret = Secret(name: other, group: .site, path: "/etc/key", changedAt: 1)
        let settings = EffectiveSettings(levels: [(.group(.site), ["commands": .map(["a": text])])])
        let steps = try nodeSteps(of: settings, domain: "", secrets: [other: secret])
        #expect(
            steps.last?.work.acts == [
                .secretShell(
                    text: "join \"$TOKEN\"", files: ["TOKEN": "/run/secrets/join", "KEY": "/etc/key"])
            ])
    }

    @Test(arguments: [
        ("mounts", "srv", "LABEL=data ext4", "mount point"),
        ("mounts", "/srv/../etc", "LABEL=a ext4", "mount point"),
        ("mounts", "/srv", "LABEL=data", "PLACE=DEVICE TYPE"),
        ("mounts", "/srv", "/dev/sda1 ext4 defaults x 0", "PLACE=DEVICE TYPE"),
        ("mounts", "/srv", "data ext4", "not a device"), ("mounts", "/srv", "/dev/sda1 e(t4", "file system"),
        ("sysctl", "ip_forward", "1", "kernel parameter"), ("sysctl", "net..x", "1", "kernel parameter"),
        ("sysctl", "nett.ipv4.ip_forward", "1", "class of kernel parameters"),
        ("sysctl", "net.ipv4.ip_forward", "1\n2", "several lines"),
        ("modules", "../x", "load", "kernel module"), ("modules", "loop", "sometimes", "MODULE=load"),
        ("services", "-x", "mask", "name of a service"), ("services", "cups", "stop", "SERVICE=keep"),
        ("services", "cups/a.txt", "[Service]", "SERVICE/NAME.conf"),
        ("services", "cups/a.conf", "ExecStart=", "does not begin with"),
        ("users", "Ann", "uid=1", "name of a user"), ("users", "ann", "home=/x", "no number"),
        ("users", "ann", "uid=1 colour=red", "‘colour’"), ("users", "ann", "uid=1 name=a:b", "colon"),
        ("users", "ann", "uid=1 password=secret", "not a hash"), ("users", "ann", "uid=1 home=x", "absolute"),
        ("groups", "staff", "many", "GROUP=NUMBER"), ("cron", "b/c", "@daily root true", "not a name"),
        ("cron", "b", "0 3 * * * Root true", "name of a user"),
        ("cron", "b", "0 3 * * * root", "MINUTE HOUR"),
        ("timers", "a b", "daily -- true", "name of a timer"), ("timers", "a", "daily", "WHEN -- COMMAND"),
        ("timers", "a", "every 7min -- true", "is not hourly"),
        ("timers", "a", "every 48h -- true", "hourly"),
        ("timers", "a", "3:30 -- true", "hourly"), ("timers", "a", "24:00 -- true", "hourly"),
        ("timers", "a", "Mon-Fri 10:00 -- true", "hourly"), ("timers", "a", "*-*-32 10:00 -- true", "hourly"),
        ("timers", "a", "daily --", "no command"),
        ("commands", "a b", "true", "name of a command"), ("commands", "a", " ", "is empty"),
        ("commands", "a", "late --", "is empty"), ("commands", "a", "late soon -- true", "is not a phase"),
        ("commands", "a", "late 9999s -- true", "is not a phase"),
        ("commands", "a", "late secret=PATH:join -- true", "secret=VARIABLE:NAME"),
        ("commands", "a", "late secret=LD_PRELOAD:join -- true", "secret=VARIABLE:NAME"),
        ("commands", "a", "late secret=token:join -- true", "secret=VARIABLE:NAME"),
        ("commands", "a", "late secret=A:b secret=A:c -- true", "secret=VARIABLE:NAME"),
    ])
    func `an entry that would have no effect, or another one, is refused with a sentence`(
        name: String, key: String, text: String, words: String
    ) throws {
        let definition = try SettingDefinition.settable(name)
        let value = SettingValue.map([key: text])
        let problem = definition.problem(value) ?? definition.newProblem(value)
        #expect(problem?.english.contains(words) == true, "\(problem ?? "it is taken")")
    }

    @Test(arguments: [
        ("dns", "10.0.0"), ("dns-search", "a..b"), ("ntp", "-x"), ("locale", "a b"), ("keymap", "../de"),
        ("syslog", "host:99999"),
    ])
    func `a word that is none is refused`(name: String, text: String) throws {
        #expect(throws: InvalidSetting.self) {
            try SettingDefinition.settable(name).value(fromText: text)
        }
    }

    @Test(arguments: [
        ("mounts", "/srv=LABEL=a ext4 nofail,noatime,/home=srv:/home nfs4 rw,hard", 2),
        ("services", "cups=mask,docker/o.conf=[Service]", 2), ("modules", "a=load,b=x=1 y=2,3", 2),
        ("users", "ann=uid=1000 groups=sudo,video name=Ann B,ben=uid=1001", 2),
        ("cron", "a=0,30 3 * * 1,2 root true,b=@daily root true", 2),
        ("commands", "a=late -- echo 1,2,b=echo x", 2),
        ("timers", "a=Mon,Wed 10:00 -- echo 1,2,b=daily -- echo x", 2),
        ("sysctl", "net.ipv4.tcp_rmem=1 2 3,kernel.panic=1", 2),
    ])
    func `entries are typed in one line, and the typed form comes back`(
        name: String, text: String, count: Int
    )
        throws
    {
        let definition = try SettingDefinition.settable(name)
        let value = try definition.value(fromText: text)
        guard case .map(let map) = value else {
            Issue.record("\(value)")
            return
        }
        #expect(map.count == count, "\(map)")
        #expect(try SettingAssignment("\(name)=\(definition.typed(value))").act == .set(value))
    }

    @Test(arguments: [
        ("daily", "daily", "0 0 * * *"), ("monthly", "monthly", "0 0 1 * *"),
        ("every 15min", "*:0/15", "*/15 * * * *"), ("every 6h", "0/6:00", "0 */6 * * *"),
        ("03:30", "03:30:00", "30 3 * * *"),
        ("Mon..Fri 22:00", "Mon,Tue,Wed,Thu,Fri 22:00:00", "0 22 * * 1,2,3,4,5"),
        ("sat..sun 00:05", "Sat,Sun 00:05:00", "5 0 * * 6,0"), ("Wed 12:00", "Wed 12:00:00", "0 12 * * 3"),
        ("*-*-1,15 03:30", "*-*-1,15 03:30:00", "30 3 1,15 * *"),
    ])
    func `a timer is the same moments for systemd and for cron`(when: String, calendar: String, cron: String)
        throws
    {
        let step = try #require(try step("timer a", ["timers": .map(["a": "\(when) -- echo 50% \"x\""])]))
        #expect(step.phase == .beforeInit && step.setting == "timers")
        #expect(
            step.work.acts == [
                .write(
                    path: "/etc/roost/timers/a", mode: 0o700,
                    content: Array("#!/bin/sh\necho 50% \"x\"\n".utf8)),
                .timer(name: "a", calendar: calendar, cron: cron),
            ])
        #expect(try self.step("timer a", ["timers": .map(["a": "off"])]) == nil)
    }

    @Test func `users, groups and their members become lines of the account files`() throws {
        let settings: [String: SettingValue] = [
            "groups": .map(["staff": "1500 ben"]),
            "users": .map(["ann": "uid=1000 groups=sudo shell=/bin/bash password=$6$x name=Ann A"]),
        ]
        #expect(
            try #require(try step("groups", settings)).work.acts == [
                .account(path: "/etc/group", line: "staff:x:1500:ben")
            ])
        #expect(
            try #require(try step("users", settings)).work.acts == [
                .account(path: "/etc/group", line: "ann:x:1000:"),
                .user(line: "ann:x:1000:1000:Ann A:/home/ann:/bin/bash", group: "", password: "$6$x"),
                .member(group: "sudo", user: "ann"),
            ])
    }

    @Test(arguments: [
        ("/dev/data/docker", "data"), ("/dev/mapper/data-docker", nil), ("/dev/sda1", nil),
        ("LABEL=data", nil), ("/dev/disk/by-id/x", nil), ("files:/home", nil), ("/dev/md/x", nil),
        ("/dev/-x/y", nil), ("/dev//y", nil),
    ])
    func `the volume group of a mount is activated before it`(device: String, group: String?) throws {
        let line = try MountLine(reading: "/srv", "\(device) ext4 nofail")
        #expect(line.volumeGroup == group)
        let step = try #require(
            try step("mount /srv", ["mounts": .map(["/srv": "\(device) ext4 nofail"])]))
        #expect(step.phase == .late && step.attempts == 4)
        guard case .program(let words)? = step.work.acts.first else {
            Issue.record("nothing mounts it")
            return
        }
        #expect(Array(words.suffix(2)) == ["/srv", group ?? ""])
        #expect(step.work.acts.last == .mounted(path: "/srv"))
    }

    @Test func `what the node gets is what was derived, phase by phase`() throws {
        let snapshot = try Sample.snapshot(nodeSettings: [
            "commands": .map(["a": "late stop -- echo hello", "b": "init -- true"])
        ])
        let archive = configurationArchive(
            of: try NodeContents(
                for: Sample.mac, being: snapshot.node(at: Sample.mac), in: snapshot, policy: Sample.policy(),
                hostKey: { _, _ in HostKeyFiles(privateFile: "", publicLine: "") }))
        let text = String(decoding: archive, as: UTF8.self)
        for phase in ["before-init", "init", "late"] {
            #expect(text.contains("steps/\(phase)\0"), "\(phase)")
        }
        #expect(!text.contains("steps/shutdown"))
        #expect(text.contains("echo hello"))
    }

    @Test func `results of a node are limited in number and length`() {
        let long = String(repeating: "x", count: 10_000)
        let told = (0..<1_000).map {
            StepResult(
                name: "\($0)\(long)", outcome: .failed, attempts: -5, milliseconds: .max,
                output: [String](repeating: long, count: 100))
        }
        let kept = PhaseResults(machine: Sample.mac, boot: "b", phase: .late, told: told)
        #expect(kept.results.count == 256)
        let byteCount = kept.results.reduce(0) { sum, result in
            sum + result.name.utf8.count + result.output.reduce(0) { $0 + $1.utf8.count }
        }
        #expect(byteCount < 100 << 10)
        #expect(
            kept.results.allSatisfy { $0.attempts == 0 && $0.milliseconds <= MachineCount.range.upperBound })
    }
}
