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
        let (effective, values) = measure(snapshot)
        let (withImage, _) = measure(FleetSnapshot(revision: 2, contents: try withImages(contents)))
        print(
            "{\"read\": \(seconds(read)), \"effective\": \(seconds(effective)), \"image\": \(seconds(withImage)), \"values\": \(values)}"
        )
    }

    /// How long the effective settings of all nodes take, and how many there are.
    private static func measure(_ snapshot: FleetSnapshot) -> (Duration, values: Int) {
        var count = 0
        let taken = ContinuousClock().measure {
            for node in snapshot.nodes.values {
                let settings = snapshot.settings(of: node)
                count += settings.variables(.lts).count + settings.all.count
            }
        }
        return (taken, count)
    }

    /// The same nodes with an image that has settings, and whose version has others.
    private static func withImages(_ contents: FleetSnapshot.Contents) throws -> FleetSnapshot.Contents {
        guard let digest = Digest(String(repeating: "a", count: 64)) else { return contents }
        var contents = contents
        let image = try ImageName("debian")
        let version = ImageVersion(
            image: image, number: 1, digest: digest, publishedAt: 0,
            manifest: ImageManifest(
                image: image, architecture: "amd64", kernelRelease: "0", system: "", files: [], packages: [],
                origin: ""))
        var catalogue = ImageCatalogue(name: image, versions: [version], channels: [.stable: 1])
        catalogue.settings = ImageSettings(
            image, ["time-zone": .text("Europe/Paris"), "sysctl": .map(["vm.swappiness": "10"])])
        catalogue.settingsOfVersions[1] = ImageSettings(
            image, version: 1, ["kernel-arguments": .list(["quiet"]), "files": .map(["/etc/motd": "1"])])
        contents.images[image] = catalogue
        return contents
    }

    private static func card(_ number: Int) -> MACAddress {
        MACAddress(rawValue: 0x0200_0000_0000 | UInt64(number))
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
