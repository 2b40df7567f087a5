import Testing
import Wire

/// Steps on their way to a node.
@Suite struct StepWorkTests {
    private static let acts: [StepAct] = [
        .copy(path: "/etc/hosts"), .write(path: "/a", mode: 0o600, content: [0, 1, 255]),
        .directory(path: "/b", mode: 0o700, uid: 1, gid: 2), .place(path: "/c"),
        .link(path: "/d", target: "/e", isRequired: true), .link(path: "/d", target: "", isRequired: false),
        .lines(path: "/etc/fstab", name: "mounts", text: "x\ny\n"),
        .account(path: "/etc/group", line: "a:x:1:"),
        .field(path: "/etc/shadow", key: "root", index: 1, value: "$6$"),
        .user(line: "a:x:1:1::/a:/bin/sh", group: "g", password: "*"), .member(group: "g", user: "ä"),
        .resolver(text: ""), .kernel(name: "net.x", value: "1"),
        .service(unit: "a.service", name: "a", wish: "mask"), .idle(units: ["a.timer", "b.service"]),
        .idle(units: []), .mounted(path: "/srv"),
        .program(words: ["modprobe", "x"]), .program(words: []), .shell(text: "echo\n\t\"'$x"),
        .timer(name: "backup", calendar: "daily", cron: "0 0 * * *"),
        .secretShell(text: "true", files: ["A": "/run/secrets/a", "B": "/b"]),
    ]

    @Test func `what is written is read again, and every part of it is refused`() throws {
        let steps = Self.acts.map { act in
            StepWork(name: "n", failure: .stop, attempts: 3, secondLimit: 600, acts: [act, act])
        }
        var bytes: [UInt8] = []
        steps.write(to: &bytes)
        var wire = bytes.span
        let read = try [StepWork](parsing: &wire)
        #expect(read == steps)
        var one: [UInt8] = []
        for act in Self.acts {
            one = []
            StepWork(name: "n", failure: .goOn, attempts: 1, secondLimit: 1, acts: [act]).write(to: &one)
            for count in 1..<one.count {
                #expect(throws: WireError.self, "\(act) \(count)") {
                    var part = Array(one.prefix(count)).span
                    _ = try [StepWork](parsing: &part)
                }
            }
        }
    }

    @Test func `a changed step is read as it was written, and every part of it is refused`() throws {
        let step = AppliedStep(
            phase: .atInit, mark: "0a1b",
            work: StepWork(name: "n", failure: .stop, attempts: 3, secondLimit: 600, acts: Self.acts))
        var bytes: [UInt8] = []
        [step, step].write(to: &bytes)
        var wire = bytes.span
        let read = try [AppliedStep](parsing: &wire)
        #expect(read == [step, step])
        bytes = []
        step.write(to: &bytes)
        for count in 1..<bytes.count {
            #expect(throws: WireError.self, "\(count)") {
                var part = Array(bytes.prefix(count)).span
                _ = try [AppliedStep](parsing: &part)
            }
        }
    }

    @Test func `lengths that no step has are refused before anything is allocated`() {
        var bytes: [UInt8] = []
        bytes.write(UInt32.max)
        #expect(throws: WireError.self) {
            var wire = bytes.span
            _ = try [StepWork](parsing: &wire)
        }
    }
}
