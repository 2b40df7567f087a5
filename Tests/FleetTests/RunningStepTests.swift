import Testing
import Wire

@testable import Fleet

/// What of a changed configuration a running node may carry out.
@Suite struct RunningStepTests {
    private func contents(_ settings: [String: SettingValue]) throws -> NodeContents {
        let snapshot = try Sample.snapshot(nodeSettings: settings)
        return try NodeContents(
            for: Sample.mac, being: snapshot.node(at: Sample.mac), in: snapshot, policy: Sample.policy(),
            hostKey: { name, number in
                HostKeyFiles(privateFile: "\(name) \(number)", publicLine: "key \(number)")
            })
    }

    /// A mark that is easy to compare.
    private func mark(_ bytes: [UInt8]) -> String {
        String(bytes.reduce(5_381 as UInt64) { $0 &* 33 &+ UInt64($1) }, radix: 16)
    }

    /// What differs on a node that was started with `before` and has carried out all of it.
    private func differing(
        _ before: [String: SettingValue], _ now: [String: SettingValue],
        outcome: (String) -> StepOutcome = { _ in .done }
    ) throws -> [String: DifferingStep] {
        let started = try contents(before).current(mark)
        let told = StepPhase.allCases.filter { $0 != .atShutdown }.map { phase in
            PhaseResults(
                machine: Sample.mac, boot: "1", phase: phase,
                told: started.filter { $0.step.phase == phase }.map {
                    StepResult(name: $0.step.name, outcome: outcome($0.step.name), mark: $0.mark)
                })
        }
        let all = DifferingStep.all(try contents(now).current(mark), told: told)
        return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
    }

    @Test func `nothing differs while settings stay, steps at shutdown included`() throws {
        let settings: [String: SettingValue] = [
            "commands": .map(["a": "late -- true", "end": "shutdown -- true"]),
            "sysctl": .map(["net.ipv4.ip_forward": "1"]),
        ]
        #expect(try differing(settings, settings).isEmpty)
    }

    private static let publicKey =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILAiD4wxfco/OU/Kiktyt9ReEbFDKr81BZDAgsTw9lYi me@home"

    private static let kinds: [(String, [String: SettingValue], String, RestartNeed?)] = [
        ("name servers", ["dns": .list(["10.0.0.1"])], "dns", nil),
        ("hosts", ["hosts": .map(["10.0.0.7": "printer"])], "hosts", nil),
        ("keys", ["ssh-authorized-keys": .list([publicKey])], "ssh keys", nil),
        ("accounts", ["users": .map(["ann": "uid=1001"])], "users", nil),
        ("groups", ["groups": .map(["staff": "1500"])], "groups", nil),
        ("password", ["root-password-hash": .text("$y$j9T$a$b")], "root password", nil),
        ("timer", ["timers": .map(["a": "daily -- true"])], "timer a", nil),
        ("zone", ["time-zone": .text("Europe/Prague")], "time zone", nil),
        ("locale", ["locale": .text("de_DE.UTF-8")], "locale", nil),
        ("time servers", ["ntp": .list(["ntp.example.org"])], "ntp", nil),
        ("syslog", ["syslog": .text("logs.example.org")], "syslog", nil),
        ("sysctl", ["sysctl": .map(["vm.swappiness": "5"])], "sysctl values", nil),
        ("a module", ["modules": .map(["zram": "load"])], "module zram", nil),
        ("a mount", ["mounts": .map(["/srv": "tmpfs tmpfs"])], "mount /srv", nil),
        ("cron", ["cron": .map(["a": "0 3 * * * root true"])], "cron", nil),
        ("files", ["files": .map(["/etc/motd": "hi"])], "files", nil),
        ("a service", ["services": .map(["cups": "enable"])], "service cups", nil),
        ("a late command", ["commands": .map(["a": "-- true"])], "command a", nil),
        ("a service to end", ["services": .map(["cups": "mask"])], "service cups", .inUse),
        ("another host key", ["ssh-host-key": .integer(2)], "ssh host key", .inUse),
        ("a drop-in", ["services": .map(["a/b.conf": "[Service]\n"])], "service drop-ins", .start),
        ("a service of disks", ["services": .map(["fstrim.timer": "keep"])], "idle services", .start),
        ("the keymap", ["keymap": .text("de")], "keymap", .start),
        ("the log-in screen", ["log-in": .text("guest")], "log-in screen", .start),
        ("modules' options", ["modules": .map(["loop": "deny"])], "modules", .start),
        ("an early command", ["commands": .map(["a": "before-init -- true"])], "command a", .start),
        ("a command at init", ["commands": .map(["a": "init -- true"])], "command a", .start),
    ]

    @Test(arguments: kinds)
    func `each kind of step is carried out at once where that is safe`(
        what: String, settings: [String: SettingValue], name: String, need: RestartNeed?
    ) throws {
        let step = try #require(try differing([:], settings)[name], "\(what)")
        #expect(step.need == need, "\(what)")
        #expect(
            step.change
                == (["hosts", "dns", "time zone", "ssh host key", "idle services"].contains(name)
                    ? .changed : .new))
        #expect(step.current?.step.name == name)
    }

    @Test func `what was done is changed, what failed is tried again, what is gone stays until a start`()
        throws
    {
        let before: [String: SettingValue] = [
            "mounts": .map(["/srv": "tmpfs tmpfs size=1m"]), "commands": .map(["a": "late -- false"]),
            "cron": .map(["a": "0 3 * * * root true"]),
        ]
        var now = before
        now["mounts"] = .map(["/srv": "tmpfs tmpfs size=2m"])
        now["cron"] = .map([:])
        let all = try differing(before, now) { $0 == "command a" ? .failed : .done }
        #expect(all["mount /srv"]?.change == .changed && all["mount /srv"]?.need == .inUse)
        #expect(all["mounts"]?.change == .changed && all["mounts"]?.need == nil)
        #expect(all["command a"]?.change == .failed && all["command a"]?.need == nil)
        #expect(all["cron"]?.change == .removed && all["cron"]?.need == .start)
        #expect(all.count == 4)
        // What is not mounted can be mounted.
        let failed = try differing(before, now) { $0 == "mount /srv" ? .failed : .done }
        #expect(failed["mount /srv"]?.need == nil)
    }

    @Test func `only what was shown goes out, with all that it needs`() throws {
        let contents = try contents(["files": .map(["/etc/motd": "hi", "/etc/issue": "you"])])
        let marks = Dictionary(uniqueKeysWithValues: contents.current(mark).map { ($0.step.name, $0.mark) })
        let files = try #require(marks["files"])
        #expect(contents.applied([:], mark).isEmpty)
        #expect(contents.applied(["files": "another"], mark).isEmpty)
        let step = try #require(contents.applied(["files": files], mark).first)
        #expect(step.phase == .beforeInit && step.mark == files)
        #expect(
            step.work.acts == [
                .write(path: "/etc/issue", mode: 0o644, content: Array("you\n".utf8)),
                .write(path: "/etc/motd", mode: 0o644, content: Array("hi\n".utf8)),
            ])
        let all = contents.applied(marks, mark)
        let copies = all.flatMap(\.work.acts).filter { if case .copy = $0 { true } else { false } }
        #expect(all.count == marks.count && copies.isEmpty)
    }

    @Test func `a running node mounts, starts and restarts what a start would have`() throws {
        func texts(_ settings: [String: SettingValue], _ name: String) throws -> String {
            let step = try #require(try contents(settings).steps.first { $0.name == name })
            return step.workAtRunTime.acts.map { "\($0)" }.joined()
        }
        #expect(try texts(["mounts": .map(["/srv": "tmpfs tmpfs"])], "mount /srv").contains("mount "))
        #expect(
            try texts(["services": .map(["cups": "enable"])], "service cups").contains("systemctl start"))
        #expect(try texts(["ntp": .list(["a.example"])], "ntp").contains("systemd-timesyncd.service"))
        #expect(try texts(["syslog": .text("a.example")], "syslog").contains("rsyslog.service"))
    }

    @Test func `a mark that is none is dropped`() {
        let told = ["0a1B", "", "x", String(repeating: "a", count: 33), "a b"].map {
            StepResult(name: "n", outcome: .done, mark: $0)
        }
        let kept = PhaseResults(machine: Sample.mac, boot: "1", phase: .late, told: told).results
        #expect(kept.map(\.mark) == ["0a1B", nil, nil, nil, nil])
    }

    @Test func `results of applied steps take the place of those of the same name`() {
        func results(_ told: [StepResult], _ isAddition: Bool) -> PhaseResults {
            PhaseResults(machine: Sample.mac, boot: "1", phase: .late, told: told, isAddition: isAddition)
        }
        let (old, new) = (
            StepResult(name: "a", outcome: .failed), StepResult(name: "a", outcome: .done)
        )
        let other = StepResult(name: "b", outcome: .done)
        #expect(results([new, other], true).added(to: [old]) == results([new, other], false))
        #expect(results([new], true).added(to: [other, old]) == results([other, new], false))
        #expect(results([new], false).added(to: [other]) == results([new], false))
    }
}
