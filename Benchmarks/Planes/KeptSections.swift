import Fleet
import Wire

/// Measures what a kept file with 200 sections sets on 10,000 nodes: `roost-planes kept`.
enum KeptSections {
    private static let (nodeCount, sectionCount) = (10_000, 200)

    static func run() throws {
        var text = "[default]\n"
        for number in 1...20 { text += "SCREEN_\(number) = \"shell \(number)\"\n" }
        for number in 1...sectionCount / 2 {
            text +=
                "[room-\(number)-*]\nTIMEZONE = Europe/Rome\nSOUND = \(number)\nHOSTS_\(number) = \"10.1.0.\(number) a\"\n"
            text += "[\(card(number * 97))]\nLIKE = group-\(number % 7)\nX_MODE_0 = 1024x\(number)\n"
        }
        for number in 0..<7 { text += "[group-\(number)]\nVOLUME = \(number)\nSOUND = NONE\n" }
        var contents = FleetSnapshot.Contents()
        contents.groups[.site] = NodeGroup(path: .site)
        for number in 1...nodeCount {
            let name = try NodeName("room-\(number % 300)-pc\(number)")
            contents.nodes[name] = Node(name: name, macAddresses: [card(number)])
        }
        contents.keptFiles[.site] = KeptFile(
            .site, path: "/lts.conf", dialect: .lts, main: "lts.conf", ["lts.conf": Array(text.utf8)])
        let clock = ContinuousClock()
        var snapshot = FleetSnapshot.empty
        let read = clock.measure { snapshot = FleetSnapshot(revision: 1, contents: contents) }
        var variableCount = 0
        let effective = clock.measure {
            for node in snapshot.nodes.values {
                let settings = snapshot.settings(of: node)
                variableCount += settings.variables(.lts).count + settings.all.count
            }
        }
        print(
            "{\"read\": \(seconds(read)), \"effective\": \(seconds(effective)), \"values\": \(variableCount)}"
        )
    }

    private static func card(_ number: Int) -> MACAddress {
        MACAddress(rawValue: 0x0200_0000_0000 | UInt64(number))
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
