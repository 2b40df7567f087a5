import Center
import Fleet
import Foundation
import Testing
import Wire

@testable import RoostCommand

/// A site with a file for each image, as when each image had a directory of its own on the TFTP server: mounted, watched, and served.
@Suite struct KeptImageFilesTests {
    private let directory: URL
    /// Three environments of one server: an old release, and a new one for two architectures.
    private static let files: [(name: String, image: String?, text: String)] = [
        ("ltsp", nil, "[default]\nSCREEN_07 = ldm\nLDM_SESSION = gnome\n[webc2]\nX_MODE_0 = 1024x768\n"),
        (
            "ltsp-trusty/amd64", "trusty-amd64",
            "[default]\nLDM_SESSION = unity\nLTSP_FATCLIENT = True\n[20:CF:30:6F:0A:9E]\nSOUND = True\n"
        ),
        ("ltsp-trusty/i386", "trusty-i386", "[default]\nLDM_SESSION = lubuntu\nLDM_PASSWORD = guest\n"),
    ]

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("roost-images-\(UUID())")
        for file in Self.files {
            try exchange(file.name, file.text)
            try FileManager.default.createSymbolicLink(
                atPath: "\(path(file.name))/lts.conf", withDestinationPath: "..data/lts.conf")
        }
    }

    private func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    /// As kubelet does: a new directory, a new link to it, and one rename.
    private func exchange(_ name: String, _ text: String) throws {
        let data = "..\(UUID())"
        try FileManager.default.createDirectory(
            atPath: "\(path(name))/\(data)", withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path(name))/\(data)/lts.conf"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(path(name))/..data_tmp", withDestinationPath: data)
        #expect(unsafe rename("\(path(name))/..data_tmp", "\(path(name))/..data") == 0)
    }

    private func scope(_ image: String?) throws -> KeptScope {
        try image.map { .image(try ImageName($0)) } ?? .site
    }

    private func watch() throws -> KeptFileWatch {
        KeptFileWatch(
            try Self.files.map { file in
                KeptFiles.Source(scope: try scope(file.image), path: path(file.name))
            })
    }

    private func fleet() throws -> FleetSnapshot {
        var contents = FleetSnapshot.Contents()
        let card = try #require(MACAddress("20:cf:30:6f:0a:9e"))
        for (name, card, image) in [
            ("webc2", card, "trusty-amd64"), ("webc3", MACAddress(rawValue: 0x20CF_306F_0A9F), "trusty-i386"),
        ] {
            let node = Node(
                name: try NodeName(name), macAddresses: [card], settings: ["image": .text(image)])
            contents.nodes[node.name] = node
        }
        contents.groups[.site] = NodeGroup(path: .site)
        for name in ["trusty-amd64", "trusty-i386", "old"] {
            let image = try ImageName(name)
            contents.images[image] = ImageCatalogue(name: image, versions: [], channels: [:])
        }
        return FleetSnapshot(revision: 1, contents: contents)
    }

    /// What was read counts, or what counted before when it is wrong.
    private func taking(_ readings: [KeptFileWatch.Reading], into fleet: FleetSnapshot) throws
        -> FleetSnapshot
    {
        var fleet = fleet
        for reading in readings {
            let edit = FleetEdit.keptFile(reading.key, try reading.content.get())
            if let next = try? fleet.applying([edit], revision: fleet.revision + 1) { fleet = next }
        }
        return fleet
    }

    private func served(
        _ name: String, _ fleet: FleetSnapshot, image: String? = nil, itself: Bool = true
    ) throws -> [String: String] {
        let node = fleet.nodes[try NodeName(name)]
        let reader = VariableReader(
            node: node, card: node?.macAddresses.first, address: IPv4Address(rawValue: 0x0A00_0009),
            isNodeItself: itself)
        let text = try #require(
            fleet.variableFile(.lts, for: reader, image: try image.map { try ImageName($0) }))
        let variables = LTSConf(Array(text.utf8)).variables(of: LTSPMachine())
        return Dictionary(uniqueKeysWithValues: variables.map { ($0.name, $0.value) })
    }

    @Test func `each image has its file, over that of the site, and a wrong one changes nothing`() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let watch = try watch()
        var fleet = try taking(watch.look(isFirst: true), into: try fleet())
        #expect(fleet.keptFiles.count == 3)
        #expect(
            try served("webc2", fleet) == [
                "SCREEN_07": "ldm", "LDM_SESSION": "unity", "LTSP_FATCLIENT": "True", "SOUND": "True",
                "X_MODE_0": "1024x768",
            ])
        #expect(
            try served("webc3", fleet)
                == ["SCREEN_07": "ldm", "LDM_SESSION": "lubuntu", "LDM_PASSWORD": "guest"])
        // The directory that a client asks in names the image.
        #expect(try served("webc2", fleet, image: "trusty-i386")["LDM_SESSION"] == "lubuntu")
        #expect(try served("webc2", fleet, image: "old")["LDM_SESSION"] == "gnome")
        // From another address, there is no password.
        #expect(try served("webc3", fleet, itself: false)["LDM_PASSWORD"] == nil)

        try exchange("ltsp-trusty/amd64", "[default]\nLDM_SESSION = mate\n")
        #expect(watch.look().isEmpty)
        let changed = watch.look()
        #expect(changed.map { $0.key } == [try scope("trusty-amd64")])
        fleet = try taking(changed, into: fleet)
        #expect(try served("webc2", fleet)["LDM_SESSION"] == "mate")
        #expect(try served("webc3", fleet)["LDM_SESSION"] == "lubuntu")

        try exchange("ltsp-trusty/amd64", "[default]\nLDM_SESSION = \n[webc2]\nSOUND = False\n")
        let broken = watch.look() + watch.look()
        let problem = try #require(broken.first).content.get().file.problems.first(where: \.isError)
        #expect(problem?.description.hasPrefix("lts.conf:2: ") == true)
        let revision = fleet.revision
        fleet = try taking(broken, into: fleet)
        #expect(fleet.revision == revision)
        #expect(try served("webc2", fleet)["LDM_SESSION"] == "mate")
    }
}
