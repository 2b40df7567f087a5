import Foundation
import Glibc
import NodeWork
import Testing
import Wire

/// Steps carried out for real, in a directory of their own that stands for a node's root.
@Suite final class StepRunTests {
    private let root = FileManager.default.temporaryDirectory.appendingPathComponent("roost-\(UUID())").path

    init() throws {
        for place in ["etc", "bin"] {
            try FileManager.default.createDirectory(
                atPath: "\(root)/\(place)", withIntermediateDirectories: true)
        }
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/bin/sh", withDestinationPath: "/bin/sh")
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    private func carryOut(_ steps: [StepWork], _ phase: StepPhase = .late) -> (
        results: [StepRun.Result], stop: StepRun.Result?
    ) {
        StepRun(phase, root: root, wait: { _ in }).carryOut(steps)
    }

    private func step(
        _ name: String, _ act: StepAct, _ failure: StepFailure = .goOn, attempts: UInt8 = 1,
        seconds: UInt16 = 20
    ) -> StepWork {
        StepWork(name: name, failure: failure, attempts: attempts, secondLimit: seconds, acts: [act])
    }

    private func result(_ acts: StepAct...) throws -> StepRun.Result {
        let work = StepWork(name: "s", failure: .goOn, attempts: 1, secondLimit: 20, acts: acts)
        return try #require(carryOut([work]).results.first)
    }

    private func put(_ text: String, _ path: String, mode: Int = 0o644) throws {
        let url = URL(fileURLWithPath: root + path)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
    }

    private func text(_ path: String) -> String? {
        try? String(contentsOfFile: root + path, encoding: .utf8)
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: root + path)[.posixPermissions] as? Int
    }

    // MARK: Order and policy

    @Test func `a timer is a unit of systemd, or else a line of cron`() throws {
        let timer = StepAct.timer(name: "a", calendar: "Mon 03:30:00", cron: "30 3 * * 1")
        let none = try result(timer)
        #expect(none.outcome == .failed && none.output.first?.contains("neither systemd nor a cron") == true)
        try put("0 1 * * * x\n", "/etc/crontabs/root")
        #expect(try result(timer).outcome == .done && result(timer).outcome == .done)
        let line = "30 3 * * 1 /bin/sh /etc/roost/timers/a\n"
        #expect(
            text("/etc/crontabs/root")
                == "0 1 * * * x\n# Roost begins: timer a\n\(line)# Roost ends: timer a\n")
        #expect(text("/etc/crontabs/cron.update") == "root\n")
        try put("", "/etc/cron.d/x")
        #expect(try result(timer).outcome == .done)
        #expect(text("/etc/cron.d/roost-timer-a") == "30 3 * * 1 root /bin/sh /etc/roost/timers/a\n")
        try put("", "/usr/lib/systemd/systemd")
        #expect(try result(timer).outcome == .done)
        let unit = "/etc/systemd/system/roost-timer-a"
        #expect(text("\(unit).timer")?.contains("OnCalendar=Mon 03:30:00\n") == true)
        #expect(text("\(unit).service")?.contains("ExecStart=/bin/sh /etc/roost/timers/a\n") == true)
        let link = try FileManager.default.destinationOfSymbolicLink(
            atPath: "\(root)/etc/systemd/system/timers.target.wants/roost-timer-a.timer")
        #expect(link == "\(unit).timer")
    }

    @Test func `a command has secrets as variables, and what it prints has none of them`() throws {
        try put("abc.0123456789\n", "/run/secrets/join", mode: 0o600)
        try put("first line\nsecond line\n", "/run/secrets/key", mode: 0o600)
        let files = ["TOKEN": "/run/secrets/join", "KEY": "/run/secrets/key"]
        let text = "printf %s \"$TOKEN\" >\(root)/got; echo \"it is $TOKEN\"; echo \"$KEY\" >&2; exit 3"
        let told = try result(.secretShell(text: text, files: files))
        #expect(self.text("/got") == "abc.0123456789")
        #expect(told.output == ["it ended with status 3", "it is (TOKEN)", "(KEY)", "(KEY)"])
        let whole = try result(.secretShell(text: "echo x$TOKEN; echo $$ $PATH | grep -c :", files: files))
        #expect(whole.outcome == .done && whole.output == ["x(TOKEN)", "1"])
    }

    @Test func `a value that is cut off in what is kept is not shown either`() throws {
        try put("abcdefghijklmnop", "/s")
        let text = "printf %s \"$S\"; head -c 4088 /dev/zero | tr '\\0' x; echo; echo end"
        let told = try result(.secretShell(text: text, files: ["S": "/s"]))
        #expect(told.output == ["end"])
    }

    @Test func `a command whose secret is not there fails with its file`() throws {
        let told = try result(.secretShell(text: "touch \(root)/ran", files: ["TOKEN": "/run/secrets/x"]))
        #expect(told.outcome == .failed && self.text("/ran") == nil)
        #expect(told.output.first?.contains("/run/secrets/x") == true)
    }

    @Test func `a step that fails stops those behind it only if its policy says so`() throws {
        let fails = StepAct.shell(text: "echo before; echo to err >&2; exit 3")
        let (goesOn, none) = carryOut([step("a", fails), step("b", .shell(text: "echo fine"))])
        #expect(goesOn.map(\.outcome) == [.failed, .done] && none == nil)
        #expect(goesOn[0].output == ["it ended with status 3", "before", "to err"])
        #expect(goesOn[1].output == ["fine"])
        let (stops, stop) = carryOut([
            step("a", .shell(text: "true")), step("b", fails, .stop),
            step("c", .shell(text: "touch \(root)/c")),
        ])
        #expect(stops.map(\.outcome) == [.done, .failed, .skipped] && stop?.name == "b")
        #expect(!FileManager.default.fileExists(atPath: "\(root)/c"))
    }

    @Test func `a step is tried again as often as it says`() throws {
        let counts = StepAct.shell(text: "echo x >>\(root)/n; [ $(wc -l <\(root)/n) -ge 3 ]")
        let second = carryOut([step("s", counts, attempts: 5)]).results
        #expect(second.map(\.outcome) == [.done] && second[0].attempts == 3)
        try? FileManager.default.removeItem(atPath: "\(root)/n")
        let first = carryOut([step("s", counts, attempts: 2)]).results
        #expect(first.map(\.outcome) == [.failed] && first[0].attempts == 2)
    }

    @Test func `a command that takes too long is ended with everything that it started`() throws {
        let start = Date()
        let result = try #require(
            carryOut([
                step("s", .shell(text: "echo begun; (sleep 60; touch \(root)/late) & sleep 60"), seconds: 1)
            ]).results.first)
        #expect(result.outcome == .timedOut)
        #expect(result.output == ["not over after 1 s", "begun"])
        #expect(Date().timeIntervalSince(start) < 20)
    }

    @Test func `what a command leaves behind is not waited for`() throws {
        let start = Date()
        let result = try result(.shell(text: "sleep 20 & echo $! >\(root)/left; echo here"))
        let left = try String(contentsOfFile: "\(root)/left", encoding: .utf8)
        kill(try #require(Int32(left.dropLast())), SIGKILL)
        #expect(result.outcome == .done && result.output == ["here"])
        #expect(Date().timeIntervalSince(start) < 15)
    }

    @Test func `output is limited, and its end is kept`() throws {
        let result = try result(.shell(text: "seq 1 100000; yes | head -c 3000000; echo; echo last"))
        #expect(result.outcome == .done)
        #expect(result.output.last == "last" && result.output.count <= 20)
        let line = try self.result(.shell(text: "head -c 3000 /dev/zero | tr '\\0' a"))
        #expect(line.output.map(\.count) == [200])
        let report = StepReports.json(
            (0..<2_000).map { _ in
                StepRun.Result(
                    name: String(repeating: "n", count: 70), outcome: .failed, attempts: 1, milliseconds: 1,
                    output: [String](repeating: String(repeating: "\"", count: 200), count: 20))
            })
        #expect(report.text.utf8.count < 64 << 10)
    }

    // MARK: Files

    @Test func `files are written with their mode, in place of links and others`() throws {
        try put("old", "/etc/target")
        try FileManager.default.createSymbolicLink(
            atPath: "\(root)/etc/link", withDestinationPath: "\(root)/etc/target")
        try put("copied", "/run/roost/configuration/files/srv/deep/file", mode: 0o750)
        let result = try result(
            .write(path: "/etc/link", mode: 0o640, content: Array("new".utf8)), .copy(path: "/srv/deep/file"),
            .directory(path: "/srv/own", mode: 0o700, uid: getuid(), gid: getgid()), .place(path: "/srv/a/b"))
        #expect(result.outcome == .done, "\(result.output)")
        #expect(text("/etc/target") == "old" && text("/etc/link") == "new")
        #expect(try mode("/etc/link") == 0o640 && mode("/srv/own") == 0o700)
        #expect(text("/srv/deep/file") == "copied")
        #expect(try mode("/srv/deep/file") == 0o750)
        #expect(try self.result(.copy(path: "/none")).outcome == .failed)
        #expect(try self.result(.write(path: "/srv/a", mode: 0o644, content: [])).outcome == .failed)
    }

    @Test func `lines in a file are replaced when they are written again`() throws {
        try put("proc /proc proc defaults 0 0\n", "/etc/fstab")
        for text in ["a /a ext4\n", "b /b ext4\nc /c ext4\n"] {
            _ = try result(.lines(path: "/etc/fstab", name: "mounts", text: text))
        }
        #expect(
            text("/etc/fstab") == """
                proc /proc proc defaults 0 0
                # Roost begins: mounts
                b /b ext4
                c /c ext4
                # Roost ends: mounts

                """)
    }

    @Test func `accounts are added, changed and put into groups`() throws {
        try put("root:x:0:0:root:/root:/bin/sh\n", "/etc/passwd")
        try put("root:x:0:\nsudo:x:27:old\n", "/etc/group")
        try put("root:*:19000:0:99999:7:::\n", "/etc/shadow", mode: 0o640)
        let acts: [StepAct] = [
            .account(path: "/etc/group", line: "staff:x:1500:"),
            .user(line: "ann:x:\(getuid())::Ann:/home/ann:/bin/sh", group: "staff", password: "$6$h"),
            .member(group: "sudo", user: "ann"), .member(group: "sudo", user: "ann"),
            .field(path: "/etc/shadow", key: "root", index: 1, value: "$y$r"),
        ]
        // A home with the number of another group can be made by root only.
        try put("", "/home/ann/.keep")
        let work = StepWork(name: "s", failure: .goOn, attempts: 1, secondLimit: 5, acts: acts + acts)
        let result = try #require(carryOut([work], .beforeInit).results.first)
        #expect(result.outcome == .done, "\(result.output)")
        #expect(text("/etc/group") == "root:x:0:\nsudo:x:27:old,ann\nstaff:x:1500:\n")
        #expect(
            text("/etc/passwd")
                == "root:x:0:0:root:/root:/bin/sh\nann:x:\(getuid()):1500:Ann:/home/ann:/bin/sh\n")
        #expect(text("/etc/shadow") == "root:$y$r:19000:0:99999:7:::\nann:$6$h:19000:0:99999:7:::\n")
        #expect(try mode("/etc/shadow") == 0o640)
        #expect(try self.result(.member(group: "none", user: "ann")).output == ["there is no group none"])
    }

    @Test func `name servers come from the settings, else from the network, else the image's stay`() throws {
        try put("image's", "/etc/resolv.conf")
        _ = try result(.resolver(text: "search a\n"))
        #expect(text("/etc/resolv.conf") == "image's")
        try put("10.0.0.1 10.0.0.2\n", "/run/roost/dns")
        _ = try result(.resolver(text: "search a\n"))
        #expect(text("/etc/resolv.conf") == "search a\nnameserver 10.0.0.1\nnameserver 10.0.0.2\n")
        _ = try result(.resolver(text: "nameserver 10.9.9.9\n"))
        #expect(text("/etc/resolv.conf") == "nameserver 10.9.9.9\n")
    }

    @Test func `a zone that the image lacks fails only if it was wanted`() throws {
        let link = { StepAct.link(path: "/etc/localtime", target: "/zone", isRequired: $0) }
        #expect(try result(link(false)).outcome == .done && text("/etc/localtime") == nil)
        #expect(try result(link(true)).output == ["the image has no /zone"])
        try put("zone", "/zone")
        #expect(try result(link(true)).outcome == .done)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: "\(root)/etc/localtime") == "/zone")
    }

    @Test func `kernel parameters, mounts and services give their reason`() throws {
        try put("0\n", "/proc/sys/net/ipv4/conf/eth0.5/forwarding")
        #expect(try result(.kernel(name: "net.ipv4.conf.eth0/5.forwarding", value: "1")).outcome == .done)
        #expect(text("/proc/sys/net/ipv4/conf/eth0.5/forwarding")?.hasPrefix("1\n") == true)
        #expect(
            try result(.kernel(name: "net.none", value: "1")).output[0].contains(
                "this kernel has no net.none"))
        try put("22 1 0:20 / /srv rw shared:1 - ext4 /dev/sda rw\n", "/proc/self/mountinfo")
        #expect(try result(.mounted(path: "/srv")).outcome == .done)
        #expect(try result(.mounted(path: "/home")).output[0].contains("nothing is mounted at /home"))
        #expect(
            try result(.service(unit: "a.service", name: "a", wish: "enable")).output[0].contains(
                "neither systemctl nor rc-update"))
        for unit in ["a.service", "a@b.service"] {
            #expect(
                try result(.service(unit: unit, name: "a", wish: "remove")).output == [
                    "the image has no \(unit)"
                ])
        }
        try put("", "/usr/lib/systemd/system/a@.service")
        #expect(try result(.service(unit: "a@b.service", name: "a@b", wish: "remove")).outcome == .failed)
        // Other init systems have none of them.
        try put("", "/usr/lib/systemd/system/fstrim.timer")
        #expect(try result(.idle(units: ["fstrim.timer"])).outcome == .done)
        #expect(!FileManager.default.fileExists(atPath: "\(root)/etc/systemd/system/fstrim.timer"))
        try put("", "/usr/bin/systemctl", mode: 0o755)
        try put("", "/lib/systemd/system/man-db.timer")
        try put("[Timer]\n", "/etc/systemd/system/man-db.timer")
        #expect(
            try result(.idle(units: ["fstrim.timer", "man-db.timer", "no.timer"])).output == [
                "not started: fstrim.timer"
            ])
        #expect(
            try FileManager.default.destinationOfSymbolicLink(
                atPath: "\(root)/etc/systemd/system/fstrim.timer") == "/dev/null")
        #expect(text("/etc/systemd/system/man-db.timer") == "[Timer]\n")
        #expect(!FileManager.default.fileExists(atPath: "\(root)/etc/systemd/system/no.timer"))
        // Once more, as after a step that is repeated.
        #expect(try result(.idle(units: ["fstrim.timer"])).outcome == .done)
        #expect(try result(.service(unit: "a.service", name: "a", wish: "mask")).outcome == .done)
        #expect(
            try FileManager.default.destinationOfSymbolicLink(
                atPath: "\(root)/etc/systemd/system/a.service") == "/dev/null")
        #expect(
            try result(.program(words: ["no-such-program"])).output == ["the image has no no-such-program"])
    }

    // MARK: Reports

    @Test func `results are kept until the server has them, and refused ones are given up`() throws {
        let reports = StepReports(directory: "\(root)/results")
        let results = carryOut([step("a\u{1B}[2J", .shell(text: "printf 'x\\033[31m\"y'"))]).results
        try reports.keep(results, of: .late)
        try reports.keep([], of: .atInit)
        struct Away: Error {}
        #expect(throws: Away.self) { try reports.send { _, _, _ in throw Away() } }
        var sent: [(String, StepPhase)] = []
        try reports.send { json, phase, _ in sent.append((String(decoding: json, as: UTF8.self), phase)) }
        #expect(sent.map(\.1) == [.atInit, .late])
        #expect(!sent[1].0.contains("\u{1B}") && sent[1].0.contains(#""outcome":"done""#))
        try reports.send { _, _, _ in Issue.record("it was sent twice") }
        try reports.keep(results, of: .late)
        try reports.send { _, _, _ in throw ServerRefusal(status: 403, description: "another boot") }
        try reports.send { _, _, _ in Issue.record("it was refused before") }
    }
}
