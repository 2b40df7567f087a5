import Foundation
import Glibc
import Testing

extension EndToEnd.Machines {
    /// Persistent roots that each node may change.
    @Suite struct VolumeTests {
        private let lab: BootLab

        init() throws { lab = try BootLab.shared.get() }

        private static let macs = ["52:54:00:00:00:81", "52:54:00:00:00:82"]
        /// The first node is known only by it.
        private static let uuid = "6b656570-0001-4000-8000-525400000081"

        private func start(_ number: Int) throws -> String {
            try lab.bootDirectly(
                "keep\(number)", mac: Self.macs[number - 1], number == 1 ? ["--uuid", Self.uuid] : [])
            try lab.waitForStage("ready", of: "keep-\(number)")
            return try lab.address(of: "keep-\(number)")
        }

        /// An independent client, with structured replies: all write commands, on the volume of a machine that is off.
        private func writeByQEMU() throws {
            let node = try lab.json("node", "show", "keep-2") as? [String: Any]
            let boots = try #require(node?["boots"] as? [[String: Any]])
            let boot = try #require(boots.first?["boot"] as? String)
            let acts = [
                "write -P 90 1M 64k", "flush", "read -P 90 1M 64k", "write -z 1M 64k", "read -P 0 1M 64k",
                "write -z -u 2M 64k", "read -P 0 2M 64k", "write -f -P 7 3M 4k", "discard 3M 64k",
                "write -P 8 267386880 1M", "read -P 8 267386880 1M",
            ]
            // From the machine's address, and from nowhere else.
            let volume = "nbd://10.77.0.1/volume/keep-2/\(boot)"
            #expect(throws: CommandFailed.self) { try BootLab.lab("exec", "nbdinfo", volume) }
            let machine = try Neighbour("keep2", mac: Self.macs[1])
            let output = try machine.run(
                ["qemu-io", "-f", "raw", volume] + acts.flatMap { ["-c", $0] })
            #expect(!output.contains("failed") && !output.contains("rror"), "\(output)")
        }

        /// A node's writes are readable neither on the network nor on the server's disk; both contain ciphertext.
        private func expectSealed(_ address: String, _ wiretap: Wiretap) throws {
            let volume = try lab.json("volume", "show", "keep-2") as? [String: Any]
            #expect(volume?["isEncrypted"] as? Bool == true)
            let word = "canary of keep-2"
            try lab.ssh(
                address, "for i in $(seq 2000); do echo canary of keep-2; done >/var/lib/kept/canary; sync")
            let files = "\(BootLab.stateDirectory)/volumes/keep-2"
            #expect(try wiretap.count(word) == 0)
            #expect(
                try BootLab.run("sh", ["-c", "grep -a -c \"$0\" \"$1\" || true", word, "\(files)/1.ext4"])
                    == "0\n")
            #expect(try FileManager.default.contentsOfDirectory(atPath: files).contains("1.key"))
            #expect(
                try lab.ssh(
                    address,
                    "awk '$2 == \"/var/lib/kept\" { print $1 }' /proc/mounts; grep -c canary /var/lib/kept/canary"
                )
                    == "/dev/dm-0\n2000")
        }

        /// Each node gets it in its next boot.
        private func addSecret(_ value: String) throws {
            let file = FileManager.default.temporaryDirectory.appendingPathComponent("keep-token")
            try Data(value.utf8).write(to: file)
            defer { try? FileManager.default.removeItem(at: file) }
            try lab.roost(
                "secret", "add", "keep-token", "@\(file.path)", "--group", "/keep", "--arm", "next-boot")
            try lab.roost("secret", "mint", "keep-tls", "x509", "--group", "/keep", "--arm", "each-boot")
        }

        /// The key that was minted for it is a file of the node and nowhere else; of its certificate, all see the fingerprint.
        private func expectMinted(on address: String, _ wiretap: Wiretap) throws {
            let key = try lab.ssh(address, "sed -n 2p /run/secrets/keep-tls")
            #expect(key.utf8.count > 40)
            #expect(try wiretap.count(key) == 0)
            let certificate = try lab.ssh(address, "sed -n 2p /run/secrets/keep-tls.crt")
            #expect(try lab.ssh(address, "sed -n 2p /run/secrets/keep-tls.ca.crt") != certificate)
            #expect(
                try lab.ssh(address, "ls -l /run/secrets/keep-tls /run/secrets/keep-tls.crt | cut -c 1-10")
                    == "-rw-------\n-rw-r--r--")
            let shown = try lab.roost("secret", "show", "keep-tls")
            #expect(shown.contains("BEGIN CERTIFICATE") && shown.contains("SHA-256"))
            for text in [shown, lab.log("roost")] { #expect(!text.contains(key)) }
            let secret = try lab.json("secret", "show", "keep-tls") as? [String: Any]
            let receipts = try #require(secret?["receipts"] as? [[String: Any]])
            let own = try #require(receipts.first { $0["node"] as? String == "keep-2" })
            #expect(own["state"] as? String == "sent" && own["expiresAt"] != nil)
            try BootLab.requireDocumented("secrets/keep-tls", "Secret")
        }

        /// The secret is a file of the node, and nowhere else: not on the network, in the log or in what commands print. A receipt says who got it.
        private func expectDelivered(_ value: String, to address: String, _ wiretap: Wiretap) throws {
            #expect(
                try lab.ssh(
                    address, "cat /run/secrets/keep-token; echo; ls -l /run/secrets/keep-token | cut -c 1-10")
                    == "\(value)\n-rw-------")
            #expect(try wiretap.count(value) == 0)
            let shown = try lab.roost("secret", "show", "keep-token")
            #expect(shown.contains("keep-2") && !shown.contains(value))
            for text in [try lab.roost("node", "show", "keep-2"), try lab.roost("history"), lab.log("roost")]
            {
                #expect(!text.contains(value))
            }
            let secret = try lab.json("secret", "show", "keep-token") as? [String: Any]
            let receipts = try #require(secret?["receipts"] as? [[String: Any]])
            #expect(receipts.compactMap { $0["node"] as? String } == ["keep-2"])
            #expect(receipts.compactMap { $0["version"] as? Int } == [1])
            try BootLab.requireDocumented("secrets/keep-token", "Secret")
        }

        // What belongs to the first node alone: below its path what it asks, what it posts the key of a boot or a sealed request to, and its
        // reports; and its disks.

        private static func questions(in boot: String) -> [String] {
            [
                "boot.ipxe", "orders?boot=\(boot)", "register?name=stolen", "tpm?boot=\(boot)",
                "ticket?boot=\(boot)", "nodes?boot=\(boot)&question=\(String(repeating: "0", count: 32))",
            ]
        }

        private static func keyed(in boot: String) -> [String] {
            [
                "configuration?boot=\(boot)", "configuration?boot=00000000deadbeef", "apply?boot=\(boot)",
                "ticket?boot=\(boot)&run=0", "tpm?boot=\(boot)",
            ]
        }

        private static func reports(in boot: String) -> [String] {
            [
                "report?boot=\(boot)&stage=failed", "report?boot=00000000deadbeef&stage=ready",
                "hardware?boot=\(boot)", "sessions?boot=\(boot)", "steps?boot=\(boot)&phase=init",
            ]
        }

        private static func disks(in boot: String) -> [String] {
            ["volume/keep-1/\(boot)", "swap/keep-1/\(boot)"]
        }

        /// Two neighbours, one without a lease and one with another node's, request data of the first node, which is up.
        private func attack() throws {
            let mac = Self.macs[0]
            let node = try lab.json("node", "show", "keep-1") as? [String: Any]
            let boots = try #require(node?["boots"] as? [[String: Any]])
            let boot = try #require(boots.first?["boot"] as? String)
            #expect(node?["alarm"] == nil)
            let stranger = try Neighbour("stranger", mac: "52:54:00:00:66:01", address: "10.77.0.66")
            let other = try Neighbour("keep2", mac: Self.macs[1])
            let evil = "x && chain http://10.77.0.66/evil.ipxe || y"
            let key = String(repeating: "k", count: 32)
            for neighbour in [stranger, other] {
                for path in Self.questions(in: boot) {
                    let answer = try neighbour.ask("node/\(mac)/\(path)")
                    #expect(answer.status == "403", "\(path)")
                    #expect(!answer.text.contains(boot), "\(path)")
                }
                for path in Self.keyed(in: boot) {
                    #expect(try neighbour.ask("node/\(mac)/\(path)", body: key).status == "403", "\(path)")
                }
                for path in Self.reports(in: boot) {
                    #expect(try neighbour.ask("node/\(mac)/\(path)", body: evil).status == "403", "\(path)")
                }
                for name in ["node/\(mac)/boot.ipxe", "grub.cfg-01-\(mac.replacing(":", with: "-"))"] {
                    let answer = try? neighbour.run(["curl", "-s", "-m", "20", "tftp://10.77.0.1/\(name)"])
                    #expect(answer?.contains(boot) != true, "\(name)")
                }
                for name in Self.disks(in: boot) {
                    #expect(throws: CommandFailed.self, "\(name)") {
                        try neighbour.run(["nbdinfo", "nbd://10.77.0.1/\(name)"])
                    }
                }
            }
            // The other node still gets its own data, and reports for another boot count nowhere.
            #expect(try other.ask("node/\(Self.macs[1])/boot.ipxe").status == "200")
            #expect(
                try other.ask("node/\(Self.macs[1])/report?boot=00000000deadbeef&stage=failed", body: evil)
                    .status
                    == "403")
            // The configuration of a boot is for its first key only, even at its own address.
            let second = try lab.json("node", "show", "keep-2") as? [String: Any]
            let known = try #require((second?["boots"] as? [[String: Any]])?.first?["boot"] as? String)
            let path = "node/\(Self.macs[1])/configuration?boot=\(known)"
            #expect(try other.ask(path, body: key).text.contains("was sent to another key"))
            #expect(try other.ask(path, body: "no key").status == "400")
            #expect(try lab.roost("node", "show", "keep-2").contains("a second time in one boot"))
            let shown = try lab.roost("node", "show", "keep-1")
            #expect(
                shown.contains("another machine (10.77.0.") && shown.contains("roost node dismiss keep-1"))
            #expect(lab.log("roost").contains("keep-1: another machine (10.77.0.66"))
            try BootLab.requireDocumented("nodes/keep-1", "NodeDetail")
            #expect(!shown.contains("failed"))
            try lab.roost("node", "dismiss", "keep-1")
            #expect(try !lab.roost("node", "show", "keep-1").contains("another machine"))
        }

        /// Starts the first node while two neighbours ask for all that is its own, with the name of that boot as soon as there is one.
        private func startUnderAttack() throws -> String {
            let stranger = try Neighbour("stranger", mac: "52:54:00:00:66:01", address: "10.77.0.66")
            let other = try Neighbour("keep2", mac: Self.macs[1])
            let isOver = Ending()
            defer { isOver.come() }
            let attack = Thread.result { [lab] in
                var (statuses, opened) = (Set<String>(), 0)
                while !isOver.hasCome {
                    let node = try lab.json("node", "show", "keep-1") as? [String: Any]
                    let boots = node?["boots"] as? [[String: Any]]
                    let boot = boots?.first?["boot"] as? String ?? "00000000deadbeef"
                    for neighbour in [stranger, other] {
                        for (paths, body) in [
                            (Self.questions(in: boot), nil),
                            (Self.keyed(in: boot), String(repeating: "k", count: 32)),
                            (Self.reports(in: boot), "x && chain http://10.77.0.66/ || y"),
                        ] {
                            statuses.formUnion(
                                try neighbour.statuses(paths.map { "node/\(Self.macs[0])/\($0)" }, body: body)
                            )
                        }
                        let script = "tftp://10.77.0.1/node/\(Self.macs[0])/boot.ipxe"
                        let answer = try? neighbour.run(["curl", "-s", "-m", "20", script])
                        if answer?.contains(boot) == true { opened += 1 }
                        for name in Self.disks(in: boot)
                        where (try? neighbour.run(["nbdinfo", "nbd://10.77.0.1/\(name)"])) != nil {
                            opened += 1
                        }
                    }
                    // The machine has its own processor on a real network.
                    usleep(300_000)
                }
                return (statuses, opened)
            }
            let address = try start(1)
            isOver.come()
            let (statuses, opened) = try attack.value()
            #expect(statuses == ["403"] && opened == 0)
            let node = try lab.json("node", "show", "keep-1") as? [String: Any]
            let boot = (node?["boots"] as? [[String: Any]])?.first
            let stages = (boot?["entries"] as? [[String: Any]])?.compactMap { $0["stage"] as? String } ?? []
            #expect(stages.contains("ready") && !stages.contains("failed"), "\(stages)")
            #expect(try lab.roost("node", "show", "keep-1").contains("another machine (10.77.0."))
            try lab.roost("node", "dismiss", "keep-1")
            return address
        }

        /// Starts the first node with a server that is killed when the disk has the key of that boot, and its configuration has not gone out:
        /// the machine gets it from the next one.
        private func startThroughKill() throws -> String {
            try lab.killServer()
            try lab.startServer(killedAt: "deliveries.append.done")
            let process = try lab.serverProcess()
            let start = Thread.result { try self.start(1) }
            try lab.waitUntil("the server has ended", seconds: 120) { kill(process, 0) != 0 }
            try lab.startServer()
            return try start.value()
        }

        /// After that boot: its configuration is for no other key, at the node's own address either.
        private func expectSpent() throws {
            let node = try lab.json("node", "show", "keep-1") as? [String: Any]
            let boots = try #require(node?["boots"] as? [[String: Any]])
            let boot = try #require(boots.first?["boot"] as? String)
            let machine = try Neighbour("keep1", mac: Self.macs[0])
            let answer = try machine.ask(
                "node/\(Self.macs[0])/configuration?boot=\(boot)", body: String(repeating: "k", count: 32))
            #expect(answer.status == "403" && answer.text.contains("was sent to another key"))
        }

        @Test
        func
            `two nodes keep their changes through power cuts and a restart of the server, until they are reset`()
            throws
        {
            try lab.roost("group", "add", "/keep")
            try lab.roost(
                "set", "--group", "/keep", "root-mode=persistent", "volume-size=256M",
                "persistent-directories=/var/lib/kept")
            try lab.roost("node", "add", "keep-1", "--uuid", Self.uuid, "--group", "/keep")
            try lab.roost("node", "add", "keep-2", "--mac", Self.macs[1], "--group", "/keep")
            defer { for number in 1...2 { _ = try? lab.powerOff("keep\(number)") } }

            // The volume is created when the machine appears.
            let first = try start(1)
            let shown = try lab.json("node", "show", "keep-1") as? [String: Any]
            #expect(shown?["learnedCards"] as? [String] == [Self.macs[0]])
            #expect((shown?["boots"] as? [Any])?.count == 1)
            #expect(try lab.ssh(first, "test -e /etc/own || echo none") == "none")
            try lab.ssh(
                first,
                "echo one >/etc/own; rm /etc/motd; echo kept >/var/lib/kept/file; head -c 30000000 /dev/urandom >/opt/big; sync"
            )
            let sum = try lab.ssh(first, "md5sum /opt/big")
            // The file on the server grows with the node's writes, and deleting returns the room.
            func used() throws -> Int {
                let volume = try lab.json("volume", "show", "keep-1") as? [String: Any]
                return try #require(volume?["usedByteCount"] as? Int)
            }
            #expect((30_000_000..<50_000_000).contains(try used()))
            try lab.ssh(first, "head -c 60000000 /dev/urandom >/opt/gone; sync")
            #expect(try used() > 90_000_000)
            try lab.ssh(first, "rm /opt/gone; sync")
            try lab.waitUntil("the room is given back", seconds: 30) { try used() < 50_000_000 }
            // What is on the server's disk, not in its memory: the power is cut.
            try lab.powerOff("keep1")

            // The node's private data is not readable on the network.
            let (hash, key) = (
                "$6$saltsalt$\(String(repeating: "h4sh", count: 21))xy", "a private key of keep-2"
            )
            try lab.roost(
                "set", "--node", "keep-2", "root-password-hash=\(hash)",
                "files=/etc/key:600=\(Array(repeating: key, count: 100).joined(separator: "\n"))")
            let token = "open sesame of keep-2"
            try addSecret(token)
            let wiretap = try Wiretap("keep-2")
            let second = try start(2)
            try expectDelivered(token, to: second, wiretap)
            try expectMinted(on: second, wiretap)
            #expect(try lab.ssh(second, "test -e /etc/own || echo none") == "none")
            try expectSealed(second, wiretap)
            // It asks again until the receipts of its secret are written.
            #expect(try wiretap.count("POST /node/\(Self.macs[1])/configuration?boot=") > 1)
            #expect(try wiretap.count(hash) == 0 && wiretap.count(key) == 0)
            #expect(try lab.ssh(second, "cut -d: -f2 /etc/shadow; tail -n 1 /etc/key") == "\(hash)\n\(key)")
            #expect(
                try lab.ssh(second, "ls /run/roost").contains("boot-key")
                    == false)
            #expect(try lab.roost("node", "show", "keep-2").contains("to \(second), sealed for key "))
            try lab.ssh(second, "echo two >/etc/own; sync")
            try lab.powerOff("keep2")
            try writeByQEMU()

            let again = try start(1)
            // In its second boot, too, it has the same identity.
            #expect(
                try lab.ssh(again, "cat /etc/own /var/lib/kept/file", knownAs: "keep-1") == "one\nkept")
            #expect(throws: CommandFailed.self) { try lab.ssh(again, "true", knownAs: "keep-2") }
            #expect(
                try lab.ssh(again, "md5sum /opt/big; test -e /etc/motd || echo gone") == "\(sum)\ngone")
            #expect(
                try lab.ssh(again, "awk '$2 == \"/\" || $2 == \"/var/lib/kept\" { print $3 }' /proc/mounts")
                    == "overlay\next4")

            try attack()
            // No other host gets it, and it cannot be changed while it is in use.
            let refused = try? BootLab.lab(
                "exec", "nbdinfo", "nbd://10.77.0.1/volume/keep-1/0123456789abcdef")
            #expect(refused == nil)
            #expect(lab.log("roost").contains("10.77.0.1 may not open the volume of keep-1"))
            #expect(throws: (any Error).self) { try lab.roost("volume", "snapshot", "keep-1", "before") }
            #expect(throws: (any Error).self) { try lab.roost("volume", "rm", "keep-1") }

            // The server goes away and returns in the middle of writing.
            try lab.killServer()
            let writing = Thread.result {
                try self.lab.ssh(
                    again, "head -c 20000000 /dev/urandom >/opt/more; sync; md5sum </opt/more",
                    timeout: 120)
            }
            try lab.waitUntil("the writing has begun", seconds: 20) {
                try BootLab.lab("exec", "ss", "-Htn", "state", "established", "dst", "\(again):22").contains(
                    ":22")
            }
            try lab.startServer()
            let more = try writing.value()
            #expect(more.count > 30)
            try lab.powerOff("keep1")
            try lab.waitUntil("the volume is closed", seconds: 90) {
                let volume = try lab.json("volume", "show", "keep-1") as? [String: Any]
                return volume?["openConnections"] as? Int == 0
            }
            try lab.roost("volume", "snapshot", "keep-1", "before")
            try BootLab.requireDocumented("volumes", "Volume")
            try BootLab.requireDocumented("volumes/keep-1", "Volume")
            // It is larger at the next boot, and comes from the golden snapshot.
            try lab.roost("set", "--node", "keep-1", "volume-size=512M")
            try lab.roost("volume", "reset", "keep-1")
            let golden = try startUnderAttack()
            #expect(try lab.ssh(golden, "test -e /etc/own -o -e /opt/big || echo golden") == "golden")
            try lab.roost("volume", "restore", "keep-1", "before")
            try lab.powerOff("keep1")
            // The copy is smaller than the setting: it grows before it boots.
            let restored = try startThroughKill()
            #expect(try lab.ssh(restored, "cat /etc/own; md5sum /opt/big") == "one\n\(sum)")
            #expect(try lab.ssh(restored, "md5sum </opt/more") == more)
            let size = try lab.ssh(restored, "df -m /var/lib/kept | awk 'END { print $2 }'")
            #expect((Int(size.filter(\.isNumber)) ?? 0) > 400)
            // It shuts down in order, which may cut off the answer.
            _ = try? lab.ssh(restored, "poweroff")
            try lab.waitUntil("it is off", seconds: 120) {
                lab.console("keep1").contains("reboot: Power down")
            }
            #expect(try lab.roost("history").contains("volume of keep-1 restored from before"))
            try expectSpent()
        }
    }
}
