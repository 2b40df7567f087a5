import API
import ArgumentParser
import Fleet
import Foundation
import Glibc
import Testing
import Wire

@testable import Commands
@testable import HTTPClient
@testable import RoostCommand

/// What commands make of their words, print, and exit with.
@Suite struct CommandTests {
    private let directory = NSTemporaryDirectory() + "roost-commands-\(UUID())"

    private func failure(_ body: () throws -> Void) -> Failure? {
        do {
            try body()
            return nil
        } catch {
            return error as? Failure
        }
    }

    // MARK: Words

    @Test(arguments: [
        (
            ["--group", "/a", "--node", "pc-1", "loader=ipxe"],
            "only one of --group, --node, --rule and --image"
        ),
        ([], "nothing to change"), (["loader", "=", "ipxe"], "write no spaces around ‘=’"),
        (["pc-1", "loader=ipxe"], "‘pc-1’ is not SETTING=VALUE"),
    ])
    func `settings that cannot be meant end with code 64 and what to write`(words: [String], text: String)
        throws
    {
        let edit = try SettingsEdit.parse(words)
        let found = failure { _ = try edit.request() }
        #expect(found?.code == 64 && found?.text.contains(text) == true, "\(found?.text ?? "")")
    }

    @Test(arguments: [
        (["pc-1"], "pc-1"), (["outdated=yes"], "outdated=yes"), (["pc-*"], "pc-*"),
        (["state=ready", "lab"], "state=ready lab"),
    ])
    func `a condition for later stays one, also where it means one node now`(
        query: [String], text: String
    ) throws {
        #expect(NodeTarget.scheduled(query, found: [try NodeName("pc-1")]) == text)
    }

    @Test func `nothing is no condition`() throws {
        for words in [[""], [" ", ""]] {
            let target = try NodeTarget.parse(words)
            #expect(failure { _ = try target.choice.condition() }?.code == 64)
        }
        #expect(try NodeTarget.parse(["*"]).choice.condition() == "*")
        #expect(throws: (any Error).self) { try RuleAdd.parse(["small", " ", "loader=ipxe"]) }
        #expect(throws: Never.self) { try RuleAdd.parse(["small", "*", "loader=ipxe"]) }
    }

    @Test func `a machine of an import has addresses`() {
        for words in [["--mac", "zz"], ["--ip", "10.0.0.256"]] {
            #expect(throws: (any Error).self) { try LTSPImportOptions.parse(words) }
        }
        #expect(throws: Never.self) {
            try LTSPImportOptions.parse(["--mac", "02-00-00-00-00-01", "--ip", "10.0.0.1"])
        }
    }

    @Test(arguments: [
        (["loader=ipxe"], "/"), (["--group", "/school", "loader=ipxe"], "/school"),
        (["--node", "pc-1", "loader=ipxe"], "pc-1"), (["--rule", "small", "loader=ipxe"], "rule:small"),
    ])
    func `settings are changed at the level that is named`(words: [String], target: String) throws {
        let edit = try #require(try SettingsEdit.parse(words).request().edits.first)
        guard case .settings(let change) = edit.act else {
            Issue.record("\(edit)")
            return
        }
        #expect(change.target == target && change.set == ["loader": .text("ipxe")])
    }

    @Test(arguments: [
        ("ready within 5m", "30m", 300, 1_800), ("ready within 90s", "2d", 90, 172_800),
        ("ready within 1h", "0s", 3_600, 0),
    ])
    func `terms of a roll-out are read`(success: String, trial: String, within: Int, seconds: Int) throws {
        let options = try CanaryOptions.parse(["--success", success, "--for", trial])
        let request = try options.request(for: 7, share: "5%")
        #expect(request.readyWithinSeconds == within && request.trialSeconds == seconds)
        #expect(request.version == "7" && request.share == "5%" && request.allowedFailures == 0)
    }

    @Test(arguments: [
        ("ready in 5m", "30m", "--success"), ("ready within 5", "30m", "--success"),
        ("ready within -5m", "30m", "--success"), ("up within 5m", "30m", "--success"),
        ("ready within 5m", "30", "--for"), ("ready within 5m", "2y", "--for"),
        ("ready within 5m", "9999999999s", "--for"),
    ])
    func `other terms are refused, with the option and its form`(
        success: String, trial: String, option: String
    )
        throws
    {
        let options = try CanaryOptions.parse(["--success", success, "--for", trial])
        let found = failure { _ = try options.request(for: 7, share: "5%") }
        #expect(found?.code == 64 && found?.text.hasPrefix("\(option): ‘") == true)
    }

    @Test(arguments: [
        ["--mac", "52:54:00:00:00:01", "--add-mac", "52:54:00:00:00:02"], ["--uuid", "x", "--no-uuid"],
        ["--address", "10.77.0.7", "--no-address"],
    ])
    func `options that contradict each other are refused before the server is asked`(words: [String]) {
        #expect(throws: (any Error).self) { try NodeSet.parse(["pc-1"] + words) }
    }

    // MARK: Files

    @Test func `a file that cannot be read says why, and exits with 3 when it is missing`() throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let missing = failure { _ = try InputFile.bytes("\(directory)/none") }
        #expect(missing?.code == 3 && missing?.text == "there is no file \(directory)/none")
        let place = failure { _ = try InputFile.bytes(directory) }
        #expect(place?.code == 1 && place?.text == "\(directory) is a directory; a file is required")
        let path = "\(directory)/file"
        try Data([0xFF, 0xFE, 0x00, 0xD8]).write(to: URL(fileURLWithPath: path))
        #expect(failure { _ = try InputFile.text(path) }?.text == "\(path): the file is incomplete")
        #expect(failure { _ = try InputFile.bytes(path, limit: 3) }?.text.contains(" has more than ") == true)
        #expect(
            failure { _ = try InputFile.bytes("/dev/zero", limit: 5 << 20) }?.text.hasSuffix("5 MiB") == true)
        try Data("a\nb\0".utf8).write(to: URL(fileURLWithPath: path))
        #expect(failure { _ = try InputFile.text(path) }?.text == "\(path):2: this is not text")
        #expect(failure { _ = try InputFile.exactText(path) }?.text.contains("is not text in UTF-8") == true)
        try Data("\u{FEFF}a\r\nb\r".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try InputFile.text(path) == "a\nb\n")
        #expect(try InputFile.exactText(path) == "\u{FEFF}a\r\nb\r")
    }

    /// What a shell makes of `<(…)`, and `/dev/stdin`.
    @Test func `a pipe is read like a file`() throws {
        let pipe = Pipe()
        try pipe.fileHandleForWriting.write(contentsOf: Data("one\ntwo".utf8))
        try pipe.fileHandleForWriting.close()
        let path = "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)"
        #expect(try InputFile.text(path) == "one\ntwo")
        #expect(try InputFile.bytes("/dev/null").isEmpty)
    }

    // MARK: Output

    @Test func `JSON has its members in order, and slashes as they are`() throws {
        struct Value: Encodable { var (b, a) = ("/x", 1) }
        #expect(
            String(decoding: try OutputOptions.data(Value()), as: UTF8.self)
                == #"{\n  "a" : 1,\n  "b" : "/x"\n}"#.replacing("\\n", with: "\n"))
    }

    @Test func `columns are as wide as their widest cell, and lines end with the last letter`() {
        var table = TextTable(["NAME", "STATE"])
        table.add(["pc-1", ""])
        table.add(["printer-12", "ready"])
        #expect(table.text == "NAME        STATE\npc-1\nprinter-12  ready\n")
    }

    @Test func `times and sizes have one form`() {
        #expect(Shown.seconds(12_345) == "12.3 s" && Shown.seconds(0) == "0.0 s")
        #expect(Shown.time(second: 1_795_608_000) == "2026-11-25 12:00:00Z")
        #expect(Shown.size(3 << 20) == "3.0 MiB" && Shown.size(3 << 29) == "1.5 GiB")
        #expect(Shown.size((1 << 30) - 1) == "1024.0 MiB")
    }

    @Test func `a node's state says that it is held, and a version that the next boot brings another`() throws
    {
        func row(_ change: (inout MachineAnswer) -> Void) throws -> String {
            var machine = MachineAnswer(
                name: try NodeName("pc-1"), isKnown: true, group: .site, tags: [], state: .ready,
                stage: .ready, version: "debian@8")
            change(&machine)
            return MachineTable.text([machine]).split(separator: "\n").last.map(String.init) ?? ""
        }
        #expect(try row { _ in } == "pc-1  /      -    -        ready  -            debian@8")
        #expect(try row { $0.held = "x" }.contains("held, ready"))
        #expect(
            try row {
                $0.booted = "debian@7"
                $0.isOutdated = true
            }.hasSuffix("debian@7 → debian@8"))
        #expect(
            try row {
                $0.version = nil
                $0.lack = "no image"
            }.hasSuffix("nothing: no image"))
        #expect(try row { $0.isKnown = false }.contains("(unknown)"))
    }

    @Test func `a plan names its edits, each changed setting, and how many nodes are not listed`() throws {
        let name = try NodeName("pc-1")
        let node = Node(
            name: name, macAddresses: [MACAddress(rawValue: 1)], settings: ["loader": .text("ipxe")])
        var plan = try ChangePlan(of: [.node(name, node)], in: .empty)
        #expect(PlanTable.text(plan).hasPrefix("node pc-1 added to /\n1 node would change:\n"))
        plan.nodeCount = 3
        #expect(PlanTable.text(plan).hasSuffix("and 2 more\n"))
        (plan.nodes, plan.nodeCount, plan.notes) = ([], 0, ["a note"])
        #expect(PlanTable.text(plan) == "node pc-1 added to /\n  a note\nno node would change\n")
    }

    // MARK: Exit codes

    @Test(arguments: [
        (400, 1), (401, 1), (403, 1), (404, 3), (409, 4), (412, 4), (422, 1), (500, 1), (503, 5),
    ])
    func `the exit code tells scripts what the server answered`(status: Int, code: Int32) {
        #expect(APIClient.exitCode(of: status) == code)
    }

    @Test(
        arguments: [
            (
                HTTPClientError.Cause.system(ENOENT), nil, 5,
                "no server answers on /run/x: is ‘roost serve’ running"
            ),
            (.system(ECONNREFUSED), nil, 5, "no server answers on /run/x"),
            (.system(EACCES), nil, 5, "you may not use the socket /run/x: run as root"),
            (
                .address, "ftp://x", 64,
                "‘ftp://x’ is not the address of a server: write https://HOST:PORT (IPv6: https://[fd00::1]:8443)"
            ),
            (.untrusted, "https://x", 5, "the certificate of /run/x is not trusted"),
            (
                .untrusted, "https://x", 5,
                "the certificate of /run/x is not trusted: name its authority's certificate, or install it on this host (--certificate FILE"
            ),
            (.certificateFile, "https://x", 3, "there is no file /run/x (--certificate"),
            (.system(ECONNREFUSED), "https://x", 5, "nothing answers on /run/x"),
        ] as [(HTTPClientError.Cause, String?, Int32, String)])
    func `a server that cannot be reached is told by what to do`(
        cause: HTTPClientError.Cause, server: String?, code: Int32, text: String
    ) {
        let client = APIClient(socketPath: "/run/x", server: server, token: nil, certificatePath: nil)
        let found = client.unreachable(HTTPClientError(cause, at: "/run/x"))
        #expect(found.code == code && found.text.hasPrefix(text), "\(found.text)")
    }

    @Test(arguments: [
        ("nodes", true), ("nodes/pc-1/alarm", true), ("groups?path=/a//b", true), ("nodes/", false),
        ("nodes//alarm", false), ("nodes/?at=1", false), ("", false),
    ])
    func `a path with an empty name in it is not sent`(path: String, isWhole: Bool) async {
        #expect(APIClient.isWhole(path) == isWhole)
        guard !isWhole else { return }
        let client = APIClient(
            socketPath: "/nowhere/x", server: nil, token: nil, certificatePath: nil)
        let failure = await #expect(throws: Failure.self) { try await client.get(path, [String].self) }
        #expect(failure?.code == 64)
        let long = "nodes/" + String(repeating: "x", count: APIClient.pathByteLimit)
        let tooLong = await #expect(throws: Failure.self) { try await client.get(long, [String].self) }
        #expect(tooLong?.code == 64 && tooLong?.text.contains("60006 bytes") == true)
    }

    @Test(arguments: [
        ("bookworm", true), ("bookworm-backports", true), ("bookworm/updates", true), ("7.0", true),
        ("", false),
        ("--help", false), ("a b", false), ("a\n", false), ("a\u{1B}[2J", false), ("ü", false),
    ])
    func `a suite is a name, and nothing that apt would take for more`(text: String, isSuite: Bool) {
        #expect(ImageBuild.isSuite(text) == isSuite)
    }

    @Test func `of a huge value in an error the beginning is shown, line by line`() {
        #expect(shortened("a\nb\n") == "a\nb\n")
        let text = shortened("one\n" + String(repeating: "é", count: 100_000) + "\nthree")
        #expect(text == "one\n" + String(repeating: "é", count: 2_000) + "…\nthree")
    }

    @Test func `each kind of error has its exit code`() async throws {
        func code(_ error: any Error) async -> Int32? {
            do {
                try await reportingFailure { throw error }
                return nil
            } catch {
                return (error as? ExitCode)?.rawValue
            }
        }
        #expect(await code(Failure(text: "test", code: 4)) == 4)
        #expect(await code(ExitCode(7)) == 7)
        #expect(await code(InvalidSetting("test")) == 1)
        #expect(await code(ValidationError("test")) == 64)
    }

    @Test(arguments: [
        ("/school/room 1", "%2Fschool%2Froom%201"), ("52:54:00:00:00:01", "52%3A54%3A00%3A00%3A00%3A01"),
        ("a&b=c+d", "a%26b%3Dc%2Bd"), ("pc-1._~", "pc-1._~"),
    ])
    func `what is typed is one component of an address`(text: String, escaped: String) {
        #expect(APIClient.escaped(text) == escaped)
    }

    // MARK: Rights

    @Test(arguments: [
        ("Uid:\t990\t990\t990\t990", true), ("Uid:\t990\t0\t990\t990", false),
        ("Gid:\t991\t991\t991\t991", true), ("Gid:\t991\t991\t0\t991", false), ("Groups:\t", true),
        ("Groups:\t0 27", false), ("CapPrm:\t0000000000000000", true), ("CapEff:\t0000000000000400", false),
        ("CapBnd:\t000001ffffffffff", true), ("Name:\troost", true),
    ])
    func `a line of a thread's status says whether the thread kept rights`(line: String, isWithout: Bool) {
        let words = line.split { $0 == "\t" || $0 == " " }
        #expect(Server.isWithoutRights(words, StateDirectory.User(uid: 990, gid: 991)) == isWithout)
    }
}
