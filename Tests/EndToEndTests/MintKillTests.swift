import Foundation
import Glibc
import Sealing
import Testing
import Wire

extension EndToEnd.Servers {
    /// The whole server killed on the way of a minted secret: between minting and delivery, and between delivery and what notes it. A host in
    /// the place of a node asks for its configuration, as a node does, until it has it.
    @Suite struct MintKillTests {
        /// Where the server ends, by the names of its kill points.
        private static let points = ["secret-receipts", "secret-mints", "secrets-sent"].flatMap {
            ["store.\($0).commit", "store.\($0).done"]
        }
        private static let directory = "\(BootLab.directory)/minting"
        private static let (question, answer) = ("\(BootLab.directory)/key", "\(BootLab.directory)/answer")
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        /// A program that mints, and writes down what it is asked.
        private func layProgram() throws {
            let script = """
                #!/bin/sh
                read -r question
                handle=${question#*'"handle":"'} act=${question#*'"act":"'}
                echo "${act%%'"'*} ${handle%%'"'*}" >>\(Self.directory)/said/log
                [ "${act%%'"'*}" = remove ] || echo "sesame-${handle%%'"'*}"

                """
            for (path, mode) in [("", 0o755), ("/programs", 0o755), ("/said", 0o777)] {
                try FileManager.default.createDirectory(
                    atPath: Self.directory + path, withIntermediateDirectories: true)
                try FileManager.default.setAttributes(
                    [.posixPermissions: mode], ofItemAtPath: Self.directory + path)
            }
            let program = "\(Self.directory)/programs/ticket"
            try Data(script.utf8).write(to: URL(fileURLWithPath: program))
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
        }

        /// What the program was asked, line by line.
        private var said: [String] {
            let text = try? String(contentsOfFile: "\(Self.directory)/said/log", encoding: .utf8)
            return (text ?? "").split(separator: "\n").map(String.init)
        }

        private func handles(_ act: String) -> [String] {
            said.filter { $0.hasPrefix("\(act) ") }.map { String($0.dropFirst(act.count + 1)) }
        }

        /// Handle → state, as the store has them.
        private func stored() throws -> [String: String] {
            let script = """
                import json, sqlite3, sys
                base = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
                print(json.dumps(dict(base.execute("SELECT handle, state FROM secret_mint"))))
                """
            let text = try BootLab.run(
                "/usr/bin/python3", ["-c", script, "\(BootLab.stateDirectory)/store/roost.sqlite"])
            return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        }

        private func isRunning() throws -> Bool { kill(try lab.serverProcess(), 0) == 0 }

        private func start(killedAt point: String?) throws {
            let environment = point.map { ["env", "ROOST_KILL_AT=\($0)"] } ?? []
            try BootLab.lab(
                ["serve", "roost"] + environment + [
                    BootLab.roost, "serve", "--configuration", "\(BootLab.directory)/other.yaml",
                ])
            try lab.waitUntil("the server is ready", seconds: 60) { lab.log("roost").contains(" ready: ") }
        }

        /// Asks until there is a configuration and the server that gave it goes on, and starts the server again when it has ended.
        ///
        /// - Returns: the values in what came: of those that a killed server had sent, too.
        private func ask(
            _ key: NodeKey, _ host: Neighbour, _ machine: MACAddress, _ boot: String, point: String
        ) throws -> [String] {
            let server = try Data(contentsOf: URL(fileURLWithPath: "\(BootLab.stateDirectory)/keys/server"))
            let trusted = try #require(ServerKey(seed: [UInt8](server))).publicBytes
            var (values, isAlone) = ([String](), true)
            try lab.waitUntil("\(host.namespace) has its configuration, after \(point)", seconds: 60) {
                let status = try post(key, host, machine, boot)
                if status == "200" {
                    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.answer)))
                    let archive = try key.open(bytes, of: machine, in: boot, from: trusted)
                    let text = String(decoding: archive, as: UTF8.self)
                    values += Set(text.matches(of: /sesame-([a-z0-9]{6})/).map { String($0.1) })
                }
                guard isAlone else { return status == "200" }
                // What it writes down of the answer comes a moment later.
                if status == "200" { usleep(300_000) }
                guard try !isRunning() else { return false }
                #expect(!lab.log("roost").contains("sesame-"), "\(point)")
                try start(killedAt: nil)
                isAlone = false
                return false
            }
            return values
        }

        @Test func `killed on the way of a minted secret, it leaks none, and none is minted unnoticed`()
            throws
        {
            try layProgram()
            let points = Extent.isSample ? [Self.points[2], Self.points[4]] : Self.points
            var (last, mintings) = ([String](), [String: Int]())
            try lab.withServer("minting-programs: \(Self.directory)/programs") {
                try lab.roost(
                    "secret", "mint", "ticket", "program", "--program", "\(Self.directory)/programs/ticket",
                    "--arm", "each-boot")
                for (number, point) in points.enumerated() {
                    let mac = "52:54:00:00:0e:0\(number)"
                    let machine = try #require(MACAddress(mac))
                    try lab.roost("node", "add", "killed-\(number)", "--mac", mac)
                    try start(killedAt: point)
                    let host = try Neighbour("killed\(number)", mac: mac)
                    let key = NodeKey()
                    let before = handles("mint").count
                    let script = try host.ask("node/\(machine)/boot.ipxe").text
                    let boot = String(try #require(script.firstMatch(of: /roost\.boot=([0-9a-f]{16})/)).1)
                    let values = try ask(key, host, machine, boot, point: point)
                    // Each that came was minted once for this boot; the last one is the node's.
                    let made = handles("mint").dropFirst(before)
                    #expect(!values.isEmpty && values.allSatisfy(made.contains), "\(point)")
                    #expect(Set(values).count == values.count && values.last == made.last, "\(point)")
                    try last.append(#require(values.last))
                    mintings["killed-\(number)"] = made.count
                    // The boot is spent: another key gets nothing.
                    #expect(try post(NodeKey(), host, machine, boot) == "403", "\(point)")
                }
                try lab.waitUntil("what no node has is removed", seconds: 60) {
                    try stored().values.allSatisfy { ["sent", "removed"].contains($0) }
                        && Set(handles("mint")).subtracting(handles("remove")) == Set(last)
                }
                try expectAllKnown(last)
                try expectReceipts(mintings)
            }
        }

        /// People see it where more than one was made for a boot: a receipt counts at least as many as were.
        private func expectReceipts(_ mintings: [String: Int]) throws {
            struct Shown: Decodable {
                struct Receipt: Decodable {
                    var node: String
                    var count: Int
                    var state: String?
                }
                var receipts: [Receipt]
            }
            let text = try lab.roost("secret", "show", "ticket", "--json")
            let receipts = try JSONDecoder().decode(Shown.self, from: Data(text.utf8)).receipts
            #expect(receipts.map(\.node).sorted() == mintings.keys.sorted(), "\(text)")
            for receipt in receipts {
                #expect(receipt.count >= mintings[receipt.node] ?? 0 && receipt.state == "sent", "\(text)")
            }
            #expect(!text.contains("sesame-"))
        }

        /// One request for the configuration; what came is in `answer`.
        private func post(_ key: NodeKey, _ host: Neighbour, _ machine: MACAddress, _ boot: String) throws
            -> String
        {
            try Data(key.publicBytes).write(to: URL(fileURLWithPath: Self.question))
            let url = "http://10.77.0.1/node/\(machine)/configuration?boot=\(boot)"
            // Without a server curl fails, and prints 000.
            return try host.run([
                "sh", "-c",
                "curl -s -m 20 -o \(Self.answer) -w '%{http_code}' --data-binary @\(Self.question) '\(url)' || true",
            ])
        }

        /// The store knows all that was minted, and no file has a value.
        private func expectAllKnown(_ last: [String]) throws {
            let known = try stored()
            #expect(Set(handles("mint")).isSubset(of: known.keys))
            #expect(Set(handles("mint")).count == handles("mint").count)
            #expect(Set(known.filter { $0.value == "sent" }.keys) == Set(last))
            #expect(Set(handles("remove")).isSubset(of: known.filter { $0.value == "removed" }.keys))
            let found = try BootLab.run(
                "sh",
                [
                    "-c", "grep -r -a -l -F sesame- \"$@\" || true", "sh", "\(BootLab.stateDirectory)/store",
                    "\(BootLab.stateDirectory)/logs", "\(BootLab.directory)/log",
                ])
            #expect(found.isEmpty, "\(found)")
        }
    }
}
