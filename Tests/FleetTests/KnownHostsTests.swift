import Fleet
import Testing
import Wire

@Suite struct KnownHostsTests {
    @Test func `each node with a key from the server is listed with its names and its fixed address`() throws
    {
        func node(_ name: String, _ address: String? = nil, _ settings: [String: SettingValue] = [:]) throws
            -> Node
        {
            Node(
                name: try NodeName(name), macAddresses: [], address: address.flatMap(IPv4Address.init),
                settings: settings)
        }
        let nodes = [
            try node("pc-1"), try node("pc-2", "10.77.0.9"),
            try node("pc-3", nil, ["ssh-host-key": .integer(4)]),
            try node("own", nil, ["ssh-host-key": .integer(0)]),
            try node("set", nil, ["files": .map(["/etc/ssh/ssh_host_ecdsa_key:600": "x"])]),
        ]
        let snapshot = FleetSnapshot(revision: 1, nodes: nodes, groups: [], images: [])
        func lines(_ domain: String) -> String {
            knownHosts(of: nodes, in: snapshot, domain: domain) { "ssh-ed25519 \($0)/\($1)" }
        }
        #expect(
            lines("lab") == """
                pc-1,pc-1.lab ssh-ed25519 pc-1/1
                pc-2,pc-2.lab,10.77.0.9 ssh-ed25519 pc-2/1
                pc-3,pc-3.lab ssh-ed25519 pc-3/4

                """)
        #expect(lines("").hasPrefix("pc-1 ssh-ed25519 pc-1/1\npc-2,10.77.0.9 "))
    }
}
