import Fleet
import Foundation
import Sealing
import Services
import Wire

/// Measures how many nodes' configurations one thread makes and seals in a second: `roost-planes sealed`.
enum SealedConfigurations {
    private static let (nodeCount, boot) = (2_000, "0123456789abcdef")

    static func run() throws {
        let plain = try perSecond(settings: [:])
        let forty = try perSecond(settings: fortySteps)
        print("{\"plain\": \(plain.rate), \"forty\": \(forty.rate), \"bytes\": \(forty.bytes)}")
    }

    /// As in `steps.py`: thirty-four steps beside the six that every node has.
    private static var fortySteps: [String: SettingValue] {
        let phases = ["before-init", "init", "late"]
        let commands = (10..<32).map { ("\($0)-c", "\(phases[$0 % 3]) -- echo \($0) >/run/c\($0)") }
        let files = (0..<6).map { ("/etc/f\($0)", "text \($0)") }
        return [
            "commands": .map(Dictionary(commands) { $1 }), "files": .map(Dictionary(files) { $1 }),
            "sysctl": .map(["net.ipv4.ip_forward": "1", "vm.swappiness": "10"]),
            "modules": .map(["zram": "load", "nouveau": "deny"]), "groups": .map(["staff": "1500"]),
            "users": .map(["ann": "uid=1000 groups=staff"]), "ntp": .list(["a.example"]),
            "locale": .text("C.UTF-8"), "keymap": .text("de"),
            "cron": .map(["a": "0 3 * * * root true"]),
        ]
    }

    private static func perSecond(settings: [String: SettingValue]) throws -> (rate: Double, bytes: Int) {
        var contents = FleetSnapshot.Contents()
        contents.groups[.site] = NodeGroup(path: .site, settings: settings)
        for number in 1...nodeCount {
            let name = try NodeName("n\(number)")
            contents.nodes[name] = Node(name: name, macAddresses: [card(number)])
        }
        let snapshot = FleetSnapshot(revision: 1, contents: contents)
        let (server, secrets, key) = (ServerKey(), NodeSecrets(), NodeKey().publicBytes)
        let policy = BootPolicy(server: .loopback, loaders: [], nodeArchives: [:])
        var bytes = 0
        let taken = try ContinuousClock().measure {
            for node in snapshot.nodes.values {
                guard let machine = node.macAddresses.first, NodeKey.isPublicKey(key) else { continue }
                let running = secrets.runKey(of: machine, in: boot, sealedTo: "0").map {
                    RunningKeys(key: $0.bytes, mark: secrets.stepMark)
                }
                let archive = configurationArchive(
                    of: try NodeContents(
                        for: machine, being: node, in: snapshot, policy: policy, hostKey: secrets.hostKeyFiles
                    ),
                    running: running)
                bytes = try server.seal(archive, to: key, of: machine, in: boot).count
            }
        }
        return (Double(nodeCount) / (taken / .seconds(1)), bytes)
    }

    private static func card(_ number: Int) -> MACAddress {
        MACAddress(rawValue: 0x0200_0000_0000 | UInt64(number))
    }
}
