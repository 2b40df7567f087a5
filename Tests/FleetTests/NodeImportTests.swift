import Testing
import Wire

@testable import Fleet

@Suite struct DelimitedTextTests {
    private static let rows = [["name", "mac", "tags"], ["pc-1", "02:00:00:00:00:01", "Küche"]]

    private func utf16(_ text: String, isLittle: Bool, hasMark: Bool = true) -> [UInt8] {
        ((hasMark ? [0xFEFF] : []) + Array(text.utf16)).flatMap { unit in
            let (low, high) = (UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8))
            return isLittle ? [low, high] : [high, low]
        }
    }

    @Test func `every encoding used by spreadsheets is read`() throws {
        let text = "name,mac,tags\r\npc-1,02:00:00:00:00:01,Küche\r\n"
        let windows = text.unicodeScalars.map { UInt8($0.value) }
        for (bytes, encoding) in [
            (Array(text.utf8), TextEncoding.utf8), ([0xEF, 0xBB, 0xBF] + Array(text.utf8), .utf8),
            (utf16(text, isLittle: true), .utf16), (utf16(text, isLittle: false), .utf16),
            (utf16(text, isLittle: true, hasMark: false), .utf16), (windows, .windows1252),
        ] {
            let table = try DelimitedText(bytes)
            #expect(table.encoding == encoding)
            #expect(table.rows.map(\.cells) == Self.rows)
        }
    }

    @Test(arguments: [
        "name;mac;tags\npc-1;02:00:00:00:00:01;Küche",
        "sep=;\r\nname;mac;tags\r\npc-1;02:00:00:00:00:01;Küche\r\n",
        "\"sep=|\"\nname|mac|tags\npc-1|02:00:00:00:00:01|Küche",
        "name\tmac\ttags\rpc-1\t02:00:00:00:00:01\tKüche\r",
        "name|mac|tags\npc-1|02:00:00:00:00:01|Küche",
        "# a list\n\nname,mac,tags\n,,\n\"pc-1\" , \"02:00:00:00:00:01\",=\"Küche\"\n",
        "\u{FEFF}\"name\",\"mac\",\"tags\"\n'pc-1,\u{A0}02:00:00:00:00:01\u{200B},'Küche\n",
        "'name','mac','tags'\n'pc-1', '02:00:00:00:00:01', 'Küche'\n",
        "name,mac,tags\u{2028}pc-1,02:00:00:00:00:01,Küche\u{2028}",
        "name,mac,tags\u{85}pc-1,02:00:00:00:00:01,Küche\u{2029}\u{85}",
        "name,mac,tags\n\u{1F}pc-1,\u{1F}02:00:00:00:00:01,\u{1F}Küche\u{7F}\n",
        "name,mac,tags\n\u{200E}pc-1\u{202C},02:00:\u{AD}00:00:00:01\u{2060},\u{200F}Küche\n\u{1A}",
    ])
    func `separators, line ends, quotation marks and spaces are read as intended`(text: String) throws {
        #expect(try DelimitedText(Array(text.utf8)).rows.map(\.cells) == Self.rows)
    }

    @Test func `cells may contain separators, quotation marks and lines, and rows keep their line number`()
        throws
    {
        let table = try DelimitedText(Array("a,b\n\"x, \"\"y\"\"\nz\",2\n\nc,3".utf8))
        #expect(table.rows.map(\.cells) == [["a", "b"], ["x, \"y\"\nz", "2"], ["c", "3"]])
        #expect(table.rows.map(\.line) == [1, 2, 5])
    }

    @Test(arguments: [
        ("# dhcpd.conf\nsubnet 10.0.0.0 netmask 255.255.255.0 {\n}\n", "dhcpd.conf"),
        ("host pc-1 {\n  hardware ethernet 02:00:00:00:00:01;\n  fixed-address 10.0.0.5;\n}\n", "dhcpd.conf"),
        ("lease 10.0.0.5 {\n  starts 1 2026/11/29 10:00:00;\n}\n", "dhcpd.leases"),
        ("interface=eth1\ndhcp-host=02:00:00:00:00:01,pc-1,10.0.0.5,infinite\n", "dnsmasq"),
        ("--dhcp-host=02:00:00:00:00:01,pc-1\n", "dnsmasq"),
        ("02:00:00:00:00:01 pc-1\n02:00:00:00:00:02 10.0.0.6\n", "/etc/ethers"),
        ("# our machines\n127.0.0.1\tlocalhost\n10.0.0.5\tpc-1 pc-1.example.org\n", "/etc/hosts"),
        ("::1 ip6-localhost\n", "/etc/hosts"),
        (
            "// Kea\n{ \"Dhcp4\": { \"reservations\": [ { \"hw-address\": \"02:00:00:00:00:01\" } ] } }\n",
            "Kea"
        ),
        ("[\n  {\"name\": \"pc-1\"}\n]\n", "JSON"), ("[{\"name\":\"pc-1\"}]", "JSON"),
        ("---\nnodes:\n", "YAML"),
        ("config host\n\toption name 'pc-1'\n\toption mac '02:00:00:00:00:01'\n", "OpenWrt"),
        ("1795963657 02:00:00:00:00:01 10.0.0.5 pc-1 *\n", "separated by blanks"),
        ("name mac address\npc-1 02:00:00:00:00:01 10.0.0.5\n", "separated by blanks"),
        ("[default]\nTIMEZONE=Europe/Lisbon\n", "roost import lts-conf"),
    ])
    func `another program's file is named, with the titles that a list needs`(text: String, name: String) {
        let error = #expect(throws: UnreadableTable.self) { try DelimitedText(Array(text.utf8)) }
        #expect(error?.description.contains(name) == true, "\(text): \(String(describing: error))")
        #expect(error?.description.contains("name,mac,address") == true || text.hasPrefix("[default]"))
    }

    @Test(arguments: [
        "Inventory 2026\nname,mac\npc-1,02:00:00:00:00:01\n", "\t02:00:00:00:00:01\t/school\n",
        "pc-1\t02:00:00:00:00:01\n", "pc-1 ; 02:00:00:00:00:01 ; x\n", "[room 5],02:00:00:00:00:01\n",
        "host;mac\nlease;02:00:00:00:00:01\n", "name\npc-1\n",
    ])
    func `a list is not taken for another program's file`(text: String) throws {
        #expect(try !DelimitedText(Array(text.utf8)).rows.isEmpty)
    }

    @Test(arguments: [
        (Array("<html><table>".utf8), "web page"), ([0x50, 0x4B, 0x03, 0x04, 0], "workbook"),
        ([0xD0, 0xCF, 0x11, 0xE0, 0], "workbook"),
        ([0x61, 0, 0, 0, 1], "not text"), ([0x61, 0x0A, 0x81], "line 2"), ([0xFF, 0xFE, 0x61], "incomplete"),
        ([0x61, 0x0A, 0x22, 0x61], "line 2: a quotation mark"),
    ])
    func `a file that is not a table is named for what it is`(bytes: [UInt8], problem: String) {
        #expect(throws: UnreadableTable.self) { try DelimitedText(bytes) }
        do { _ = try DelimitedText(bytes) } catch { #expect(error.description.contains(problem), "\(error)") }
    }
}

@Suite struct NodeImportTests {
    private func snapshot() throws -> FleetSnapshot {
        let known = Node(
            name: try NodeName("pc-1"), macAddresses: [MACAddress(rawValue: 0x02_0000_0000_01)],
            uuid: MachineUUID("12345678-1234-5678-1234-56789abcdef0"), address: IPv4Address("10.77.0.5"),
            tags: ["lab"], settings: ["loader": .text("ipxe"), "kernel-arguments": .list(["quiet"])])
        let other = Node(
            name: try NodeName("pc-2"), macAddresses: [MACAddress(rawValue: 0x02_0000_0000_02)])
        return FleetSnapshot(
            revision: 1, nodes: [known, other],
            groups: [NodeGroup(path: .site), NodeGroup(path: try GroupPath("/school"))], images: [])
    }

    private func read(_ text: String, makesGroups: Bool = false) throws -> NodeImport {
        try NodeImport(
            DelimitedText(Array(text.utf8)), in: snapshot(), within: Self.plan(), makesGroups: makesGroups)
    }

    static func plan() throws -> AddressPlan {
        let pool = try #require(IPv4Address("10.77.0.100"))...(try #require(IPv4Address("10.77.0.200")))
        let subnet = DHCPSubnet(
            network: try #require(IPv4Network("10.77.0.0/24")), server: Sample.server, pools: [pool],
            router: IPv4Address("10.77.0.254"))
        return AddressPlan(
            subnets: [subnet], own: [Sample.server],
            reservations: [
                DHCPReservation(
                    .macAddress(MACAddress(rawValue: 9)), try #require(IPv4Address("10.77.0.9")))
            ], isComplete: true)
    }

    private func node(_ list: NodeImport, _ index: Int = 0) throws -> Node {
        let nodes = list.edits.compactMap { $0.of(Node.self) }
        guard nodes.indices.contains(index), let node = nodes[index].after else {
            throw InvalidSetting("no node: \(list.rows.map { $0.reason ?? "" })")
        }
        return node
    }

    @Test func `each card may have a column`() throws {
        let list = try read(
            "Hostname,MAC address 1,MAC address 2\npc-3,2:0:0:0:0:4,02:00:00:00:00:05\npc-4,,02:00:00:00:00:06\n"
                + "pc-5,02:00:00:00:00:07,-\n")
        #expect(try node(list).macAddresses.map(\.rawValue) == [0x02_0000_0000_04, 0x02_0000_0000_05])
        #expect(try node(list, 1).macAddresses.map(\.rawValue) == [0x02_0000_0000_06])
        #expect(try node(list, 2).macAddresses.map(\.rawValue) == [0x02_0000_0000_07])
        #expect(throws: UnreadableTable.self) { try read("name,ip,ip\npc-3,10.77.0.5,10.77.0.6\n") }
    }

    @Test func `only the named columns are changed`() throws {
        let list = try read("name,mac,group,address,tags\npc-1,02:00:00:00:00:01,/,,new\n")
        let node = try node(list)
        #expect(node.tags == ["new"])
        #expect(node.address == IPv4Address("10.77.0.5") && node.uuid != nil)
        #expect(node.settings == ["loader": .text("ipxe"), "kernel-arguments": .list(["quiet"])])
        #expect(list.rows[0].changes == ["tags lab → new"])
        #expect(try read("name,tags\npc-1,lab").rows[0].fate == .unchanged)
    }

    @Test func `a hyphen removes a value, settings have columns, and a card identifies a node`() throws {
        let list = try read("mac;address;kernel-arguments;loader\n0200.0000.0001;-;quiet isolcpus=1,2;-")
        let node = try node(list)
        #expect(node.name.text == "pc-1" && node.address == nil)
        #expect(node.settings == ["kernel-arguments": .list(["quiet", "isolcpus=1,2"])])
    }

    @Test func `column names are accepted in any order, case and language`() throws {
        let list = try read(
            "Seriennummer;IP-Adresse;Raum;Rechnername;MAC-Adresse\nX1;10.77.0.20;School;PC-9.example.org;02-00-00-00-00-09"
        )
        let node = try node(list)
        #expect(node.name.text == "pc-9" && node.group.description == "/school")
        #expect(node.address == IPv4Address("10.77.0.20"))
        #expect(list.unusedColumns == ["Seriennummer"])
        // Without a header, in the standard order; two joined lists have the header twice.
        #expect(try read("pc-9,02:00:00:00:00:09,/school,10.77.0.20,a b").edits.count == 1)
        #expect(
            try read("name,mac\npc-9,02:00:00:00:00:09\nName,MAC\npc-8,02:00:00:00:00:08").rows.count == 2)
    }

    @Test(arguments: [
        "Inventory 2026\n\nname;mac;address\npc-9;02:00:00:00:00:09;10.77.0.6\n",
        "Inventory,,\n29.11.2026,,\nComputer,MAC address,IP address\npc-9,02:00:00:00:00:09,10.77.0.6/24\n",
        "name,mac,address\npc-9,02:00:00:00:00:09,10.77.0.6/32\n",
    ])
    func `titles above the header are skipped, and prefix lengths after addresses too`(text: String)
        throws
    {
        let list = try read(text)
        #expect(list.refused.isEmpty && list.rows.count == 1, "\(list.rows)")
        #expect(try node(list).address == IPv4Address("10.77.0.6"))
    }

    @Test(arguments: [
        "{4C4C4544-0042-3010-8051-B4C04F4E3232}", "4c4c45440042301080 51b4c04f4e3232",
        "urn:uuid:4c4c4544-0042-3010-8051-b4c04f4e3232", "4c 4c 45 44 00 42 30 10-80 51 b4 c0 4f 4e 32 32",
    ])
    func `a UUID is read in every usual form`(text: String) throws {
        let list = try read("name,uuid\npc-9,\(text)\n")
        #expect(try node(list).uuid == MachineUUID("4c4c4544-0042-3010-8051-b4c04f4e3232"))
        #expect(MachineUUID("{" + text) == nil)
    }

    /// Programs for people turn hyphens into dashes while one types, and straight quotation marks into curly ones.
    @Test(arguments: [
        "pc\u{2013}9,02\u{2013}00\u{2013}00\u{2013}00\u{2013}00\u{2013}09,10.77.0.20",
        "\u{201C}pc-9\u{201D},\u{201E}02:00:00:00:00:09\u{201C},\u{AB}10.77.0.20\u{BB}",
        "ｐｃ－９,02：00：00：00：00：09,１０．７７．０．２０", "pc\u{2212}9,020000\u{2010}000009,10.77.0.20",
    ])
    func `what word processors make of names and addresses is read as it was meant`(row: String) throws {
        let node = try node(read("name,mac,address\n\(row)\n"))
        #expect(node.name.text == "pc-9" && node.address == IPv4Address("10.77.0.20"))
        #expect(node.macAddresses == [MACAddress(rawValue: 0x0200_0000_0009)])
    }

    @Test func `groups are created on request, parents first`() throws {
        let text = "name,mac,group\npc-9,02:00:00:00:00:09,college/room-1\n"
        #expect(try read(text).rows[0].reason?.english.contains("--make-groups") == true)
        let list = try read(text, makesGroups: true)
        #expect(list.groups.map(\.description) == ["/college", "/college/room-1"])
        #expect(list.edits.count == 3)
        _ = try snapshot().applying(list.edits, revision: 2)
    }

    @Test(arguments: [
        ("pc-9,", "hardware address or a UUID"), ("pc-9,nonsense", "not a hardware address"),
        ("pc-9,5.25E+11", "turned it into a number"), ("pc-9,20000010012", "turned it into a number"),
        ("pc 9,02:00:00:00:00:09", "not a valid name"), ("a8:66:7f:18:5c:05", "where a name is expected"),
        ("pc-9,00:00:00:00:00:00", "is empty"),
        ("pc-9,ff:ff:ff:ff:ff:ff", "broadcast"), ("pc-9,01:00:5e:00:00:01", "multicast"),
        ("pc-9,02:00:00:00:00:02", "belongs to node pc-2"),
        ("pc-9,02:00:00:00:00:09,,10.77.0.5", "belongs to node pc-1"),
        ("pc-9,02:00:00:00:00:09,,10.77.0.1", "server's own"),
        ("pc-9,02:00:00:00:00:09,,10.77.0.254", "router's"),
        ("pc-9,02:00:00:00:00:09,,10.77.0.255", "broadcast address of"),
        ("pc-9,02:00:00:00:00:09,,10.77.0.0", "the network"),
        ("pc-9,02:00:00:00:00:09,,10.78.0.5", "not in a served network"),
        ("pc-9,02:00:00:00:00:09,,10.77.0.150", "in the pool"),
        ("pc-9,02:00:00:00:00:09,,10.77.0.9", "reserved for"),
        ("pc-9,02:00:00:00:00:09,,224.0.0.1", "multicast"), ("pc-9,02:00:00:00:00:09,,127.0.0.1", "loopback"),
        ("pc-9,02:00:00:00:00:09,,0.0.0.0", "not the address of a host"),
        ("pc-9,02:00:00:00:00:09,,10.77.0", "not an IPv4 address"),
        ("pc-9,02:00:00:00:00:09,,,,more", "beyond the last column"), ("pc-9,02:00:00:00:00:09,,,a/b", "tag"),
    ])
    func `an impossible row is refused with its line and the reason`(row: String, reason: String) throws {
        let list = try read("name,mac,group,address,tags\npc-3,02:00:00:00:00:03\n\(row)\n")
        let refused = try #require(list.refused.first)
        #expect(
            refused.line == 3 && refused.reason?.english.contains(reason) == true, "\(refused.reason ?? "")")
        #expect(list.count(.added) == 1)
    }

    @Test func `a conflict between two rows is refused for the second, and cards may change places`() throws {
        let doubled = try read(
            "name,mac\npc-8,02:00:00:00:00:08\npc-9,02:00:00:00:00:08\npc-8,02:00:00:00:00:07")
        #expect(doubled.refused.map(\.line) == [3, 4])
        #expect(doubled.refused[0].reason?.english.contains("line 2") == true)
        let swapped = try read("name,mac\npc-1,02:00:00:00:00:02\npc-2,02:00:00:00:00:01")
        #expect(swapped.refused.isEmpty && swapped.edits.count == 2)
        _ = try snapshot().applying(swapped.edits, revision: 2)
    }

    @Test(arguments: ["02:00:00:00:00:09,10.77.0.20,pc-9\n", "10.77.0.20;02:00:00:00:00:09;pc-9\n"])
    func `a list without titles that begins with an address is refused with the titles`(text: String) {
        let error = #expect(throws: UnreadableTable.self) { try read(text) }
        #expect(error?.line == 1 && error?.description.contains("mac,address,name") == true)
    }

    @Test(arguments: ["", "name,mac\n", "name,name\npc-1,pc-2", "tags,group\na,/school"])
    func `a list without nodes, or without columns that identify them, is refused as a whole`(text: String) {
        #expect(throws: UnreadableTable.self) { try read(text) }
    }
}

@Suite struct AddressPlanTests {
    private func change(_ address: String, of before: Node? = nil) throws {
        var node = try before ?? Node(name: NodeName("pc-1"), macAddresses: [Sample.mac])
        node.address = IPv4Address(address)
        let snapshot = FleetSnapshot(revision: 1, nodes: before.map { [$0] } ?? [], groups: [], images: [])
        _ = try snapshot.applying([.node(node.name, node)], revision: 2, within: NodeImportTests.plan())
    }

    @Test(arguments: [
        "10.77.0.1", "10.77.0.254", "10.77.0.0", "10.77.0.255", "10.77.0.100", "10.77.0.9", "10.78.0.5",
        "224.0.0.1", "127.0.0.1", "0.0.0.0", "255.255.255.255", "240.0.0.1",
    ])
    func `an address that would cut machines off, or is never assigned, is refused`(address: String) throws {
        #expect(throws: InvalidSetting.self) { try change(address) }
        // Values from before the rule stay: other changes to the node are allowed.
        let before = Node(
            name: try NodeName("pc-1"), macAddresses: [Sample.mac], address: IPv4Address(address))
        try change(address, of: before)
    }

    @Test func `an address in a served network, outside the pools, is accepted`() throws {
        try change("10.77.0.5")
        #expect(AddressPlan.unknown.problem(of: try #require(IPv4Address("10.9.9.9"))) == nil)
    }

    @Test func `two reservations of one address, or of one machine, are found`() throws {
        let (first, second) = (MACAddress(rawValue: 8), MACAddress(rawValue: 9))
        let address = try #require(IPv4Address("10.77.0.8"))
        func found(_ reservations: [DHCPReservation]) throws -> [DHCPSettingsProblem] {
            problems(
                in: [DHCPLink(interface: "br0", subnets: try NodeImportTests.plan().subnets)],
                reservations: reservations)
        }
        let doubled = try found([
            DHCPReservation(.macAddress(first), address), DHCPReservation(.macAddress(second), address),
        ])
        #expect(doubled.first?.isFatal == true)
        let other = try #require(IPv4Address("10.77.0.7"))
        let twice = try found([
            DHCPReservation(.macAddress(first), address), DHCPReservation(.macAddress(first), other),
        ])
        #expect(twice.count == 1 && twice.first?.isFatal == false)
    }

    @Test func `the router may be this server when it forwards`() throws {
        var subnet = try #require(NodeImportTests.plan().subnets.first)
        subnet.router = subnet.server
        let links = [DHCPLink(interface: "br0", subnets: [subnet])]
        #expect(problems(in: links, reservations: [], forwards: true) == [])
        #expect(problems(in: links, reservations: []).first?.fix?.english.contains("ip_forward") == true)
    }
}
