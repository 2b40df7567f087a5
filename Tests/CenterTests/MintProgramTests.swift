import API
import Fleet
import Foundation
import Testing
import Wire

@testable import Center

/// Programs that mint: what they get, what they may do, and that no boot waits for another one's.
@Suite struct MintProgramTests {
    private static func wish(_ path: String, seconds: Int? = nil) -> MintingRequest {
        var wish = MintingRequest(kind: .program)
        (wish.program, wish.seconds) = (path, seconds)
        return wish
    }

    @Test func `a program gets the node and the boot as JSON, nothing else, and prints the value`()
        async throws
    {
        let bench = try await MintBench()
        // It answers with what it got, its user and its environment.
        try await bench.add(
            Self.wish(try bench.program("cat; id -u; env | sort | cut -d= -f1 | tr '\\n' ' '")),
            value: "credential")
        let minted = try await bench.mint()
        let text = String(decoding: try #require(minted.files.first).content, as: UTF8.self)
        let lines = text.split(separator: "\n")
        let question = try #require(
            try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: String])
        #expect(question["act"] == "mint" && question["node"] == "pc-1" && question["boot"] == "one")
        #expect(question["value"] == Data("credential".utf8).base64EncodedString())
        #expect(question["machine"] == "00:00:00:00:00:07" && question["group"] == "/")
        #expect(question["secret"] == MintBench.name && question["handle"]?.count == 6)
        #expect(lines[1] != "0")
        let names = Set(lines[2].split(separator: " "))
        #expect(names.isSubset(of: ["HOME", "LC_ALL", "PATH", "PWD", "OLDPWD", "SHLVL", "_"]), "\(names)")
        #expect(minted.files.map(\.path) == ["/run/minted"] && minted.shown == nil)
    }

    @Test(arguments: [
        ("echo the-value; echo no more tickets >&2; exit 3", "ended with status 3: no more tickets"),
        ("exit 0", "printed nothing"), ("head -c 40000 /dev/zero", "printed more than 32768 bytes"),
        ("yes", "printed more than 32768 bytes"),
        ("trap '' TERM; sleep 30", "did not end within 1 s"), ("kill -9 $$", "ended with status 137"),
    ])
    func `what goes wrong is said, without what it printed`(text: String, failure: String) async throws {
        let bench = try await MintBench()
        try await bench.add(Self.wish(try bench.program(text), seconds: 1))
        let said = try await bench.failure()
        #expect(said.contains(failure) && !said.contains("the-value"), "\(said)")
    }

    @Test(arguments: [
        // A shell that shows its commands, with what it was given.
        "set -x; read -r line; sh -c 'exit 3' \"$line\"",
        "echo credential; echo 'refused: credential of Y3JlZGVudGlhbA==' >&2; exit 3",
        "echo the-ticket; echo 'made the-ticket, and cannot store it' >&2; exit 3",
        // Cut in the middle of the value.
        "head -c 4090 /dev/zero | tr '\\0' x >&2; echo credential >&2; exit 3",
    ])
    func `what a program says as an error shows neither its credential nor what it printed`(text: String)
        async throws
    {
        let bench = try await MintBench()
        try await bench.add(Self.wish(try bench.program(text)), value: "credential")
        let said = try await bench.failure()
        #expect(said.contains("ended with status 3"), "\(said)")
        for secret in ["credential", "creden", "Y3JlZGVudGlhbA", "the-ticket"] {
            #expect(!said.contains(secret), "\(said)")
        }
    }

    @Test func `a program is in the named directory, and only its owner can change it`() async throws {
        let bench = try await MintBench()
        let good = try bench.program("echo x")
        try await bench.add(Self.wish(good))
        let outside = "\(bench.directory.path)/outside"
        try FileManager.default.copyItem(atPath: good, toPath: outside)
        let link = try bench.program("", named: "link")
        try FileManager.default.removeItem(atPath: link)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: outside)
        let cases = [
            (outside, "is not in"), (link, "is not in"), ("/bin/sh", "is not in"),
            ("\(good)-none", "there is no program"),
            (try bench.program("echo x", mode: 0o777, named: "loose"), "others than its owner could change"),
            (try bench.program("echo x", mode: 0o644, named: "text"), "is not executable"),
            (try bench.program("echo x", mode: 0o775, named: "group"), "others than its owner could change"),
        ]
        for (number, (path, failure)) in cases.enumerated() {
            try await bench.acts.removeSecret(SecretName(MintBench.name))
            try await bench.add(Self.wish(path))
            #expect(try await bench.failure("boot \(number)").contains(failure), "\(path)")
        }
        // Without a directory in roost.yaml there are none.
        let order = try await bench.order("last")
        await #expect(throws: MintFailure.self) {
            try await SecretMinter.ofTests().mint(order, in: bench.services.fleet.snapshot, now: 1)
        }
    }

    @Test func `other boots do not wait for it, and its own does not mint twice`() async throws {
        let bench = try await MintBench()
        let gate = "\(bench.directory.path)/gate"
        try await bench.add(
            Self.wish(
                try bench.program("until [ -e \(gate) ]; do sleep 0.05; done; echo ticket"), seconds: 20))
        _ = try await bench.acts.addSecret(
            SecretRequest(name: try SecretName("plain"), arming: .eachBoot, value: "word"))
        let claim = try bench.claim()
        let other = try NodeName("pc-2")
        try await bench.services.fleet.change(by: "test") { _ in
            [.node(other, Node(name: other, macAddresses: []))]
        }
        let name = try SecretName(MintBench.name)
        _ = try await bench.acts.changeSecret(name, SecretRequest(node: "pc-1"))
        await bench.recorder.write([.secrets(claim)], of: .secrets)
        // Another node boots meanwhile.
        var second = claim
        (second.node, second.machine) = (other, MACAddress(rawValue: 8))
        await bench.recorder.write([.secrets(second)], of: .secrets)
        #expect(try await bench.nextDelivery().claim == second)
        // It asks again meanwhile: nothing more is claimed.
        await bench.recorder.write([.secrets(claim)], of: .secrets)
        let making = try await bench.receipt()
        #expect(making.count == 1 && making.state == "making")
        try Data().write(to: URL(fileURLWithPath: gate))
        let delivery = try await bench.nextDelivery()
        #expect(delivery.claim == claim && delivery.orders.isEmpty)
        #expect(
            delivery.files?.map { String(decoding: $0.content, as: UTF8.self) }.sorted()
                == ["ticket\n", "word"])
        #expect(try await bench.receipt().state == "made")
        await bench.recorder.write([.secretsSent(claim)], of: .secrets)
        #expect(try await bench.receipt().state == "sent")
    }

    @Test func `a failed making leaves the rest, is said at the receipt and at the node, and stays armed`()
        async throws
    {
        let bench = try await MintBench()
        try await bench.add(Self.wish(try bench.program("echo broken >&2; exit 1")), arming: .once)
        await bench.recorder.write([.secrets(try bench.claim())], of: .secrets)
        let delivery = try await bench.nextDelivery()
        #expect(delivery.files?.map(\.missing?.text) == [MintBench.name])
        let receipt = try await bench.receipt()
        #expect(receipt.count == 0 && receipt.state == "failed")
        #expect(receipt.failure?.contains("ended with status 1: broken") == true)
        #expect(try await !bench.acts.secret(SecretName(MintBench.name)).record.isSpent)
    }

    @Test func `what a killed server had minted is removed once its node has asked again, or has another`()
        async throws
    {
        let bench = try await MintBench()
        let out = "\(bench.directory.path)/out"
        try FileManager.default.createDirectory(
            atPath: out, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o777])
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: out)
        let program = "IFS= read -r line; echo \"$line\" >>\(out)/said; echo ticket"
        try await bench.add(Self.wish(try bench.program(program)))
        func said() throws -> [[String: String]] {
            let text = try String(contentsOfFile: "\(out)/said", encoding: .utf8)
            return try text.split(separator: "\n").compactMap {
                try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String]
            }
        }
        await bench.recorder.write([.secrets(try bench.claim())], of: .secrets)
        _ = try await bench.nextDelivery()
        // While it may still be fetched, it stays.
        await bench.mints.sweepOnce()
        #expect(try said().map { $0["act"] } == ["mint"])
        // The server is killed here: the next one does not know the value. The node may have it, until it asks again.
        let next = try await MintBench(after: bench)
        await next.mints.noteLost()
        await next.mints.sweepOnce()
        #expect(try said().map { $0["act"] } == ["mint"])
        await next.recorder.write([.secrets(try next.claim())], of: .secrets)
        _ = try await next.nextDelivery()
        await next.mints.sweepOnce()
        #expect(try said().map { $0["act"] } == ["mint", "mint", "remove"])
        #expect(try said()[0]["handle"] == said()[2]["handle"])
        await next.mints.sweepOnce()
        #expect(try said().count == 3)
        // What went out stays until its node goes.
        await next.recorder.write([.secretsSent(try next.claim())], of: .secrets)
        await next.mints.sweepOnce()
        #expect(try said().count == 3)
        try await next.services.fleet.change(by: "test") { _ in [.node(try NodeName("pc-1"), nil)] }
        await next.mints.sweepOnce()
        #expect(try said().map { $0["act"] } == ["mint", "mint", "remove", "remove"])
    }

    @Test func `what had gone out before a kill could be noted stays, as its node's boot shows`() async throws
    {
        let bench = try await MintBench()
        let out = "\(bench.directory.path)/out"
        try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: false)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: out)
        try await bench.add(Self.wish(try bench.program("echo 1 >>\(out)/runs; echo ticket")))
        await bench.recorder.write([.secrets(try bench.claim())], of: .secrets)
        _ = try await bench.nextDelivery()
        let next = try await MintBench(after: bench)
        await next.mints.noteLost()
        let (machine, boot) = (try next.claim().machine, try next.claim().boot)
        for stage in [BootStage.dhcp, .configured] {
            let event = BootEvent(
                boot: boot, macAddress: machine, stage: stage, at: Clock.second * 1_000, detail: "")
            await next.recorder.write([.boot(event)], of: .boots)
        }
        await next.mints.sweepOnce()
        #expect(try await next.receipt().state == "sent")
        #expect(try String(contentsOfFile: "\(out)/runs", encoding: .utf8) == "1\n")
    }
}
